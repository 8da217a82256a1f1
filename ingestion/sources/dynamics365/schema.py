"""The raw objects of Dynamics 365 and the types of their columns, Dataverse tables first, then Finance entities.

Dataverse: GUIDs are text, option sets are numbers, lookups are ``_<column>_value``, date-only columns are dates, all
other times are UTC. Finance: enums are their names, and a date is a timestamp at noon UTC, 1900-01-01 when it is empty.
"""

from __future__ import annotations

from ingestion.raw import RawObject
from ingestion.sources.dynamics365 import settings

AMOUNT, QUANTITY, PRICE, RATE = "decimal(20,4)", "decimal(18,6)", "decimal(20,6)", "decimal(24,12)"


def _typed(text: str = "", number: str = "", day: str = "", moment: str = "", **others: str) -> dict[str, str]:
    """Columns by type, named in space-separated lists; ``others`` are column=type."""
    groups = ((text, "text"), (number, "bigint"), (day, "date"), (moment, "timestamp"))
    return {name: kind for names, kind in groups for name in names.split()} | others


def _table(name: str, columns: dict[str, str]) -> RawObject:
    """A Dataverse table: change tracking says what to read, ``modifiedon`` bounds what raw has to compare it with."""
    common = _typed(f"{name}id", "statecode", moment="modifiedon")
    return RawObject(
        name, (f"{name}id",), common | columns, "modifiedon", settings.OVERLAP, transport=frozenset({"@odata.etag"})
    )  # fmt: skip


def _entity(name: str, key: str, columns: dict[str, str], cursor: str | None = None) -> RawObject:
    """A Finance entity: complete each time, or the trailing window of ``cursor``, the date of a posted document."""
    text_keys = dict.fromkeys(key.split(), "text")
    return RawObject(
        name, tuple(key.split()), text_keys | columns, cursor, settings.TRAILING, snapshot=cursor is None,
        transport=frozenset({"@odata.etag"}),
    )  # fmt: skip


_DATAVERSE = (
    _table("transactioncurrency", _typed("isocurrencycode currencyname")),
    _table("account", _typed("name accountnumber msdyn_externalaccountid _parentaccountid_value _masterid_value")),
    _table("msdyn_project", _typed("msdyn_subject externalid")),
    _table("salesorder", _typed("name externalid")),
    _table(
        "salesorderdetail",
        _typed("productdescription externalid _transactioncurrencyid_value", moment="createdon", extendedamount=AMOUNT),
    ),
    _table(
        "changeorder",
        _typed(
            "name externalid _contractlineid_value _transactioncurrencyid_value",
            moment="createdon",
            amount=AMOUNT,
            capamount=AMOUNT,
        ),
    ),
    _table("bookableresource", _typed("name email")),
    _table("msdyn_invoicefrequency", _typed("msdyn_name", "period cutoffday")),
    _table(
        "invoice",
        _typed(
            "invoicenumber name _customerid_value _transactioncurrencyid_value",
            "statuscode msdyn_projectinvoicestatus",
            moment="duedate createdon",
            msdyn_hascorrections="bool",
            totaltax=AMOUNT,
            totalamount=AMOUNT,
        ),
    ),
    _table(
        "invoicedetail",
        _typed(
            "_invoiceid_value _salesorderdetailid_value _msdyn_project_value _transactioncurrencyid_value description "
            "projectcategory",
            day="servicefrom serviceto",
            quantity=QUANTITY,
            priceperunit=PRICE,
            extendedamount=AMOUNT,
        ),
    ),
    _table(
        "msdyn_invoicelinetransaction",
        _typed(
            "_msdyn_invoicelineid_value _msdyn_bookableresource_value _msdyn_originalinvoicelinedetail_value "
            "_transactioncurrencyid_value",
            "msdyn_transactionclassification",
            msdyn_correction="bool",
            msdyn_quantity=QUANTITY,
            msdyn_amount=AMOUNT,
        ),
    ),
    _table(
        "msdyn_actual",
        _typed(
            "msdyn_externalreferenceid _msdyn_project_value _transactioncurrencyid_value",
            "msdyn_transactiontypecode msdyn_transactionclassification msdyn_billingtype msdyn_billingstatus "
            "msdyn_adjustmentstatus",
            msdyn_quantity=QUANTITY,
            msdyn_amount=AMOUNT,
        ),
    ),
    _table(
        "msdyn_transactionconnection",
        _typed("msdyn_transaction1 msdyn_transaction1type msdyn_transaction2 msdyn_transaction2type"),
    ),
    _table(
        "integrationlog",
        _typed(
            "recordtype recordid fromdomain todomain errorclass",
            "attempt status",
            moment="occurredat",
            istransient="bool",
        ),
    ),
)

_FINANCE = (
    _entity("legal_entity", "LegalEntityId", _typed("Name AddressCountryRegionId TimeZone")),
    _entity("ledger", "LegalEntityId", _typed("Name AccountingCurrency ReportingCurrency")),
    _entity("country_region", "CountryRegion", _typed("ISOCode")),
    _entity("payment_term", "dataAreaId Name", _typed("Description", "NumberOfDays NumberOfMonths")),
    _entity(
        "customer",
        "dataAreaId CustomerAccount",
        _typed(
            "OrganizationName PartyNumber AddressCountryRegionId SalesCurrencyCode PaymentTerms InvoiceAccount "
            "TaxExemptNumber"
        ),
    ),
    _entity(
        "trading_partnership",
        "CustomerLegalEntityId CustomerAccountNumber VendorLegalEntityId VendorAccountNumber",
        _typed("IsTradingPartnershipActive"),
    ),
    _entity(
        "exchange_rate",
        "RateTypeName FromCurrency ToCurrency StartDate",
        _typed("ConversionFactor", moment="StartDate EndDate", Rate=RATE),
    ),
    _entity(
        "project", "dataAreaId ProjectId", _typed("ProjectName CustomerAccountNumber ProjectStage IntegrationSourceDataId")
    ),
    _entity(
        "project_invoice",
        "dataAreaId InvoiceNumber",
        _typed(
            "InvoiceType InvoiceCustomerAccountNumber CurrencyCode LedgerVoucher IntegrationSourceDataId "
            "CorrectedInvoiceNumber ReasonCode RejectionReason IsAwaitingDelivery",
            moment="InvoiceDate DocumentDate DueDate SentDate RejectedDate",
            TotalInvoiceAmount=AMOUNT,
            TotalTaxAmount=AMOUNT,
        ),
        "InvoiceDate",
    ),
    _entity(
        "project_invoice_line",
        "dataAreaId InvoiceNumber LineNumber",
        _typed(
            "ProjectId CategoryId LineDescription IntegrationSourceDataId",
            moment="InvoiceDate",
            LineNumber="decimal(20,6)",
            Quantity=QUANTITY,
            SalesPrice=PRICE,
            LineAmount=AMOUNT,
        ),
        "InvoiceDate",
    ),
    _entity(
        "free_text_invoice",
        "dataAreaId FreeTextNumber",
        _typed(
            "InvoiceId CustomerAccount CurrencyCode IsPosted IsCorrection CorrectedInvoiceId ReasonCode RejectionReason "
            "IsAwaitingDelivery",
            moment="InvoiceDate DocumentDate DueDate SentDate RejectedDate",
            TotalTaxAmount=AMOUNT,
        ),
    ),
    _entity(
        "free_text_invoice_line",
        "dataAreaId FreeTextNumber LineNumber",
        _typed(
            "ProjectId CategoryId Description ContractLineReference",
            LineNumber="decimal(20,6)",
            Quantity=QUANTITY,
            UnitPrice=PRICE,
            TransactionCurrencyAmount=AMOUNT,
        ),
    ),
    _entity("payment_journal", "dataAreaId JournalBatchNumber", _typed("Description IsPosted")),
    _entity(
        "payment_line",
        "dataAreaId JournalBatchNumber LineNumber",
        _typed(
            "AccountDisplayValue CurrencyCode PaymentReference Voucher",
            moment="TransactionDate",
            LineNumber="decimal(20,6)",
            CreditAmount=AMOUNT,
            DebitAmount=AMOUNT,
        ),
    ),
    _entity(
        "payment_settlement",
        "dataAreaId JournalBatchNumber LineNumber InvoiceCompany InvoiceNumber",
        _typed(
            "DeductionReason",
            LineNumber="decimal(20,6)",
            SettlementAmountInInvoiceCurrency=AMOUNT,
            WithholdingTaxAmount=AMOUNT,
            DeductionAmount=AMOUNT,
        ),
    ),
    _entity(
        "dispute",
        "dataAreaId SysRecId",
        _typed(
            "InvoiceNumber TransactionCurrency ReasonCode Status",
            "SysRecId",
            moment="OpenedDate StatusChangedDate",
            InvoiceLineNumber="decimal(20,6)",
            AmountCur=AMOUNT,
        ),
    ),
    _entity(
        "write_off",
        "dataAreaId WriteOffId",
        _typed(
            "InvoiceNumber CurrencyCode ReasonCode ApprovedBy ApproverRole", moment="WriteOffDate", WriteOffAmount=AMOUNT
        ),
        "WriteOffDate",
    ),
    _entity(
        "project_transaction",
        "dataAreaId TransactionId",
        _typed(
            "ProjectId TransactionType TransactionOrigin CategoryId CurrencyId",
            moment="TransactionDate",
            Quantity=QUANTITY,
            TotalCostAmount=AMOUNT,
        ),
        "TransactionDate",
    ),
    _entity(
        "revenue_schedule",
        "dataAreaId ScheduleLineId",
        _typed(
            "IntegrationSourceDataId RecognitionMethod Book CurrencyCode",
            moment="PeriodStartDate PostedDate",
            PlannedAmount=AMOUNT,
            RecognizedAmount=AMOUNT,
        ),
    ),
    _entity(
        "contract_balance",
        "dataAreaId BalanceId",
        _typed(
            "IntegrationSourceDataId Book CurrencyCode",
            moment="PeriodStartDate",
            ContractAssetAmount=AMOUNT,
            UnbilledReceivableAmount=AMOUNT,
            ContractLiabilityAmount=AMOUNT,
            LossProvisionAmount=AMOUNT,
        ),
    ),
    _entity(
        "wip_posting",
        "dataAreaId PostingId",
        _typed(
            "IntegrationSourceDataId TransactionType ExternalReferenceId Book CurrencyCode",
            moment="PostedDate",
            SalesAmount=AMOUNT,
        ),
        "PostedDate",
    ),
)  # fmt: skip

OBJECTS: dict[str, RawObject] = {obj.name: obj for obj in (*_DATAVERSE, *_FINANCE)}
