"""The facts as HubSpot records: standard objects for what HubSpot knows, custom ones for what it lacks.

Records hold all their properties and, under ``history``, the past values of the deal stage; what a request gets of
them is decided when it is answered. Associations are a table of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ingestion.sandbox.facts import ChangeOrder, Contract, ContractLine, Customer, Fact, Opportunity, RateCard, Tier
from ingestion.sandbox.systems.hubspot import catalog
from ingestion.sandbox.world import stable_number

if TYPE_CHECKING:
    from ingestion.sandbox.systems.hubspot import System

TYPE_OF_KIND = {
    "customers": "companies",
    "opportunities": "deals",
    "contracts": "p_statement_of_work",
    "contract_lines": "p_sow_line",
    "rate_cards": "p_rate_card",
    "rate_card_lines": "p_rate_card_line",
    "change_orders": "p_change_order",
}
ASSOCIATIONS = "associations"
OWNER_ID = "71200145"

Record = dict[str, Any]


def record_id(*parts: str) -> str:
    """The id of the record that ``parts`` name: digits, the same in every run."""
    return str(10**9 + stable_number("hubspot", *parts))


def moment(value: datetime) -> str:
    """A datetime as HubSpot writes it: UTC with milliseconds."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def text(value: Decimal | int | date | bool | str | None) -> str | None:
    """A property value: always a text, whatever its type; a number without trailing zeros."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    short = Decimal(value).normalize()
    return f"{short:f}"


def _tiers(tiers: list[Tier]) -> str | None:
    """The tiers as people write them into one property: what it takes to reach each, and its discount."""
    ascending = sorted(tiers, key=lambda tier: tier.from_amount)
    return ";".join(f"{text(tier.from_amount)}:{text(tier.discount_pct)}" for tier in ascending) or None


class Records:
    """Builds the tables of ``system`` from the facts that it has heard of."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.world = system.world
        self.now = system.now
        facts = self.world.facts
        self.customers = {c.id: c for c in facts.customers}
        self.contract_currency = {c.id: c.currency for c in facts.contracts}
        self.agreed_cards = {c.id for c in facts.rate_cards if c.agreed}
        self.emails = {r.id: r.email.lower() for r in facts.resources}
        self.losers: dict[str, list[Customer]] = {}
        for customer in facts.customers:
            if self.is_merged(customer):
                self.losers.setdefault(self.survivor(customer.id), []).append(customer)
        self.associations: list[Record] = []

    def tables(self) -> dict[str, list[Record]]:
        facts = self.system.facts
        cards = [c for c in facts("rate_cards") if c.agreed]
        tables: dict[str, list[Record]] = {name: [] for name in catalog.CATALOG}
        tables |= {
            "companies": [self.company(c) for c in facts("customers") if not self.is_merged(c)],
            "deals": [self.deal(d) for d in facts("opportunities")],
            "p_statement_of_work": [self.statement_of_work(c) for c in facts("contracts")],
            "p_sow_line": [self.sow_line(line) for line in facts("contract_lines")],
            "p_rate_card": [self.rate_card(c) for c in cards],
            "p_rate_card_line": [row for c in cards for row in self.rate_card_lines(c)],
            "p_change_order": [self.change_order(c) for c in facts("change_orders")],
        }
        return tables | {ASSOCIATIONS: self.associations}

    def id_of(self, kind: str, fact_id: str | None) -> str | None:
        """The record's id of a fact; None for none, and for one that the CRM has no record of."""
        return self.world.record_id("crm", kind, fact_id)

    def record(self, kind: str, fact: Fact, properties: Record, key: str | None = None) -> Record:
        """The record of a fact, or of a part of it that has the id ``key``."""
        touched = self.system.touched(fact)
        created = min(fact.created_at or touched, touched)
        archived_at = fact.deleted_at if fact.deleted_at is not None and fact.deleted_at <= self.now else None
        object_type = catalog.CATALOG[TYPE_OF_KIND[kind]]
        key = key or self.system.external_id(kind, fact.id)
        system = {
            object_type.created: moment(created),
            "hs_lastmodifieddate": moment(touched),
            "hs_object_id": key,
            "hs_merged_object_ids": None,
        }
        row = {
            "id": key,
            "properties": {name: text(value) for name, value in (system | properties).items()},
            "createdAt": moment(created),
            "updatedAt": moment(touched),
            "archived": archived_at is not None,
        }
        return row | ({"archivedAt": moment(archived_at)} if archived_at else {})

    def associate(
        self,
        row: Record,
        kind: str,
        to_kind: str,
        to_id: str | None,
        label: Mapping[tuple[str, str], catalog.AssociationType] | None = None,
    ) -> None:
        """Associate the record with another one, in both directions; archived records have lost their associations.

        A labelled association is an unlabelled one as well.
        """
        if to_id is None or row["archived"]:
            return
        ends = (TYPE_OF_KIND[kind], row["id"], TYPE_OF_KIND[to_kind], to_id)
        for from_type, from_id, to_type, other_id in (ends, (*ends[2:], *ends[:2])):
            types = [catalog.UNLABELLED]
            if label:
                types.append(label[from_type, to_type])
            self.associations += [
                {
                    "from_type": from_type,
                    "from_id": from_id,
                    "to_type": to_type,
                    "to_id": other_id,
                    "type": kind_of_type,
                }
                for kind_of_type in types
            ]

    # --- merges

    def is_merged(self, customer: Customer) -> bool:
        return customer.merged_into is not None and self.system.touched(customer) <= self.now

    def survivor(self, customer_id: str) -> str:
        """The customer that ``customer_id`` was merged into in the end."""
        seen: set[str] = set()
        while customer_id not in seen and (customer := self.customers.get(customer_id)) and self.is_merged(customer):
            seen.add(customer_id)
            customer_id = str(customer.merged_into)
        return customer_id

    def company_id(self, customer_id: str | None) -> str | None:
        """The id of a customer's record: a merge makes a new record, and both of the old ids lead to it."""
        if customer_id is None:
            return None
        survivor = self.survivor(customer_id)
        losers = sorted(c.id for c in self.losers.get(survivor, []))
        return record_id("customers", survivor, "merged", *losers) if losers else self.id_of("customers", survivor)

    def merged_at(self, customer_id: str | None) -> datetime | None:
        """When the last merge made the record that ``customer_id`` leads to."""
        losers = self.losers.get(self.survivor(customer_id), []) if customer_id else []
        return max((self.system.touched(c) for c in losers), default=None)

    # --- objects

    def company(self, customer: Customer) -> Record:
        losers = self.losers.get(customer.id, [])
        before = [str(self.id_of("customers", c.id)) for c in (customer, *losers)]
        # A merge makes this record, or gives it another parent.
        merges = [at for c in (customer.id, customer.parent) if (at := self.merged_at(c))]
        fact = customer.model_copy(update={"updated_at": max([self.system.touched(customer), *merges])})
        return self.record(
            "customers",
            fact,
            {
                "name": customer.name or customer.id,
                "domain": None,
                "country": customer.country,
                "hs_country_code": customer.country,
                "hs_parent_company_id": self.company_id(customer.parent),
                "hubspot_owner_id": OWNER_ID,
                "payment_terms_days": customer.payment_terms_days,
                "tax_id": customer.tax_id,
                "former_names": "\n".join(customer.former_names) or None,
                "currency_code": customer.currency,
                "hs_merged_object_ids": ";".join(before) if losers else None,
            },
            self.company_id(customer.id),
        )

    def deal(self, deal: Opportunity) -> Record:
        stages = [s for s in sorted(deal.stages, key=lambda s: s.at) if s.at <= self.now]
        stage_id, _, _, probability = catalog.STAGES[stages[-1].stage if stages else "prospecting"]
        touched = max([self.system.touched(deal), *(s.at for s in stages)])
        created = deal.created_at or (stages[0].at if stages else None)
        fact = deal.model_copy(update={"updated_at": touched, "created_at": created})
        row = self.record(
            "opportunities",
            fact,
            {
                "dealname": deal.name or deal.id,
                "dealstage": stage_id,
                "pipeline": catalog.PIPELINE,
                "amount": deal.amount,
                "deal_currency_code": deal.currency,
                "closedate": self.close_date(stages[-1].at if stages else self.now),
                "hs_is_closed_won": probability == "1.0",
                "hubspot_owner_id": OWNER_ID,
            },
        )
        self.associate(row, "opportunities", "customers", self.company_id(deal.customer))
        entries = [
            {
                "value": catalog.STAGES[s.stage][0],
                "timestamp": moment(s.at),
                "sourceType": "CRM_UI",
                "sourceId": "userId:4021",
                "updatedByUserId": 4021,
            }
            for s in reversed(stages)
        ]
        return row | {"history": {"dealstage": entries}}

    def close_date(self, last: datetime) -> str:
        """What sellers leave there: midnight in the portal of the quarter's last day, not the day the deal was won."""
        month, day = {1: (3, 31), 2: (6, 30), 3: (9, 30), 4: (12, 31)}[(last.month + 2) // 3]
        return moment(datetime(last.year, month, day, 4 if month < 12 else 5))

    def statement_of_work(self, contract: Contract) -> Record:
        row = self.record(
            "contracts",
            contract,
            {
                "name": contract.name or contract.id,
                "sow_status": catalog.SOW_STATUSES[contract.status],
                "signed_date": contract.signed_on,
                "start_date": contract.starts_on,
                "end_date": contract.ends_on,
                "erp_legal_entity_id": self.world.ref("erp", "legal_entities", contract.legal_entity),
                "po_expiration_date": contract.po_expires_on,
                "cap_amount": contract.cap_amount,
                "currency_code": contract.currency,
            },
        )
        self.associate(row, "contracts", "customers", self.company_id(contract.customer))
        self.associate(row, "contracts", "opportunities", self.id_of("opportunities", contract.opportunity))
        return row

    def sow_line(self, line: ContractLine) -> Record:
        row = self.record(
            "contract_lines",
            line,
            {
                "name": line.name or line.id,
                "billing_method": catalog.BILLING_METHODS[line.billing_method],
                "amount": line.amount,
                "cap_amount": line.cap_amount,
                "discount_percent": line.discount_pct,
                "effective_value": None if line.amount is None else line.amount * (100 - line.discount_pct) / 100,
                "erp_billing_calendar_id": self.world.ref("erp", "billing_calendars", line.billing_calendar),
                "passthrough_basis": line.passthrough_basis,
                "passthrough_markup_percent": line.passthrough_markup_pct,
                "expense_policy": line.expense_policy,
                "expense_markup_percent": line.expense_markup_pct,
                "expense_cap_amount": line.expense_cap_amount,
                "expense_categories": ";".join(line.expense_categories) if line.expense_categories else None,
                "no_charge": line.is_no_charge,
                "rev_rec_method": line.revrec_method,
                "estimate_at_completion": line.estimate_at_completion,
                "start_date": line.starts_on,
                "end_date": line.ends_on,
                "final_invoice_date": line.final_invoice_on,
                "currency_code": line.currency or self.contract_currency.get(line.contract, catalog.PORTAL_CURRENCY),
            }
            | self.terms(line),
        )
        self.associate(row, "contract_lines", "contracts", self.id_of("contracts", line.contract))
        if line.rate_card in self.agreed_cards:
            card = self.id_of("rate_cards", line.rate_card)
            self.associate(row, "contract_lines", "rate_cards", card, catalog.AGREED_RATES)
        return row

    def terms(self, line: ContractLine) -> Record:
        """What was agreed beside the price: tiers, uplift, minimum, retainage, prepaid hours, late payment."""
        period = line.min_commitment_period if line.min_commitment_amount is not None else None
        return {
            "discount_end_date": line.discount_ends_on,
            "discount_tiers": _tiers(line.tiers),
            "tier_mode": line.tier_mode if line.tiers else None,
            "uplift_percent": line.uplift_pct,
            "uplift_date": line.uplift_on,
            "uplift_notice_due_date": line.uplift_notice_due_on,
            "uplift_notice_date": line.uplift_notice_on,
            "minimum_commitment": line.min_commitment_amount,
            "minimum_commitment_period": catalog.COMMITMENT_PERIODS[period] if period else None,
            "retainage_percent": line.retainage_pct,
            "retainage_release_date": line.retainage_release_on,
            "overage_rate": line.overage_rate,
            "late_fee_percent": line.late_fee_pct,
            "estimated_hours": line.estimated_hours,
        }

    def rate_card(self, card: RateCard) -> Record:
        row = self.record(
            "rate_cards",
            card,
            {"name": card.name or card.id, "scope": catalog.SCOPES[card.scope], "currency_code": card.currency},
        )
        if card.scope == "contract_line":
            line = self.id_of("contract_lines", card.scope_id)
            self.associate(row, "rate_cards", "contract_lines", line, catalog.APPLIES_TO)
        elif card.scope == "contract":
            self.associate(row, "rate_cards", "contracts", self.id_of("contracts", card.scope_id))
        elif card.scope == "customer":
            self.associate(row, "rate_cards", "customers", self.company_id(card.scope_id))
        return row

    def rate_card_lines(self, card: RateCard) -> list[Record]:
        """The card's rates; they have no times of their own, so all move with their card."""
        rows = []
        for line in card.lines:
            properties = {
                "name": line.id,
                "role": line.role,
                "resource_email": self.emails.get(line.resource, line.resource) if line.resource else None,
                "hourly_rate": line.rate,
                "valid_from": line.valid_from,
                "valid_to": line.valid_to,
            }
            row = self.record("rate_card_lines", card, properties, self.id_of("rate_card_lines", line.id))
            self.associate(row, "rate_card_lines", "rate_cards", self.id_of("rate_cards", card.id))
            rows.append(row)
        return rows

    def change_order(self, order: ChangeOrder) -> Record:
        row = self.record(
            "change_orders",
            order,
            {
                "name": order.number or order.id,
                "co_status": catalog.CHANGE_ORDER_STATUSES[order.status],
                "requested_date": order.requested_on,
                "approved_date": order.approved_on,
                "effective_date": order.effective_from,
                "amount": order.amount,
                "cap_change": order.cap_delta,
                "expiration_date": order.expires_on,
                "currency_code": order.currency,
            },
        )
        self.associate(row, "change_orders", "contracts", self.id_of("contracts", order.contract))
        self.associate(row, "change_orders", "contract_lines", self.id_of("contract_lines", order.contract_line))
        return row
