"""The raw objects of Salesforce with their declared fields, in the API's own names.

Money is exact decimal in the record's ``CurrencyIsoCode``, percentages are in percent, ``date`` fields are the
org's calendar days, datetimes are UTC. ``IsDeleted`` is a column: a record in the recycle bin stays, flagged.
"""

from __future__ import annotations

from datetime import timedelta

from ingestion.raw import RawObject

_MONEY, _RATE, _PERCENT = "decimal(18,4)", "decimal(18,6)", "decimal(9,4)"
_AUDIT = {"Id": "text", "IsDeleted": "bool", "CreatedDate": "timestamp", "SystemModstamp": "timestamp"}
_CURRENCY = {"CurrencyIsoCode": "text"}


def _object(name: str, fields: dict[str, str]) -> RawObject:
    return RawObject(
        name=name,
        key=("Id",),
        columns=_AUDIT | fields,
        cursor="SystemModstamp",
        # Salesforce stamps a record when the statement runs, not when its transaction commits: a long transaction
        # shows up with an older stamp than what was read before it.
        overlap=timedelta(minutes=10),
        transport=frozenset({"attributes"}),
    )


def _small_set(name: str, fields: dict[str, str]) -> RawObject:
    """Set-up data without deletion flag: a few rows, read completely each time."""
    columns = {"Id": "text", "SystemModstamp": "timestamp"} | fields
    return RawObject(name=name, key=("Id",), columns=columns, snapshot=True, transport=frozenset({"attributes"}))


OBJECTS: dict[str, RawObject] = {
    o.name: o
    for o in (
        _small_set("organization", {"Name": "text", "DefaultCurrencyIsoCode": "text"}),
        _small_set(
            "opportunity_stage",
            {
                "ApiName": "text",
                "MasterLabel": "text",
                "IsActive": "bool",
                "IsClosed": "bool",
                "IsWon": "bool",
                "DefaultProbability": _PERCENT,
                "ForecastCategoryName": "text",
                "SortOrder": "bigint",
            },
        ),
        _object(
            "account",
            {
                "Name": "text",
                "ParentId": "text",
                "MasterRecordId": "text",
                "OwnerId": "text",
                "BillingCountry": "text",
                "BillingCountryCode": "text",
                "Payment_Terms_Days__c": "decimal(9,0)",
                "Tax_Id__c": "text",
                "Former_Names__c": "text",
            }
            | _CURRENCY,
        ),
        _object(
            "opportunity",
            {
                "Name": "text",
                "AccountId": "text",
                "OwnerId": "text",
                "StageName": "text",
                "IsClosed": "bool",
                "IsWon": "bool",
                "Amount": _MONEY,
                "Probability": _PERCENT,
                "CloseDate": "date",
                "ForecastCategoryName": "text",
            }
            | _CURRENCY,
        ),
        _object(
            "opportunity_history",
            {
                "OpportunityId": "text",
                "StageName": "text",
                "Amount": _MONEY,
                "Probability": _PERCENT,
                "CloseDate": "date",
            }
            | _CURRENCY,
        ),
        _object(
            "contract",
            {
                "AccountId": "text",
                "OwnerId": "text",
                "ContractNumber": "text",
                "Name": "text",
                "Status": "text",
                "StatusCode": "text",
                "StartDate": "date",
                "EndDate": "date",
                "CustomerSignedDate": "date",
                "Opportunity__c": "text",
                "ERP_Legal_Entity_Id__c": "text",
                "PO_Expiration_Date__c": "date",
            }
            | _CURRENCY,
        ),
        _object(
            "sow_line",
            {
                "Name": "text",
                "Contract__c": "text",
                "Billing_Method__c": "text",
                "Amount__c": _MONEY,
                "Cap_Amount__c": _MONEY,
                "Discount__c": _PERCENT,
                "Rate_Card__c": "text",
                "ERP_Billing_Calendar_Id__c": "text",
                "Passthrough_Basis__c": "text",
                "Passthrough_Markup__c": _PERCENT,
                "Expense_Policy__c": "text",
                "Expense_Markup__c": _PERCENT,
                "Expense_Cap__c": _MONEY,
                "Expense_Categories__c": "text",
                "No_Charge__c": "bool",
                "Rev_Rec_Method__c": "text",
                "Estimate_At_Completion__c": _MONEY,
                "Start_Date__c": "date",
                "End_Date__c": "date",
                "Final_Invoice_Date__c": "date",
            }
            | _CURRENCY,
        ),
        _object(
            "rate_card",
            {
                "Name": "text",
                "Scope__c": "text",
                "SOW_Line__c": "text",
                "Contract__c": "text",
                "Account__c": "text",
            }
            | _CURRENCY,
        ),
        _object(
            "rate_card_line",
            {
                "Name": "text",
                "Rate_Card__c": "text",
                "Role__c": "text",
                "Resource_Email__c": "text",
                "Hourly_Rate__c": _RATE,
                "Valid_From__c": "date",
                "Valid_To__c": "date",
            }
            | _CURRENCY,
        ),
        _object(
            "change_order",
            {
                "Name": "text",
                "Contract__c": "text",
                "SOW_Line__c": "text",
                "Status__c": "text",
                "Requested_Date__c": "date",
                "Approved_Date__c": "date",
                "Effective_Date__c": "date",
                "Amount__c": _MONEY,
                "Cap_Change__c": _MONEY,
            }
            | _CURRENCY,
        ),
    )
}

# Without these a verdict would silently be wrong, so a load stops when the integration user cannot see one of them.
# Every other declared field that an org lacks is loaded as NULL.
ESSENTIAL: dict[str, frozenset[str]] = {
    "organization": frozenset({"Id", "DefaultCurrencyIsoCode"}),
    "opportunity_stage": frozenset({"Id", "ApiName", "IsWon"}),
    "account": frozenset({"Id", "IsDeleted", "SystemModstamp"}),
    "opportunity": frozenset({"Id", "IsDeleted", "SystemModstamp", "AccountId", "Amount"}),
    "opportunity_history": frozenset(
        {"Id", "IsDeleted", "SystemModstamp", "OpportunityId", "StageName", "CreatedDate"}
    ),
    "contract": frozenset({"Id", "IsDeleted", "SystemModstamp", "AccountId", "Status"}),
    "sow_line": frozenset({"Id", "IsDeleted", "SystemModstamp", "Contract__c", "Billing_Method__c", "Amount__c"}),
    "rate_card": frozenset({"Id", "IsDeleted", "SystemModstamp", "Scope__c"}),
    "rate_card_line": frozenset({"Id", "IsDeleted", "SystemModstamp", "Rate_Card__c", "Hourly_Rate__c"}),
    "change_order": frozenset({"Id", "IsDeleted", "SystemModstamp", "Contract__c", "Status__c", "Amount__c"}),
}
