"""The facts as Salesforce records: standard objects for what Salesforce knows, custom ones for what it lacks."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ingestion.sandbox.facts import ChangeOrder, Contract, ContractLine, Customer, Opportunity, RateCard, Tier
from ingestion.sandbox.systems.salesforce import catalog
from ingestion.sandbox.systems.salesforce.ids import record_id
from ingestion.sandbox.systems.salesforce.org import OrgRecords, Record
from ingestion.sandbox.systems.salesforce.values import day, moment, number

if TYPE_CHECKING:
    from ingestion.sandbox.systems.salesforce import System

OBJECT_OF_KIND = {
    "customers": "Account",
    "opportunities": "Opportunity",
    "contracts": "Contract",
    "contract_lines": "SOW_Line__c",
    "rate_cards": "Rate_Card__c",
    "rate_card_lines": "Rate_Card_Line__c",
    "change_orders": "Change_Order__c",
}
OWNER_ID = record_id("005", "integration", "owner")
ORGANIZATION_ID = record_id("00D", "organization")
ORGANIZATION_CURRENCY = "USD"


class Records(OrgRecords):
    """Builds the tables of ``system`` from the facts that it has heard of."""

    def __init__(self, system: System) -> None:
        super().__init__(system)
        world = system.world
        self.customers = {c.id: c for c in world.facts.customers}
        self.contract_currency = {c.id: c.currency for c in world.facts.contracts}
        self.agreed_cards = {c.id for c in world.facts.rate_cards if c.agreed}
        self.emails = {r.id: r.email.lower() for r in world.facts.resources}

    def id_of(self, kind: str, fact_id: str | None) -> str | None:
        """The record's id of a fact; None for none, and for one that the CRM has no record of."""
        return self.system.world.record_id("crm", kind, fact_id)

    def tables(self) -> dict[str, list[Record]]:
        facts = self.system.facts
        opportunities = facts("opportunities")
        cards = [c for c in facts("rate_cards") if c.agreed]
        return {
            "Organization": [self.organization()],
            "OpportunityStage": self.stages(),
            "Account": [self.account(c) for c in facts("customers")],
            "Opportunity": [self.opportunity(o) for o in opportunities],
            "OpportunityHistory": [row for o in opportunities for row in self.history(o)],
            "Contract": [self.contract(c) for c in facts("contracts")],
            "SOW_Line__c": [self.sow_line(line) for line in facts("contract_lines")],
            "Rate_Card__c": [self.rate_card(c) for c in cards],
            "Rate_Card_Line__c": [row for c in cards for row in self.rate_card_lines(c)],
            "Change_Order__c": [self.change_order(c) for c in facts("change_orders")],
        }

    def organization(self) -> Record:
        return {
            "Id": ORGANIZATION_ID,
            "Name": "Services Firm",
            "DefaultCurrencyIsoCode": ORGANIZATION_CURRENCY,
            "SystemModstamp": "2020-01-01T00:00:00.000+0000",
        }

    def stages(self) -> list[Record]:
        return [
            {
                "Id": record_id("01J", stage),
                "ApiName": name,
                "MasterLabel": name,
                "IsActive": True,
                "IsClosed": is_closed,
                "IsWon": is_won,
                "DefaultProbability": number(probability),
                "ForecastCategoryName": forecast,
                "SortOrder": order,
                "SystemModstamp": "2020-01-01T00:00:00.000+0000",
            }
            for order, (stage, (name, is_closed, is_won, probability, forecast)) in enumerate(catalog.STAGES.items(), 1)
        ]

    def survivor(self, customer_id: str) -> str:
        """The customer that ``customer_id`` was merged into in the end: a merge moves the records of the loser."""
        seen = set()
        while customer_id not in seen and (into := self.merged_into(customer_id)):
            seen.add(customer_id)
            customer_id = into
        return customer_id

    def merged_into(self, customer_id: str) -> str | None:
        customer = self.customers.get(customer_id)
        return customer.merged_into if customer and self.system.touched(customer) <= self.now else None

    def moved_at(self, customer_id: str) -> datetime | None:
        """When a merge moved the records of this customer to another one."""
        return self.system.touched(self.customers[customer_id]) if self.merged_into(customer_id) else None

    def account(self, customer: Customer) -> Record:
        row = self.base("customers", customer)
        row |= {
            "Name": customer.name or customer.id,
            "ParentId": self.id_of("customers", customer.parent),
            "MasterRecordId": self.id_of("customers", customer.merged_into),
            "OwnerId": OWNER_ID,
            "BillingCountry": customer.country,
            "BillingCountryCode": customer.country,
            "BillingAddress": {
                "street": None,
                "city": None,
                "country": customer.country,
                "countryCode": customer.country,
            },
            "Payment_Terms_Days__c": number(customer.payment_terms_days),
            "Tax_Id__c": customer.tax_id,
            "Former_Names__c": "\r\n".join(customer.former_names) or None,
            "CurrencyIsoCode": customer.currency,
            **_never_viewed(),
        }
        # The loser of a merge goes to the recycle bin with a pointer to the winner.
        row["IsDeleted"] = row["IsDeleted"] or customer.merged_into is not None
        return row

    def opportunity(self, deal: Opportunity) -> Record:
        stages = [s for s in sorted(deal.stages, key=lambda s: s.at) if s.at <= self.now]
        name, is_closed, is_won, probability, forecast = catalog.STAGES[stages[-1].stage if stages else "prospecting"]
        moved = [s.at for s in stages] + ([at] if (at := self.moved_at(deal.customer)) else [])
        base = self.base("opportunities", deal, max(moved, default=None))
        return base | {
            "CreatedDate": moment(stages[0].at) if stages and not deal.created_at else base["CreatedDate"],
            "Name": deal.name or deal.id,
            "AccountId": self.id_of("customers", self.survivor(deal.customer)),
            "OwnerId": OWNER_ID,
            "StageName": name,
            "IsClosed": is_closed,
            "IsWon": is_won,
            "Amount": number(deal.amount),
            "Probability": number(probability),
            "CloseDate": self.close_date(deal),
            "ForecastCategoryName": forecast,
            "CurrencyIsoCode": deal.currency,
            **_never_viewed(),
        }

    def close_date(self, deal: Opportunity) -> str:
        """What sellers leave there: the end of the quarter of the last stage, not the day the deal was won."""
        last = max((s.at for s in deal.stages if s.at <= self.now), default=self.now)
        return {1: f"{last.year}-03-31", 2: f"{last.year}-06-30", 3: f"{last.year}-09-30", 4: f"{last.year}-12-31"}[
            (last.month + 2) // 3
        ]

    def history(self, deal: Opportunity) -> list[Record]:
        """One row per stage the deal entered. A deal that was saved late saved its history late as well."""
        saved = deal.updated_at or deal.created_at
        rows = []
        for change in deal.stages:
            if change.at > self.now:
                continue
            name, _, _, probability, _ = catalog.STAGES[change.stage]
            rows.append(
                {
                    "Id": record_id("008", deal.id, change.stage, change.at.isoformat()),
                    "IsDeleted": self.is_deleted(deal),
                    "OpportunityId": self.id_of("opportunities", deal.id),
                    "CreatedDate": moment(change.at),
                    "StageName": name,
                    "Amount": number(deal.amount),
                    "Probability": number(probability),
                    "CloseDate": self.close_date(deal),
                    "SystemModstamp": moment(max(m for m in (change.at, saved, self.deletion(deal)) if m is not None)),
                    "CurrencyIsoCode": deal.currency,
                }
            )
        return rows

    def contract(self, contract: Contract) -> Record:
        base = self.base("contracts", contract, self.moved_at(contract.customer))
        return base | {
            "AccountId": self.id_of("customers", self.survivor(contract.customer)),
            "OwnerId": OWNER_ID,
            "ContractNumber": f"{int.from_bytes(base['Id'][8:14].encode()) % 10**8:08d}",
            "Name": contract.name or contract.id,
            "Status": catalog.CONTRACT_STATUSES[contract.status],
            "StatusCode": "Draft" if contract.status == "draft" else "Activated",
            "StartDate": day(contract.starts_on),
            "EndDate": day(contract.ends_on),
            "CustomerSignedDate": day(contract.signed_on),
            "Opportunity__c": self.id_of("opportunities", contract.opportunity),
            "ERP_Legal_Entity_Id__c": self.system.world.ref("erp", "legal_entities", contract.legal_entity),
            "PO_Expiration_Date__c": day(contract.po_expires_on),
            "Cap_Amount__c": number(contract.cap_amount),
            "CurrencyIsoCode": contract.currency,
            **_never_viewed(),
        }

    def sow_line(self, line: ContractLine) -> Record:
        amount = line.amount
        card = line.rate_card if line.rate_card in self.agreed_cards else None
        return self.base("contract_lines", line) | {
            "Name": line.name or line.id,
            "Contract__c": self.id_of("contracts", line.contract),
            "Billing_Method__c": catalog.BILLING_METHODS[line.billing_method],
            "Amount__c": number(amount),
            "Cap_Amount__c": number(line.cap_amount),
            "Discount__c": number(line.discount_pct),
            "Rate_Card__c": self.id_of("rate_cards", card),
            "ERP_Billing_Calendar_Id__c": self.system.world.ref("erp", "billing_calendars", line.billing_calendar),
            "Passthrough_Basis__c": catalog.PASSTHROUGH_BASES[line.passthrough_basis],
            "Passthrough_Markup__c": number(line.passthrough_markup_pct),
            "Expense_Policy__c": catalog.EXPENSE_POLICIES[line.expense_policy],
            "Expense_Markup__c": number(line.expense_markup_pct),
            "Expense_Cap__c": number(line.expense_cap_amount),
            "Expense_Categories__c": ";".join(line.expense_categories) if line.expense_categories else None,
            "No_Charge__c": line.is_no_charge,
            "Rev_Rec_Method__c": catalog.REVREC_METHODS[line.revrec_method] if line.revrec_method else None,
            "Estimate_At_Completion__c": number(line.estimate_at_completion),
            "Start_Date__c": day(line.starts_on),
            "End_Date__c": day(line.ends_on),
            "Final_Invoice_Date__c": day(line.final_invoice_on),
            "Effective_Value__c": number(_discounted(amount, line.discount_pct)),
            **self.terms(line),
            "CurrencyIsoCode": line.currency or self.contract_currency.get(line.contract, ORGANIZATION_CURRENCY),
            **_never_viewed(),
        }

    def terms(self, line: ContractLine) -> Record:
        """What was agreed beside the price: tiers, uplift, minimum, retainage, prepaid hours, late payment."""
        period = line.min_commitment_period if line.min_commitment_amount is not None else None
        return {
            "Discount_End_Date__c": day(line.discount_ends_on),
            "Discount_Tiers__c": _tiers(line.tiers),
            "Tier_Mode__c": catalog.TIER_MODES[line.tier_mode] if line.tiers else None,
            "Uplift__c": number(line.uplift_pct),
            "Uplift_Date__c": day(line.uplift_on),
            "Uplift_Notice_Due_Date__c": day(line.uplift_notice_due_on),
            "Uplift_Notice_Date__c": day(line.uplift_notice_on),
            "Minimum_Commitment__c": number(line.min_commitment_amount),
            "Minimum_Commitment_Period__c": catalog.COMMITMENT_PERIODS[period] if period else None,
            "Retainage__c": number(line.retainage_pct),
            "Retainage_Release_Date__c": day(line.retainage_release_on),
            "Overage_Rate__c": number(line.overage_rate),
            "Late_Fee__c": number(line.late_fee_pct),
            "Estimated_Hours__c": number(line.estimated_hours),
        }

    def rate_card(self, card: RateCard) -> Record:
        kinds = {"contract_line": "contract_lines", "contract": "contracts", "customer": "customers"}
        scope = {kind: self.id_of(kinds[kind], card.scope_id) if card.scope == kind else None for kind in kinds}
        return self.base("rate_cards", card) | {
            "Name": card.name or card.id,
            "Scope__c": catalog.SCOPES[card.scope],
            "SOW_Line__c": scope["contract_line"],
            "Contract__c": scope["contract"],
            "Account__c": scope["customer"],
            "CurrencyIsoCode": card.currency,
        }

    def rate_card_lines(self, card: RateCard) -> list[Record]:
        """The card's rates; they have no times of their own, so all move with their card."""
        base = self.base("rate_cards", card)
        return [
            base
            | {
                "Id": self.id_of("rate_card_lines", line.id),
                "Name": line.id,
                "Rate_Card__c": base["Id"],
                "Role__c": line.role,
                "Resource_Email__c": self.emails.get(line.resource, line.resource) if line.resource else None,
                "Hourly_Rate__c": number(line.rate),
                "Valid_From__c": day(line.valid_from),
                "Valid_To__c": day(line.valid_to),
                "CurrencyIsoCode": card.currency,
            }
            for line in card.lines
        ]

    def change_order(self, order: ChangeOrder) -> Record:
        return self.base("change_orders", order) | {
            "Name": order.number or order.id,
            "Contract__c": self.id_of("contracts", order.contract),
            "SOW_Line__c": self.id_of("contract_lines", order.contract_line),
            "Status__c": catalog.CHANGE_ORDER_STATUSES[order.status],
            "Requested_Date__c": day(order.requested_on),
            "Approved_Date__c": day(order.approved_on),
            "Effective_Date__c": day(order.effective_from),
            "Amount__c": number(order.amount),
            "Cap_Change__c": number(order.cap_delta),
            "Expiration_Date__c": day(order.expires_on),
            "CurrencyIsoCode": order.currency,
        }


def _discounted(amount: Decimal | None, percent: Decimal) -> Decimal | None:
    return None if amount is None else (amount * (100 - percent) / 100).quantize(Decimal("0.01"))


def _tiers(tiers: list[Tier]) -> str | None:
    """The tiers as people write them into one field: what it takes to reach each, and its discount."""
    ascending = sorted(tiers, key=lambda tier: tier.from_amount)
    return ";".join(f"{t.from_amount.normalize():f}:{t.discount_pct.normalize():f}" for t in ascending) or None


def _never_viewed() -> Record:
    """Per calling user; the integration user has opened nothing."""
    return {"LastViewedDate": None, "LastReferencedDate": None}
