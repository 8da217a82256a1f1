"""SAP Concur, Expense v3 and users, as SAP publishes them: names and types of all fields.

Source: ``src/api-explorer/v3-0/{Reports,Entries,Itemizations,Allocations,Users}.swagger2.json`` of the repository
SAP-docs/preview.developer.concur.com (August 2026); token and error bodies from its pages on authentication and errors.
"""

from __future__ import annotations

from tests.sandbox.shapes.shape import Shape, listed, one_of, record


def _numbered(prefix: str, count: int, shape: Shape) -> dict[str, Shape]:
    return {f"{prefix}{n}": shape for n in range(1, count + 1)}


_KIND = one_of("Amount", "Boolean", "ConnectedList", "Date", "Integer", "List", "Number", "Text")
_VALUE = {"type": "string", "maxLength": 48}
_CUSTOM = record(text="Code ListItemID", nested={"Type": _KIND, "Value": _VALUE})
_ALLOCATION_CUSTOM = record(text="Code Label ListItemID", whole="Sequence", nested={"Type": _KIND, "Value": _VALUE})
_JOURNEY = record(
    text="EndLocation StartLocation UnitOfMeasure VehicleID",
    whole="BusinessDistance NumberOfPassengers OdometerEnd OdometerStart PersonalDistance",
)
# Approval codes may be extended by a company, but keep their form.
_APPROVAL, _PAYMENT = {"type": "string", "pattern": "^A_[A-Z]{4}$"}, {"type": "string", "pattern": "^P_[A-Z]{4}$"}

REPORT = record(
    required="ID Name CurrencyCode OwnerLoginID ApprovalStatusCode PaymentStatusCode LastModifiedDate URI",
    text="ApprovalStatusName ApproverLoginID ApproverName Country CountrySubdivision CurrencyCode ID LastComment "
    "LedgerName Name OwnerLoginID OwnerName PaymentStatusName PolicyID URI WorkflowActionUrl",
    number="AmountDueCompanyCard AmountDueEmployee PersonalAmount Total TotalApprovedAmount TotalClaimedAmount",
    flag="EverSentBack HasException ReceiptsReceived",
    naive="CreateDate LastModifiedDate PaidDate ProcessingPaymentDate SubmitDate UserDefinedDate",
    nested={"ApprovalStatusCode": _APPROVAL, "PaymentStatusCode": _PAYMENT}
    | _numbered("OrgUnit", 6, _CUSTOM)
    | _numbered("Custom", 20, _CUSTOM),
)
_ALLOCATION_TYPE = {"AllocationType": one_of("P", "F", "N")}
_PLACE = "LocationCountry LocationID LocationName LocationSubdivision"
_EXPENSE_CUSTOMS = _numbered("OrgUnit", 6, _CUSTOM) | _numbered("Custom", 40, _CUSTOM)

ENTRY = record(
    required="ID ReportID ReportOwnerID TransactionDate TransactionAmount TransactionCurrencyCode PostedAmount "
    "AllocationType HasItemizations IsBillable LastModified URI",
    text="CompanyCardTransactionID Description ElectronicReceiptID EmployeeBankAccountID ExpenseTypeCode ExpenseTypeName "
    f"FormID ID {_PLACE} PaymentTypeID PaymentTypeName ReportID ReportOwnerID SpendCategoryCode SpendCategoryName "
    "TaxReceiptType TransactionCurrencyCode TripID URI VendorDescription VendorListItemID VendorListItemName",
    number="ApprovedAmount ExchangeRate PostedAmount TransactionAmount",
    flag="HasAppliedCashAdvance HasAttendees HasComments HasExceptions HasImage HasItemizations HasVAT IsBillable "
    "IsImageRequired IsPaidByExpensePay IsPersonal IsPersonalCardCharge ReceiptReceived",
    naive="LastModified TransactionDate",
    nested={"Journey": _JOURNEY} | _ALLOCATION_TYPE | _EXPENSE_CUSTOMS,
)
ITEMIZATION = record(
    required="ID EntryID ReportID ReportOwnerID TransactionDate TransactionAmount PostedAmount IsBillable LastModified URI",
    text=f"Description EntryID ExpenseTypeCode ExpenseTypeName ID {_PLACE} ReportID ReportOwnerID SpendCategoryCode "
    "SpendCategoryName URI",
    number="ApprovedAmount PostedAmount TransactionAmount",
    flag="HasComments HasExceptions IsBillable IsImageRequired IsPersonal",
    naive="LastModified TransactionDate",
    nested=_ALLOCATION_TYPE | _EXPENSE_CUSTOMS,
)
ALLOCATION = record(
    required="ID EntryID Percentage IsHidden URI",
    text="AccountCode1 AccountCode2 EntryID ID URI",
    decimal="Percentage",
    flag="IsHidden IsPercentEdited",
    nested=_numbered("Custom", 20, _ALLOCATION_CUSTOM),
)
USER = record(
    required="LoginID Active PrimaryEmail",
    text="CellPhoneNumber EmployeeID FirstName ID LastName LoginID MiddleName OrganizationUnit PrimaryEmail URI",
    flag="Active",
)


def page_of(shape: Shape) -> Shape:
    """One page of a v3 list."""
    return record(required="Items", nested={"Items": listed(shape), "NextPage": {"type": "string", "format": "uri"}})


TOKEN = record(
    required="expires_in token_type access_token refresh_token geolocation",
    text="scope token_type access_token refresh_token id_token geolocation",
    nested={"expires_in": {"type": "string", "pattern": r"^\d+$"}},
)
TOKEN_ERROR = record(required="code error error_description", whole="code", text="error error_description geolocation")
ERROR = record(
    required="Message",
    text="Message",
    nested={"Error": record(required="Message Server-Time Id", text="Message Server-Time Id")},
)
RATE_LIMIT = record(
    required="httpStatus error",
    text="timestamp httpStatus path",
    nested={"error": record(required="id message", text="id message")},
)
