"""The raw objects of Certinia PSA with their declared fields, in the API's own names.

Fields of the package carry its namespace ``pse__``; custom ones without it are this product's, see the README. Money is
exact decimal in the record's ``CurrencyIsoCode``, rates have four decimals, hours are decimal hours, ``date`` fields are
local calendar days, datetimes are UTC. No formula is declared: it changes without the record's stamp moving.
"""

from __future__ import annotations

from ingestion.raw import RawObject
from ingestion.sources.certinia import settings
from ingestion.sources.salesforce.catalog import (
    CURRENCY,
    MONEY,
    PERCENT,
    RATE,
    Catalog,
    changing_object,
    record_object,
    small_set,
)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = "decimal(9,4)"
_NAME = {"Name": "text"}

PICKLIST_MEANING = RawObject(
    name="picklist_meaning",
    key=("meaning_key",),
    columns={"meaning_key": "text", "picklist": "text", "value": "text", "meaning": "text"},
    snapshot=True,
)

_READ: dict[str, RawObject] = {
    o.name: o
    for o in (
        small_set("organization", {"Name": "text", "DefaultCurrencyIsoCode": "text"}),
        changing_object(
            "user",
            {
                "Id": "text",
                "SystemModstamp": "timestamp",
                "Name": "text",
                "Email": "text",
                "IsActive": "bool",
            },
            "SystemModstamp",
        ),
        record_object("account", _NAME | {"MasterRecordId": "text", "CRM_Account_Id__c": "text"} | CURRENCY),
        record_object(
            "contact",
            _NAME
            | {
                "Email": "text",
                "pse__Is_Resource__c": "bool",
                "pse__Is_Resource_Active__c": "bool",
                "pse__External_Resource__c": "bool",
                "pse__Resource_Role__c": "text",
                "pse__Default_Cost_Rate__c": RATE,
                "pse__Daily_Default_Cost_Rate__c": "bool",
                "pse__Salesforce_User__c": "text",
                "pse__Start_Date__c": "date",
                "pse__Last_Date__c": "date",
                "ERP_Legal_Entity_Id__c": "text",
                "Email_Aliases__c": "text",
            }
            | CURRENCY,
        ),
        record_object("practice", _NAME),
        record_object(
            "project",
            _NAME
            | {
                "pse__Account__c": "text",
                "pse__Parent_Project__c": "text",
                "pse__Project_Manager__c": "text",
                "pse__Practice__c": "text",
                "pse__Project_Type__c": "text",
                "pse__Billing_Type__c": "text",
                "pse__Stage__c": "text",
                "pse__Start_Date__c": "date",
                "pse__End_Date__c": "date",
                "pse__Is_Active__c": "bool",
                "pse__Is_Billable__c": "bool",
                "pse__Is_Template__c": "bool",
                "pse__Exclude_From_Billing__c": "bool",
                "pse__Closed_for_Time_Entry__c": "bool",
                "pse__Rate_Card_Set__c": "text",
                "Project_Code__c": "text",
                "CRM_Contract_Line_Id__c": "text",
                "Merged_Into__c": "text",
            }
            | CURRENCY,
        ),
        record_object(
            "schedule",
            _NAME
            | {
                "pse__Start_Date__c": "date",
                "pse__End_Date__c": "date",
                "pse__Scheduled_Hours__c": _HOURS,
            },
        ),
        record_object(
            "assignment",
            _NAME
            | {
                "pse__Project__c": "text",
                "pse__Resource__c": "text",
                "pse__Schedule__c": "text",
                "pse__Role__c": "text",
                "pse__Status__c": "text",
                "pse__Is_Billable__c": "bool",
                "pse__Bill_Rate__c": RATE,
                "pse__Daily_Bill_Rate__c": "bool",
                "pse__Exclude_from_Billing__c": "bool",
            }
            | CURRENCY,
        ),
        record_object(
            "milestone",
            _NAME
            | {
                "pse__Project__c": "text",
                "pse__Milestone_Amount__c": MONEY,
                "pse__Target_Date__c": "date",
                "pse__Actual_Date__c": "date",
                "pse__Status__c": "text",
                "pse__Approved__c": "bool",
                "pse__Billed__c": "bool",
                "pse__Billing_Hold__c": "bool",
                "CRM_Contract_Line_Id__c": "text",
                "Bill_To_Account__c": "text",
                "Deemed_Accepted_On__c": "date",
            }
            | CURRENCY,
        ),
        record_object(
            "budget",
            _NAME
            | {
                "pse__Project__c": "text",
                "pse__Type__c": "text",
                "pse__Status__c": "text",
                "pse__Amount__c": MONEY,
                "pse__Effective_Date__c": "date",
                "CRM_Contract_Line_Id__c": "text",
                "CRM_Change_Order_Id__c": "text",
                "Agreed_Amount__c": MONEY,
                "Cap_Change__c": MONEY,
            }
            | CURRENCY,
        ),
        record_object(
            "retainer",
            _NAME
            | {
                "CRM_Contract_Line_Id__c": "text",
                "Valid_From__c": "date",
                "Valid_Until__c": "date",
                "Prepaid_Hours__c": _HOURS,
                "Amount__c": MONEY,
                "Refundable__c": "bool",
            }
            | CURRENCY,
        ),
        record_object(
            "progress_report",
            _NAME
            | {
                "Project__c": "text",
                "CRM_Contract_Line_Id__c": "text",
                "Reported_On__c": "date",
                "Accepted_On__c": "date",
                "Completed_Percent__c": PERCENT,
            },
        ),
        record_object("rate_card_set", _NAME | {"CRM_Scope__c": "text", "CRM_Scope_Id__c": "text"} | CURRENCY),
        record_object(
            "rate_card",
            _NAME
            | {
                "pse__Account__c": "text",
                "pse__Role__c": "text",
                "pse__Start_Date__c": "date",
                "pse__End_Date__c": "date",
                "pse__Suggested_Bill_Rate__c": RATE,
                "Resource__c": "text",
            }
            | CURRENCY,
        ),
        record_object("rate_card_set_junction", _NAME | {"pse__Rate_Card_Set__c": "text", "pse__Rate_Card__c": "text"}),
        record_object(
            "timecard",
            _NAME
            | {
                "pse__Project__c": "text",
                "pse__Resource__c": "text",
                "pse__Assignment__c": "text",
                "pse__Milestone__c": "text",
                "pse__Approver__c": "text",
                "pse__Start_Date__c": "date",
                "pse__End_Date__c": "date",
            }
            | {f"pse__{day}_Hours__c": _HOURS for day in WEEKDAYS}
            | {f"pse__{day}_Notes__c": "text" for day in WEEKDAYS}
            | {
                "pse__Status__c": "text",
                "pse__Submitted__c": "bool",
                "pse__Approved__c": "bool",
                "pse__Include_In_Financials__c": "bool",
                "pse__Billable__c": "bool",
                "pse__Exclude_from_Billing__c": "bool",
                "pse__Bill_Rate__c": RATE,
                "pse__Daily_Bill_Rate__c": "bool",
                "Date_Submitted__c": "timestamp",
                "Approved_Date__c": "timestamp",
                "Role__c": "text",
                "Task__c": "text",
                "CRM_Change_Order_Id__c": "text",
            }
            | CURRENCY,
        ),
        record_object(
            "time_date",
            _NAME
            | {
                "pse__Timecard__c": "text",
                "pse__Date__c": "date",
                "pse__Day_Of_Week__c": "text",
                "pse__Hours__c": _HOURS,
                "Exact_Hours__c": _HOURS,
                "Billable_Hours__c": _HOURS,
                "Submitted_Billable_Hours__c": _HOURS,
                "Writedown_Reason__c": "text",
            },
        ),
        record_object(
            "timecard_split",
            _NAME
            | {
                "pse__Timecard_Header__c": "text",
                "pse__Start_Date__c": "date",
                "pse__End_Date__c": "date",
                "pse__Total_Hours__c": _HOURS,
                "pse__Total_Billable_Amount__c": MONEY,
                "pse__Approved_for_Billing__c": "bool",
                "pse__Exclude_from_Billing__c": "bool",
                "pse__Billing_Hold__c": "bool",
                "pse__Billed__c": "bool",
                "pse__Bill_Date__c": "date",
                "pse__Invoiced__c": "bool",
                "pse__Invoice_Date__c": "date",
                "pse__Invoice_Number__c": "text",
                "pse__Billing_Event_Item__c": "text",
                "Billing_Hold_Reason__c": "text",
                "Billing_Hold_From__c": "date",
                "Billing_Hold_Until__c": "date",
            }
            | CURRENCY,
        ),
    )
}

OBJECTS: dict[str, RawObject] = {PICKLIST_MEANING.name: PICKLIST_MEANING} | _READ

_RECORD = frozenset({"Id", "IsDeleted", "SystemModstamp"})
ESSENTIAL: dict[str, frozenset[str]] = {
    "organization": frozenset({"Id", "DefaultCurrencyIsoCode"}),
    "user": frozenset({"Id", "SystemModstamp"}),
    "account": _RECORD,
    "contact": _RECORD | {"Email", "pse__Is_Resource__c"},
    "practice": _RECORD,
    "project": _RECORD | {"pse__Project_Type__c", "pse__Stage__c", "CRM_Contract_Line_Id__c"},
    "schedule": _RECORD,
    "assignment": _RECORD | {"pse__Project__c", "pse__Resource__c", "pse__Schedule__c"},
    "milestone": _RECORD | {"pse__Project__c", "pse__Milestone_Amount__c", "pse__Approved__c", "pse__Actual_Date__c"},
    "budget": _RECORD | {"pse__Type__c", "pse__Status__c", "pse__Amount__c", "CRM_Contract_Line_Id__c"},
    "retainer": _RECORD | {"CRM_Contract_Line_Id__c", "Valid_From__c", "Prepaid_Hours__c", "Amount__c"},
    "progress_report": _RECORD
    | {"CRM_Contract_Line_Id__c", "Reported_On__c", "Accepted_On__c", "Completed_Percent__c"},
    "rate_card_set": _RECORD,
    "rate_card": _RECORD | {"pse__Suggested_Bill_Rate__c"},
    "rate_card_set_junction": _RECORD | {"pse__Rate_Card_Set__c", "pse__Rate_Card__c"},
    "timecard": _RECORD
    | {"pse__Project__c", "pse__Resource__c", "pse__Start_Date__c", "pse__Status__c", "pse__Billable__c"}
    | {f"pse__{day}_Hours__c" for day in WEEKDAYS},
    "time_date": _RECORD | {"pse__Timecard__c", "pse__Date__c"},
    "timecard_split": _RECORD
    | {"pse__Timecard_Header__c", "pse__Start_Date__c", "pse__End_Date__c", "pse__Billing_Hold__c", "pse__Billed__c"},
}

CATALOG = Catalog(settings.SYSTEM, _READ, settings.API_NAMES, ESSENTIAL, settings.CONDITIONS, settings.DECLARED_ONLY)
