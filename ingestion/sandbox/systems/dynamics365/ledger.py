"""Facts as Finance's entities: companies, customers, posted documents, payments, project costs, revenue."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ingestion.sandbox.facts import Fact, Invoice
from ingestion.sandbox.systems.dynamics365 import ids as names
from ingestion.sandbox.systems.dynamics365 import time_zones
from ingestion.sandbox.systems.dynamics365.catalog import FINANCE
from ingestion.sandbox.systems.dynamics365.ids import account_number, company, guid, line_number
from ingestion.sandbox.systems.dynamics365.projects import CATEGORIES, item_reference, priced

if TYPE_CHECKING:
    from ingestion.sandbox.systems.dynamics365.system import System

Row = dict[str, Any]
NEVER = datetime(1900, 1, 1, 12, tzinfo=UTC)
FOREVER = datetime(2154, 12, 31, 12, tzinfo=UTC)
METHODS = {
    "as_invoiced": "AsInvoiced", "cost_to_cost": "CostToCost", "labour_hours": "LaborHours",
    "milestone_output": "MilestoneOutput", "straight_line": "StraightLine", "point_in_time": "PointInTime",
    "prepaid_drawdown": "PrepaidDrawdown",
}  # fmt: skip
# What a transaction of a project is, by the kind of fact behind it; Finance calls an expense a cost.
_TRANSACTION_TYPES = {"time_entries": "Hour", "expenses": "Cost", "supplier_invoice_lines": "Item"}
# Finance's own country codes have three letters; the ISO code of two is an attribute of them.
_COUNTRIES = {
    "US": "USA", "GB": "GBR", "DE": "DEU", "FR": "FRA", "CA": "CAN", "IN": "IND", "JP": "JPN", "AU": "AUS",
    "NL": "NLD", "CH": "CHE", "SG": "SGP", "ES": "ESP", "IT": "ITA", "BR": "BRA", "PL": "POL", "SE": "SWE", "IE": "IRL",
}  # fmt: skip


def noon(day: date | None) -> datetime:
    """A day as Finance shows it: noon UTC, and the first of January 1900 when there is none."""
    return NEVER if day is None else datetime.combine(day, time(12), UTC)


class Ledger:
    """All Finance entities for the facts that the vendor has heard of. One instance builds once."""

    def __init__(self, system: System) -> None:
        self._system, self._ids, self._now = system, system.ids, system.now
        self._rows: dict[str, list[Row]] = {name: [] for name in FINANCE}
        self._countries: set[str] = set()
        self._terms: set[tuple[str, int]] = set()
        # Customers exist per company: in the first one, and wherever they are billed.
        self._companies: dict[str, set[str]] = defaultdict(lambda: {self._ids.first_company})

    def build(self) -> dict[str, list[Row]]:
        """Records by entity set."""
        self._legal_entities()
        invoices = self._living("invoices")
        for invoice in invoices:
            self._companies[invoice.customer].add(self._ids.company_of_invoice(invoice))
            if self._ids.is_free_text(invoice):
                self._free_text_invoice(invoice)
            elif invoice.status == "posted":
                self._project_invoice(invoice)
        known = {i.id: i for i in invoices}
        self._payments(known)
        self._disputes(known)
        self._write_offs(known)
        self._projects()
        self._customers()
        self._rates()
        self._costs()
        self._revenue()
        self._balances()
        self._work_in_progress()
        for code in sorted(self._countries):
            self._add("AddressCountryRegions", CountryRegion=_COUNTRIES.get(code, f"X{code}"), ISOCode=code)
        for own, days in sorted(self._terms):
            self._add(
                "PaymentTerms", dataAreaId=own, Name=f"Net{days}", Description=f"Net {days} days", NumberOfDays=days,
                NumberOfMonths=0,
            )  # fmt: skip
        return self._rows

    def _add(self, entity_set: str, **columns: Any) -> None:
        """A record; Finance has no nulls in text."""
        blank = {name: "" if kind in ("text", "enum") else None for name, kind in FINANCE[entity_set].columns.items()}
        given = {name: "" if value is None and blank[name] == "" else value for name, value in columns.items()}
        self._rows[entity_set].append(blank | given)

    def _legal_entities(self) -> None:
        for entity in self._living("legal_entities"):
            own = company(entity.id).upper()
            self._add(
                "LegalEntities", LegalEntityId=own, Name=entity.name or entity.id, LanguageId="en-US",
                AddressCountryRegionId=self._country(entity.country), TimeZone=time_zones.CODES.get(entity.timezone),
            )  # fmt: skip
            self._add(
                "Ledgers", LegalEntityId=own, Name=own, AccountingCurrency=entity.currency,
                ReportingCurrency=entity.currency, ExchangeRateType="Default",
            )  # fmt: skip

    def _customers(self) -> None:
        for customer in self._living("customers"):
            for own in sorted(self._companies[customer.id]):
                self._terms.add((own, customer.payment_terms_days))
                self._add(
                    "CustomersV3", dataAreaId=own, CustomerAccount=account_number(customer.id),
                    OrganizationName=customer.name or customer.id, PartyType="Organization",
                    PartyNumber=f"PARTY-{names.number('customers', customer.id):09}", CustomerGroupId="30",
                    AddressCountryRegionId=self._country(customer.country), SalesCurrencyCode=customer.currency,
                    PaymentTerms=f"Net{customer.payment_terms_days}", TaxExemptNumber=customer.tax_id,
                )  # fmt: skip
                # A company is no trading partner of its own.
                if customer.represents and (buyer := company(customer.represents)) != own:
                    self._add(
                        "IntercompanyTradingPartnerships", CustomerLegalEntityId=buyer.upper(),
                        CustomerAccountNumber=account_number(customer.id), VendorLegalEntityId=own.upper(),
                        VendorAccountNumber=f"V{names.number('vendors', own):09}", IsTradingPartnershipActive="Yes",
                    )  # fmt: skip

    def _projects(self) -> None:
        for project in self._system.world.facts.projects:
            if not self._is_gone(project):
                self._add(
                    "ProjectsV2", dataAreaId=self._ids.company_of_project(project.id),
                    ProjectId=self._ids.project_number(project.id), ProjectName=project.name or project.code,
                    CustomerAccountNumber=account_number(project.customer) if project.customer else "",
                    ProjectStage="InProcess", IntegrationSourceDataId=guid("projects", project.id),
                )  # fmt: skip

    def _project_invoice(self, invoice: Invoice) -> None:
        own, document = self._ids.company_of_invoice(invoice), self._ids.invoice_numbers[invoice.id]
        original = self._ids.invoices.get(invoice.original_invoice or "")
        day = invoice.posted_on or invoice.issued_on
        self._add(
            "ProjectInvoiceHeaders", dataAreaId=own, InvoiceNumber=document,
            InvoiceType="Invoice" if invoice.kind == "invoice" else "CreditNote",
            InvoiceCustomerAccountNumber=account_number(invoice.customer), CurrencyCode=invoice.currency,
            InvoiceDate=noon(day), DocumentDate=noon(invoice.issued_on if invoice.issued_on != day else None),
            DueDate=noon(invoice.due_on), SentDate=noon(invoice.sent_on), ReasonCode=invoice.reason,
            LedgerVoucher=f"PIV-{names.number('voucher', invoice.id):09}",
            CorrectedInvoiceNumber=self._ids.invoice_numbers[original.id] if original else "",
            TotalInvoiceAmount=_net(invoice) + invoice.tax_amount, TotalTaxAmount=invoice.tax_amount,
            RejectedDate=noon(invoice.rejected_on), RejectionReason=invoice.rejection_reason,
            IsAwaitingDelivery="Yes" if invoice.awaits_sending else "No",
            IntegrationSourceDataId=guid("invoices", invoice.id),
        )  # fmt: skip
        for line in invoice.lines:
            quantity, price = priced(invoice, line)
            self._add(
                "ProjectInvoiceLines", dataAreaId=own, InvoiceNumber=document, LineNumber=line_number(line.id),
                ProjectId=self._ids.project_number(line.project), LineDescription=line.description,
                CategoryId=CATEGORIES[line.kind],
                InvoiceDate=noon(day), Quantity=quantity, SalesPrice=price, LineAmount=line.amount,
                IntegrationSourceDataId=guid("invoice_lines", line.id),
            )  # fmt: skip

    def _free_text_invoice(self, invoice: Invoice) -> None:
        own, document = self._ids.company_of_invoice(invoice), names.free_text_number(invoice.id)
        original = self._ids.invoices.get(invoice.original_invoice or "")
        day = invoice.posted_on or invoice.issued_on
        posted = invoice.status == "posted"
        self._add(
            "FreeTextInvoiceHeaders", dataAreaId=own, FreeTextNumber=document,
            InvoiceId=self._ids.invoice_numbers[invoice.id] if posted else "",
            CustomerAccount=account_number(invoice.customer), CurrencyCode=invoice.currency,
            IsPosted="Yes" if posted else "No", IsCorrection="Yes" if invoice.kind == "credit_memo" else "No",
            CorrectedInvoiceId=self._ids.invoice_numbers[original.id] if original else "", ReasonCode=invoice.reason,
            InvoiceDate=noon(day), DocumentDate=noon(invoice.issued_on if invoice.issued_on != day else None),
            DueDate=noon(invoice.due_on), SentDate=noon(invoice.sent_on), TotalTaxAmount=invoice.tax_amount,
            TotalInvoiceAmount=_net(invoice) + invoice.tax_amount,
            RejectedDate=noon(invoice.rejected_on), RejectionReason=invoice.rejection_reason,
            IsAwaitingDelivery="Yes" if invoice.awaits_sending else "No",
        )  # fmt: skip
        for line in invoice.lines:
            quantity, price = priced(invoice, line)
            self._add(
                "FreeTextInvoiceLines", dataAreaId=own, FreeTextNumber=document, LineNumber=line_number(line.id),
                ProjectId=self._ids.project_number(line.project), Description=line.description,
                CategoryId=CATEGORIES[line.kind],
                ContractLineReference=self._system.world.ref("crm", "contract_lines", line.contract_line),
                Quantity=quantity, UnitPrice=price, TransactionCurrencyAmount=line.amount,
            )  # fmt: skip

    def _payments(self, invoices: dict[str, Invoice]) -> None:
        for payment in self._living("payments"):
            if (invoice := invoices.get(payment.invoice)) is None:
                continue
            own, journal = self._ids.company_of_invoice(invoice), names.journal_number(payment.id)
            number = self._ids.invoice_numbers[invoice.id]
            self._add(
                "CustomerPaymentJournalHeaders", dataAreaId=own, JournalBatchNumber=journal, Description=payment.id,
                IsPosted="Yes",
            )  # fmt: skip
            self._add(
                "CustomerPaymentJournalLines", dataAreaId=own, JournalBatchNumber=journal, LineNumber=Decimal(1),
                AccountDisplayValue=account_number(invoice.customer), CurrencyCode=payment.currency,
                PaymentReference=payment.id, Voucher=journal, TransactionDate=noon(payment.paid_on),
                CreditAmount=max(payment.amount, Decimal(0)), DebitAmount=max(-payment.amount, Decimal(0)),
            )  # fmt: skip
            self._add(
                "CustomerPaymentJournalLineSettledInvoices", dataAreaId=own, JournalBatchNumber=journal,
                LineNumber=Decimal(1), InvoiceCompany=own, InvoiceNumber=number,
                SettlementAmountInInvoiceCurrency=payment.amount, WithholdingTaxAmount=payment.withholding_tax,
                DeductionAmount=payment.deduction, DeductionReason=payment.deduction_reason,
            )  # fmt: skip

    def _disputes(self, invoices: dict[str, Invoice]) -> None:
        for dispute in self._living("disputes"):
            if (invoice := invoices.get(dispute.invoice)) is None:
                continue
            self._add(
                "CustDisputes", dataAreaId=self._ids.company_of_invoice(invoice), TransactionCurrency=dispute.currency,
                SysRecId=names.dispute_number(dispute.id), InvoiceNumber=self._ids.invoice_numbers[invoice.id],
                InvoiceLineNumber=line_number(dispute.line) if dispute.line else 0, AmountCur=dispute.amount,
                ReasonCode=dispute.reason, Status="Resolved" if dispute.resolved_on else "Open",
                OpenedDate=noon(dispute.opened_on), StatusChangedDate=noon(dispute.resolved_on or dispute.opened_on),
            )  # fmt: skip

    def _write_offs(self, invoices: dict[str, Invoice]) -> None:
        for write_off in self._living("write_offs"):
            if (invoice := invoices.get(write_off.invoice)) is None:
                continue
            self._add(
                "CustomerInvoiceWriteOffs", dataAreaId=self._ids.company_of_invoice(invoice),
                WriteOffId=names.write_off_number(write_off.id), InvoiceNumber=self._ids.invoice_numbers[invoice.id],
                CurrencyCode=write_off.currency, WriteOffDate=noon(write_off.written_off_on),
                WriteOffAmount=write_off.amount, ReasonCode=write_off.reason, ApprovedBy=write_off.approver,
                ApproverRole=write_off.approver_role,
            )  # fmt: skip

    def _rates(self) -> None:
        """Some rates are quoted per hundred units, as currencies of little value are."""
        for rate in self._living("fx_rates"):
            per_hundred = rate.rate < Decimal("0.05")
            self._add(
                "ExchangeRates", RateTypeName=names.RATE_TYPES[rate.rate_type], FromCurrency=rate.from_currency,
                ToCurrency=rate.to_currency, StartDate=noon(rate.rate_date), EndDate=FOREVER,
                Rate=rate.rate * 100 if per_hundred else rate.rate,
                ConversionFactor="Hundred" if per_hundred else "One",
            )  # fmt: skip

    def _costs(self) -> None:
        for cost in self._living("project_costs"):
            self._add(
                "ProjectPostedTransactions", dataAreaId=self._ids.company_of_project(cost.project),
                TransactionId=names.transaction_number(cost.id), ProjectId=self._ids.project_number(cost.project),
                CategoryId="Labor", CurrencyId=cost.currency, TransactionType="Cost",
                TransactionOrigin="ProjectOperationsIntegration", TransactionDate=noon(cost.posted_on),
                Quantity=Decimal(1), TotalCostAmount=cost.amount, TotalSalesAmount=Decimal(0),
            )  # fmt: skip

    def _revenue(self) -> None:
        for schedule in self._living("revenue_schedules"):
            self._add(
                "ProjectRevenueSchedules", dataAreaId=self._ids.company_of_line(schedule.contract_line),
                ScheduleLineId=names.schedule_number(schedule.id), Book=schedule.book, CurrencyCode=schedule.currency,
                IntegrationSourceDataId=guid("contract_lines", schedule.contract_line),
                RecognitionMethod=METHODS.get(schedule.method, schedule.method),
                PeriodStartDate=noon(date.fromisoformat(f"{schedule.period}-01")), PostedDate=noon(schedule.posted_on),
                PlannedAmount=schedule.planned, RecognizedAmount=schedule.recognised,
            )  # fmt: skip

    def _balances(self) -> None:
        for balance in self._living("contract_balances"):
            self._add(
                "ProjectContractBalances", dataAreaId=self._ids.company_of_contract(balance.contract),
                BalanceId=names.balance_number(balance.id), Book=balance.book, CurrencyCode=balance.currency,
                IntegrationSourceDataId=guid("contracts", balance.contract),
                PeriodStartDate=noon(date.fromisoformat(f"{balance.period}-01")),
                ContractAssetAmount=balance.contract_asset, UnbilledReceivableAmount=balance.unbilled_receivable,
                ContractLiabilityAmount=balance.contract_liability, LossProvisionAmount=balance.loss_provision,
            )  # fmt: skip

    def _work_in_progress(self) -> None:
        for posting in self._living("wip_postings"):
            kind = self._ids.kind_of(posting.item) if posting.item else ""
            self._add(
                "ProjectWIPPostings", dataAreaId=self._ids.company_of_line(posting.contract_line),
                PostingId=names.posting_number(posting.id), Book=posting.book, CurrencyCode=posting.currency,
                IntegrationSourceDataId=guid("contract_lines", posting.contract_line),
                ExternalReferenceId=item_reference(self._system, kind, posting.item or ""),
                TransactionType=_TRANSACTION_TYPES.get(kind), PostedDate=noon(posting.posted_on),
                SalesAmount=posting.amount,
            )  # fmt: skip

    def _country(self, code: str) -> str:
        self._countries.add(code)
        return _COUNTRIES.get(code, f"X{code}")

    def _living(self, kind: str) -> list[Any]:
        return [f for f in self._system.facts(kind) if not self._is_gone(f)]

    def _is_gone(self, fact: Fact) -> bool:
        return fact.deleted_at is not None and fact.deleted_at <= self._now


def _net(invoice: Invoice) -> Decimal:
    return sum((line.amount or Decimal(0) for line in invoice.lines), Decimal(0))
