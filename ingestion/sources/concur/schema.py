"""The raw objects of Concur: Expense v3 and the users behind it.

Datetimes come without a zone and are UTC. Amounts are JSON numbers of up to 8 decimals, percentages are text. Custom
fields are objects ``{Type, Value, Code, ListItemID}`` whose meaning each company configures; they are kept as JSON.
"""

from __future__ import annotations

from ingestion.raw import RawObject
from ingestion.sources.concur.settings import OVERLAP

MOMENT = "timestamp(UTC)"
AMOUNT = "decimal(28,8)"
RATE = "decimal(38,18)"


def _json_fields(prefix: str, count: int) -> dict[str, str]:
    return {f"{prefix}{n}": "json" for n in range(1, count + 1)}


_REPORT = {
    "ID": "text",
    "Name": "text",
    "Total": AMOUNT,
    "CurrencyCode": "text",
    "Country": "text",
    "CreateDate": MOMENT,
    "SubmitDate": MOMENT,
    "ProcessingPaymentDate": MOMENT,
    "PaidDate": MOMENT,
    "UserDefinedDate": MOMENT,
    "LastModifiedDate": MOMENT,
    "OwnerLoginID": "text",
    "OwnerName": "text",
    "ApproverLoginID": "text",
    "ApproverName": "text",
    "ApprovalStatusCode": "text",
    "ApprovalStatusName": "text",
    "PaymentStatusCode": "text",
    "PaymentStatusName": "text",
    "PersonalAmount": AMOUNT,
    "TotalClaimedAmount": AMOUNT,
    "TotalApprovedAmount": AMOUNT,
    "ReceiptsReceived": "bool",
    "EverSentBack": "bool",
    "HasException": "bool",
    "LastComment": "text",
    "LedgerName": "text",
    "PolicyID": "text",
    **_json_fields("OrgUnit", 6),
    **_json_fields("Custom", 20),
}
# What an entry and an itemization of an entry have in common.
_EXPENSE = {
    "ID": "text",
    "ReportID": "text",
    "ReportOwnerID": "text",
    "ExpenseTypeCode": "text",
    "ExpenseTypeName": "text",
    "TransactionDate": MOMENT,
    "TransactionAmount": AMOUNT,
    "PostedAmount": AMOUNT,
    "ApprovedAmount": AMOUNT,
    "IsBillable": "bool",
    "IsPersonal": "bool",
    "AllocationType": "text",
    "HasExceptions": "bool",
    "LastModified": MOMENT,
    **_json_fields("OrgUnit", 6),
    **_json_fields("Custom", 40),
}
_ENTRY = _EXPENSE | {
    "TransactionCurrencyCode": "text",
    "ExchangeRate": RATE,
    "HasItemizations": "bool",
    "HasImage": "bool",
    "VendorDescription": "text",
}
_URI = frozenset({"URI"})

OBJECTS: dict[str, RawObject] = {
    obj.name: obj
    for obj in (
        RawObject(
            "users",
            key=("LoginID",),
            columns={
                "LoginID": "text",
                "EmployeeID": "text",
                "PrimaryEmail": "text",
                "Active": "bool",
                "FirstName": "text",
                "MiddleName": "text",
                "LastName": "text",
                "OrganizationUnit": "text",
            },
            snapshot=True,
            transport=_URI,
        ),
        RawObject(
            "reports",
            key=("ID",),
            columns=_REPORT,
            cursor="LastModifiedDate",
            overlap=OVERLAP,
            transport=_URI | {"WorkflowActionUrl"},
        ),
        RawObject("entries", key=("ID",), columns=_ENTRY, parent="ReportID", transport=_URI),
        RawObject(
            "itemizations", key=("ID",), columns={**_EXPENSE, "EntryID": "text"}, parent="ReportID", transport=_URI
        ),
        RawObject(
            "allocations",
            key=("ID",),
            # ReportID is added on reading: v3 does not repeat it on an allocation.
            columns={
                "ID": "text",
                "ReportID": "text",
                "EntryID": "text",
                "Percentage": "decimal(18,8)",
                "AccountCode1": "text",
                "AccountCode2": "text",
                "IsHidden": "bool",
                "IsPercentEdited": "bool",
                **_json_fields("Custom", 20),
            },
            parent="ReportID",
            transport=_URI,
        ),
    )
}
