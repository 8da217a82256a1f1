"""The entities of both services: their columns with types, keys, and the labels of Dataverse's choices.

Types: guid, text, int, decimal, money, bool, date (a day), datetime (UTC); in Dataverse also ``choice`` and
``lookup:<table>``, in Finance ``day`` (a datetime at noon UTC) and ``enum``. Columns named ``new_`` and the Finance
entities marked as custom are what an implementation partner would have added.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entity:
    """One table or entity set. ``logical`` is the Dataverse table's own name; ``keys`` identify a record."""

    set_name: str
    type_name: str
    keys: tuple[str, ...]
    columns: dict[str, str]
    logical: str = ""
    choices: dict[str, dict[int, str]] = field(default_factory=dict)


def _columns(text: str) -> dict[str, str]:
    """``kind: name name; kind: name`` as a mapping of names to types."""
    groups = (part.split(": ") for part in " ".join(text.split()).split("; "))
    return {name: kind for kind, names in groups for name in names.split()}


_STATE = {0: "Active", 1: "Inactive"}
_CLASSIFICATION = {
    192350000: "Time", 192350001: "Expense", 192350002: "Material", 192350003: "Milestone", 192350004: "Fee",
}  # fmt: skip
_CHOICES: dict[str, dict[str, dict[int, str]]] = {
    "invoice": {
        "statecode": {0: "Active", 1: "Closed", 2: "Paid", 3: "Canceled"},
        "statuscode": {1: "New", 4: "Billed", 100001: "Complete", 100003: "Canceled"},
        "msdyn_projectinvoicestatus": {
            192350000: "Draft", 192350001: "In Review", 192350002: "Confirmed", 192350003: "Invoice Paid",
        },
    },
    "msdyn_invoicefrequency": {
        "msdyn_period": {192350000: "Weekly", 192350001: "Monthly", 192350002: "Biweekly", 192350003: "Quarterly"},
    },
    "msdyn_invoicelinetransaction": {"msdyn_transactionclassification": _CLASSIFICATION},
    "msdyn_actual": {
        "msdyn_transactionclassification": _CLASSIFICATION,
        "msdyn_transactiontypecode": {192350000: "Cost", 192350005: "Unbilled Sales", 192350006: "Billed Sales"},
        "msdyn_billingtype": {192350000: "Non Chargeable", 192350001: "Chargeable"},
        "msdyn_billingstatus": {
            192350000: "Unbilled Sales Created", 192350001: "Customer Invoice Created",
            192350002: "Customer Invoice Posted", 192350003: "Canceled",
        },
        "msdyn_adjustmentstatus": {192350000: "In Process", 192350001: "Adjusted", 192350002: "Unadjustable"},
    },
    "new_integrationlog": {"new_status": {100000000: "Succeeded", 100000001: "Failed", 100000002: "In doubt"}},
}  # fmt: skip
_TABLES = {
    "transactioncurrency": "text: isocurrencycode currencyname; int: currencyprecision",
    "account": "text: name accountnumber msdyn_externalaccountid; lookup:account: parentaccountid masterid; bool: merged",
    "msdyn_project": "text: msdyn_subject new_externalid; lookup:account: msdyn_customer; lookup:salesorder: "
    "msdyn_salesorderid; datetime: msdyn_scheduledstart msdyn_scheduledend",
    "salesorder": "text: name ordernumber new_externalid; lookup:account: customerid; "
    "lookup:transactioncurrency: transactioncurrencyid; choice: msdyn_ordertype msdyn_psastate",
    "salesorderdetail": "text: productdescription new_externalid; lookup:salesorder: salesorderid; "
    "lookup:msdyn_project: msdyn_project; lookup:transactioncurrency: transactioncurrencyid; money: extendedamount",
    "new_changeorder": "text: new_name new_externalid; lookup:salesorder: new_contractid; "
    "lookup:salesorderdetail: new_contractlineid; lookup:transactioncurrency: transactioncurrencyid; "
    "money: new_amount new_capamount",
    "bookableresource": "text: name msdyn_primaryemail",
    "msdyn_invoicefrequency": "text: msdyn_name; choice: msdyn_period; int: new_cutoffday",
    "invoice": "text: invoicenumber name; lookup:account: customerid; lookup:salesorder: salesorderid; "
    "lookup:transactioncurrency: transactioncurrencyid; choice: msdyn_projectinvoicestatus; bool: msdyn_hascorrections; "
    "money: totallineitemamount totaltax totalamount; datetime: duedate",
    "invoicedetail": "text: description new_projectcategory; lookup:invoice: invoiceid; "
    "lookup:salesorderdetail: salesorderdetailid; lookup:msdyn_project: msdyn_project; "
    "lookup:transactioncurrency: transactioncurrencyid; "
    "date: new_servicefrom new_serviceto; decimal: quantity; money: priceperunit extendedamount",
    "msdyn_invoicelinetransaction": "text: msdyn_description; lookup:invoice: msdyn_invoice; lookup:invoicedetail: "
    "msdyn_invoicelineid; lookup:bookableresource: msdyn_bookableresource; lookup:msdyn_invoicelinetransaction: "
    "msdyn_originalinvoicelinedetail; lookup:transactioncurrency: transactioncurrencyid; "
    "choice: msdyn_transactionclassification; bool: msdyn_correction; decimal: msdyn_quantity; money: msdyn_amount",
    "msdyn_actual": "text: msdyn_externalreferenceid; lookup:msdyn_project: msdyn_project; "
    "lookup:transactioncurrency: transactioncurrencyid; choice: msdyn_transactiontypecode "
    "msdyn_transactionclassification msdyn_billingtype msdyn_billingstatus msdyn_adjustmentstatus; "
    "decimal: msdyn_quantity; money: msdyn_amount; datetime: msdyn_documentdate",
    "msdyn_transactionconnection": "text: msdyn_transaction1 msdyn_transaction1role msdyn_transaction1type "
    "msdyn_transaction2 msdyn_transaction2role msdyn_transaction2type",
    "new_integrationlog": "text: new_recordtype new_recordid new_fromdomain new_todomain new_errorclass; "
    "int: new_attempt; choice: new_status; bool: new_istransient; datetime: new_occurredat",
}
_PLURALS = {
    "transactioncurrency": "transactioncurrencies",
    "msdyn_invoicefrequency": "msdyn_invoicefrequencies",
}


def _table(logical: str, text: str) -> Entity:
    key = f"{logical}id"
    common = {key: "guid", "createdon": "datetime", "modifiedon": "datetime", "versionnumber": "int"}
    common |= {"statecode": "choice", "statuscode": "choice"}
    columns = {
        f"_{name}_value" if kind.startswith("lookup") else name: kind
        for name, kind in (common | _columns(text)).items()
    }
    choices = {"statecode": _STATE, "statuscode": {1: "Active", 2: "Inactive"}} | _CHOICES.get(logical, {})
    set_name = _PLURALS.get(logical, f"{logical}s")
    return Entity(set_name, f"Microsoft.Dynamics.CRM.{logical}", (key,), columns, logical, choices)


def _entity(set_name: str, key: str, text: str) -> Entity:
    columns = dict.fromkeys(key.split(), "text") | _columns(text)
    return Entity(set_name, f"Microsoft.Dynamics.DataEntities.{set_name}", tuple(key.split()), columns)


TABLES = {logical: _table(logical, text) for logical, text in _TABLES.items()}
"""Dataverse tables by logical name."""

DATAVERSE = {table.set_name: table for table in TABLES.values()}

_AMOUNTS = "money: TotalInvoiceAmount TotalTaxAmount"
FINANCE = {
    entity.set_name: entity
    for entity in (
        _entity("LegalEntities", "LegalEntityId", "text: Name AddressCountryRegionId LanguageId TimeZone"),
        _entity("Ledgers", "LegalEntityId", "text: Name AccountingCurrency ReportingCurrency ExchangeRateType"),
        _entity("AddressCountryRegions", "CountryRegion", "text: ISOCode"),
        _entity("PaymentTerms", "dataAreaId Name", "text: Description; int: NumberOfDays NumberOfMonths"),
        _entity(
            "CustomersV3",
            "dataAreaId CustomerAccount",
            "text: OrganizationName PartyNumber CustomerGroupId AddressCountryRegionId SalesCurrencyCode PaymentTerms "
            "InvoiceAccount TaxExemptNumber; enum: PartyType",
        ),
        _entity(
            "IntercompanyTradingPartnerships",
            "CustomerLegalEntityId CustomerAccountNumber VendorLegalEntityId VendorAccountNumber",
            "enum: IsTradingPartnershipActive",
        ),
        _entity(
            "ExchangeRates",
            "RateTypeName FromCurrency ToCurrency StartDate",
            "day: StartDate EndDate; decimal: Rate; enum: ConversionFactor",
        ),
        _entity(
            "ProjectsV2",
            "dataAreaId ProjectId",
            "text: ProjectName CustomerAccountNumber ProjectStage IntegrationSourceDataId",
        ),
        # Custom: posted project invoices have no public entity.
        _entity(
            "ProjectInvoiceHeaders",
            "dataAreaId InvoiceNumber",
            "text: InvoiceCustomerAccountNumber CurrencyCode LedgerVoucher IntegrationSourceDataId "
            "CorrectedInvoiceNumber ReasonCode RejectionReason; enum: InvoiceType IsAwaitingDelivery; "
            "day: InvoiceDate DocumentDate DueDate SentDate RejectedDate; " + _AMOUNTS,
        ),
        _entity(
            "ProjectInvoiceLines",
            "dataAreaId InvoiceNumber LineNumber",
            "text: ProjectId CategoryId LineDescription IntegrationSourceDataId; day: InvoiceDate; "
            "decimal: LineNumber Quantity; money: SalesPrice LineAmount",
        ),
        _entity(
            "FreeTextInvoiceHeaders",
            "dataAreaId FreeTextNumber",
            "text: InvoiceId CustomerAccount CurrencyCode CorrectedInvoiceId ReasonCode RejectionReason; "
            "enum: IsPosted IsCorrection IsAwaitingDelivery; day: InvoiceDate DocumentDate DueDate SentDate RejectedDate; "
            + _AMOUNTS,
        ),
        _entity(
            "FreeTextInvoiceLines",
            "dataAreaId FreeTextNumber LineNumber",
            "text: ProjectId CategoryId Description ContractLineReference; decimal: LineNumber Quantity; "
            "money: UnitPrice TransactionCurrencyAmount",
        ),
        _entity("CustomerPaymentJournalHeaders", "dataAreaId JournalBatchNumber", "text: Description; enum: IsPosted"),
        _entity(
            "CustomerPaymentJournalLines",
            "dataAreaId JournalBatchNumber LineNumber",
            "text: AccountDisplayValue CurrencyCode PaymentReference Voucher; day: TransactionDate; "
            "decimal: LineNumber; money: CreditAmount DebitAmount",
        ),
        _entity(
            "CustomerPaymentJournalLineSettledInvoices",
            "dataAreaId JournalBatchNumber LineNumber InvoiceCompany InvoiceNumber",
            "text: DeductionReason; decimal: LineNumber; "
            "money: SettlementAmountInInvoiceCurrency WithholdingTaxAmount DeductionAmount",
        ),
        _entity(
            "CustDisputes",
            "dataAreaId SysRecId",
            "int: SysRecId; text: InvoiceNumber TransactionCurrency ReasonCode; enum: Status; "
            "day: OpenedDate StatusChangedDate; decimal: InvoiceLineNumber; money: AmountCur",
        ),
        # Custom: a write-off is a line of a journal that settles the invoice, and has no entity of its own.
        _entity(
            "CustomerInvoiceWriteOffs",
            "dataAreaId WriteOffId",
            "text: InvoiceNumber CurrencyCode ReasonCode ApprovedBy ApproverRole; day: WriteOffDate; money: WriteOffAmount",
        ),
        _entity(
            "ProjectPostedTransactions",
            "dataAreaId TransactionId",
            "text: ProjectId CategoryId CurrencyId; enum: TransactionType TransactionOrigin; day: TransactionDate; "
            "decimal: Quantity; money: TotalCostAmount TotalSalesAmount",
        ),
        # Custom: there is no entity of revenue schedules.
        _entity(
            "ProjectRevenueSchedules",
            "dataAreaId ScheduleLineId",
            "text: IntegrationSourceDataId RecognitionMethod Book CurrencyCode; day: PeriodStartDate PostedDate; "
            "money: PlannedAmount RecognizedAmount",
        ),
        # Custom: month-end positions of a contract, and what was posted to work in progress.
        _entity(
            "ProjectContractBalances",
            "dataAreaId BalanceId",
            "text: IntegrationSourceDataId Book CurrencyCode; day: PeriodStartDate; "
            "money: ContractAssetAmount UnbilledReceivableAmount ContractLiabilityAmount LossProvisionAmount",
        ),
        _entity(
            "ProjectWIPPostings",
            "dataAreaId PostingId",
            "text: IntegrationSourceDataId ExternalReferenceId Book CurrencyCode; enum: TransactionType; "
            "day: PostedDate; money: SalesAmount",
        ),
    )
}
"""Finance entities by entity set."""

DEFINITIONS = Entity(
    "EntityDefinitions",
    "Microsoft.Dynamics.CRM.EntityMetadata",
    ("LogicalName",),
    _columns(
        "text: LogicalName SchemaName EntitySetName LogicalCollectionName PrimaryIdAttribute; guid: MetadataId; "
        "bool: ChangeTrackingEnabled CanChangeTrackingBeEnabled"
    ),
)
"""The metadata of Dataverse's tables, itself an entity set."""
