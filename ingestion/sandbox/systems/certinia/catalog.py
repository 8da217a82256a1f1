"""The org that Certinia PSA runs in: objects of the package ``pse``, and the firm's own fields without its namespace."""

from __future__ import annotations

from ingestion.sandbox.systems.salesforce.sobjects import MONEY, SYSTEM, SObject

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
STAGES = {"planned": "Planned", "active": "In Progress", "closed": "Completed"}
PROJECT_TYPES = {"billable": "Customer Project", "internal": "Internal", "presales": "Pre-Sales"}
STATUSES = {"draft": "Saved", "submitted": "Submitted", "approved": "Approved", "rejected": "Rejected"}
BUDGET_STATUSES = {"draft": "Draft", "pending": "Open", "approved": "Approved", "rejected": "Rejected"}
SCOPES = {"contract_line": "Contract Line", "contract": "Contract", "customer": "Account", "standard": "Standard"}
_RATE = 4
_NAME = {"Name": "string"}

CATALOG: dict[str, SObject] = {
    o.name: o
    for o in (
        SObject(
            "Organization",
            "00D",
            {"Id": "id", "Name": "string", "DefaultCurrencyIsoCode": "picklist", "SystemModstamp": "datetime"},
            {},
            has_delete_log=False,
        ),
        SObject(
            "User",
            "005",
            {
                "Id": "id",
                "Name": "string",
                "Email": "email",
                "IsActive": "boolean",
                "MobilePhone": "phone",
                "CreatedDate": "datetime",
                "LastModifiedDate": "datetime",
                "SystemModstamp": "datetime",
            },
            {},
        ),
        SObject(
            "Account",
            "001",
            SYSTEM | _NAME | {"MasterRecordId": "reference", "CRM_Account_Id__c": "string"} | MONEY,
            {"MasterRecordId": "Account"},
        ),
        SObject(
            "Contact",
            "003",
            SYSTEM
            | _NAME
            | {
                "Email": "email",
                "MobilePhone": "phone",
                "pse__Is_Resource__c": "boolean",
                "pse__Is_Resource_Active__c": "boolean",
                "pse__External_Resource__c": "boolean",
                "pse__Resource_Role__c": "picklist",
                "pse__Default_Cost_Rate__c": "currency",
                "pse__Daily_Default_Cost_Rate__c": "boolean",
                "pse__Salesforce_User__c": "reference",
                "pse__Start_Date__c": "date",
                "pse__Last_Date__c": "date",
                "ERP_Legal_Entity_Id__c": "string",
                "Email_Aliases__c": "textarea",
            }
            | MONEY,
            {"pse__Salesforce_User__c": "User"},
        ),
        SObject("pse__Practice__c", "a1L", SYSTEM | _NAME, {}),
        SObject(
            "pse__Proj__c",
            "a1P",
            SYSTEM
            | _NAME
            | {
                "pse__Account__c": "reference",
                "pse__Parent_Project__c": "reference",
                "pse__Project_Manager__c": "reference",
                "pse__Practice__c": "reference",
                "pse__Project_Type__c": "picklist",
                "pse__Billing_Type__c": "picklist",
                "pse__Stage__c": "picklist",
                "pse__Start_Date__c": "date",
                "pse__End_Date__c": "date",
                "pse__Is_Active__c": "boolean",
                "pse__Is_Billable__c": "boolean",
                "pse__Is_Template__c": "boolean",
                "pse__Exclude_From_Billing__c": "boolean",
                "pse__Closed_for_Time_Entry__c": "boolean",
                "pse__Rate_Card_Set__c": "reference",
                "pse__Margin__c": "currency",
                "Project_Code__c": "string",
                "CRM_Contract_Line_Id__c": "string",
                "Merged_Into__c": "reference",
            }
            | MONEY,
            {
                "pse__Account__c": "Account",
                "pse__Parent_Project__c": "pse__Proj__c",
                "pse__Project_Manager__c": "Contact",
                "pse__Practice__c": "pse__Practice__c",
                "pse__Rate_Card_Set__c": "pse__Rate_Card_Set__c",
                "Merged_Into__c": "pse__Proj__c",
            },
            formulas=frozenset({"pse__Margin__c"}),
        ),
        SObject(
            "pse__Schedule__c",
            "a1C",
            SYSTEM
            | _NAME
            | {"pse__Start_Date__c": "date", "pse__End_Date__c": "date", "pse__Scheduled_Hours__c": "double"},
            {},
            scales={"pse__Scheduled_Hours__c": 2},
        ),
        SObject(
            "pse__Assignment__c",
            "a1A",
            SYSTEM
            | _NAME
            | {
                "pse__Project__c": "reference",
                "pse__Resource__c": "reference",
                "pse__Schedule__c": "reference",
                "pse__Role__c": "picklist",
                "pse__Status__c": "picklist",
                "pse__Is_Billable__c": "boolean",
                "pse__Bill_Rate__c": "currency",
                "pse__Daily_Bill_Rate__c": "boolean",
                "pse__Exclude_from_Billing__c": "boolean",
                "pse__Start_Date__c": "date",
                "pse__End_Date__c": "date",
                "pse__Scheduled_Hours__c": "double",
            }
            | MONEY,
            {
                "pse__Project__c": "pse__Proj__c",
                "pse__Resource__c": "Contact",
                "pse__Schedule__c": "pse__Schedule__c",
            },
            formulas=frozenset({"pse__Start_Date__c", "pse__End_Date__c", "pse__Scheduled_Hours__c"}),
            scales={"pse__Bill_Rate__c": _RATE, "pse__Scheduled_Hours__c": 2},
        ),
        SObject(
            "pse__Milestone__c",
            "a1M",
            SYSTEM
            | _NAME
            | {
                "pse__Project__c": "reference",
                "pse__Milestone_Amount__c": "currency",
                "pse__Target_Date__c": "date",
                "pse__Actual_Date__c": "date",
                "pse__Status__c": "picklist",
                "pse__Approved__c": "boolean",
                "pse__Billed__c": "boolean",
                "pse__Billing_Hold__c": "boolean",
                "CRM_Contract_Line_Id__c": "string",
                "Bill_To_Account__c": "reference",
                "Deemed_Accepted_On__c": "date",
            }
            | MONEY,
            {"pse__Project__c": "pse__Proj__c", "Bill_To_Account__c": "Account"},
        ),
        SObject(
            "pse__Budget__c",
            "a1B",
            SYSTEM
            | _NAME
            | {
                "pse__Project__c": "reference",
                "pse__Type__c": "picklist",
                "pse__Status__c": "picklist",
                "pse__Amount__c": "currency",
                "pse__Total_Amount__c": "currency",
                "pse__Effective_Date__c": "date",
                "CRM_Contract_Line_Id__c": "string",
                "CRM_Change_Order_Id__c": "string",
                "Agreed_Amount__c": "currency",
                "Cap_Change__c": "currency",
            }
            | MONEY,
            {"pse__Project__c": "pse__Proj__c"},
            formulas=frozenset({"pse__Total_Amount__c"}),
        ),
        SObject(
            "Retainer__c",
            "a1U",
            SYSTEM
            | _NAME
            | {
                "CRM_Contract_Line_Id__c": "string",
                "Valid_From__c": "date",
                "Valid_Until__c": "date",
                "Prepaid_Hours__c": "double",
                "Amount__c": "currency",
                "Refundable__c": "boolean",
            }
            | MONEY,
            {},
            scales={"Prepaid_Hours__c": 4},
        ),
        SObject(
            "Progress_Report__c",
            "a1G",
            SYSTEM
            | _NAME
            | {
                "Project__c": "reference",
                "CRM_Contract_Line_Id__c": "string",
                "Reported_On__c": "date",
                "Accepted_On__c": "date",
                "Completed_Percent__c": "percent",
            },
            {"Project__c": "pse__Proj__c"},
            scales={"Completed_Percent__c": 4},
        ),
        SObject(
            "pse__Rate_Card_Set__c",
            "a1S",
            SYSTEM | _NAME | {"CRM_Scope__c": "picklist", "CRM_Scope_Id__c": "string"} | MONEY,
            {},
        ),
        SObject(
            "pse__Rate_Card__c",
            "a1R",
            SYSTEM
            | _NAME
            | {
                "pse__Account__c": "reference",
                "pse__Role__c": "picklist",
                "pse__Start_Date__c": "date",
                "pse__End_Date__c": "date",
                "pse__Suggested_Bill_Rate__c": "currency",
                "Resource__c": "reference",
            }
            | MONEY,
            {"pse__Account__c": "Account", "Resource__c": "Contact"},
            scales={"pse__Suggested_Bill_Rate__c": _RATE},
        ),
        SObject(
            "pse__Rate_Card_Set_Junction__c",
            "a1J",
            SYSTEM | _NAME | {"pse__Rate_Card_Set__c": "reference", "pse__Rate_Card__c": "reference"},
            {"pse__Rate_Card_Set__c": "pse__Rate_Card_Set__c", "pse__Rate_Card__c": "pse__Rate_Card__c"},
        ),
        SObject(
            "pse__Timecard_Header__c",
            "a1H",
            SYSTEM
            | _NAME
            | {
                "pse__Project__c": "reference",
                "pse__Resource__c": "reference",
                "pse__Assignment__c": "reference",
                "pse__Milestone__c": "reference",
                "pse__Approver__c": "reference",
                "pse__Start_Date__c": "date",
                "pse__End_Date__c": "date",
            }
            | {f"pse__{day}_Hours__c": "double" for day in WEEKDAYS}
            | {f"pse__{day}_Notes__c": "textarea" for day in WEEKDAYS}
            | {
                "pse__Status__c": "picklist",
                "pse__Submitted__c": "boolean",
                "pse__Approved__c": "boolean",
                "pse__Include_In_Financials__c": "boolean",
                "pse__Billable__c": "boolean",
                "pse__Exclude_from_Billing__c": "boolean",
                "pse__Bill_Rate__c": "currency",
                "pse__Daily_Bill_Rate__c": "boolean",
                "pse__Total_Hours__c": "double",
                "pse__Total_Billable_Amount__c": "currency",
                "Date_Submitted__c": "datetime",
                "Approved_Date__c": "datetime",
                "Role__c": "string",
                "Task__c": "string",
                "CRM_Change_Order_Id__c": "string",
            }
            | MONEY,
            {
                "pse__Project__c": "pse__Proj__c",
                "pse__Resource__c": "Contact",
                "pse__Assignment__c": "pse__Assignment__c",
                "pse__Milestone__c": "pse__Milestone__c",
                "pse__Approver__c": "User",
            },
            formulas=frozenset({"pse__Total_Hours__c", "pse__Total_Billable_Amount__c"}),
            scales={"pse__Bill_Rate__c": _RATE} | {f"pse__{day}_Hours__c": 2 for day in WEEKDAYS},
        ),
        SObject(
            "pse__Time_Date__c",
            "a1D",
            SYSTEM
            | _NAME
            | {
                "pse__Timecard__c": "reference",
                "pse__Date__c": "date",
                "pse__Day_Of_Week__c": "string",
                "pse__Hours__c": "double",
                "Exact_Hours__c": "double",
                "Billable_Hours__c": "double",
                "Submitted_Billable_Hours__c": "double",
                "Writedown_Reason__c": "string",
            },
            {"pse__Timecard__c": "pse__Timecard_Header__c"},
            scales={
                "pse__Hours__c": 2,
                "Exact_Hours__c": 4,
                "Billable_Hours__c": 4,
                "Submitted_Billable_Hours__c": 4,
            },
        ),
        SObject(
            "pse__Timecard__c",
            "a1T",
            SYSTEM
            | _NAME
            | {
                "pse__Timecard_Header__c": "reference",
                "pse__Start_Date__c": "date",
                "pse__End_Date__c": "date",
                "pse__Total_Hours__c": "double",
                "pse__Total_Billable_Amount__c": "currency",
                "pse__Approved_for_Billing__c": "boolean",
                "pse__Exclude_from_Billing__c": "boolean",
                "pse__Billing_Hold__c": "boolean",
                "pse__Billed__c": "boolean",
                "pse__Bill_Date__c": "date",
                "pse__Invoiced__c": "boolean",
                "pse__Invoice_Date__c": "date",
                "pse__Invoice_Number__c": "string",
                "pse__Billing_Event_Item__c": "reference",
                "pse__Eligible_for_Billing__c": "string",
                "Billing_Hold_Reason__c": "string",
                "Billing_Hold_From__c": "date",
                "Billing_Hold_Until__c": "date",
            }
            | MONEY,
            {
                "pse__Timecard_Header__c": "pse__Timecard_Header__c",
                "pse__Billing_Event_Item__c": "pse__Billing_Event_Item__c",
            },
            formulas=frozenset({"pse__Eligible_for_Billing__c"}),
            scales={"pse__Total_Hours__c": 2},
        ),
    )
}
