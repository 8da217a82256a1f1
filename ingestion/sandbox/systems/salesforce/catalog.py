"""The objects of the CRM's org, and what its picklists say."""

from __future__ import annotations

from ingestion.sandbox.systems.salesforce.sobjects import MONEY, SYSTEM, VIEWED, SObject

BILLING_METHODS = {
    "tm": "Time and Materials",
    "tm_cap": "Time and Materials Capped",
    "fixed_milestone": "Fixed Price Milestone",
    "fixed_progress": "Fixed Price Progress",
    "retainer": "Retainer",
    "subscription": "Subscription",
    "cost_plus": "Cost Plus",
    "non_billable": "Non-Billable",
}
PASSTHROUGH_BASES = {"cost_plus": "Cost Plus", "time_at_rate": "Time at Rate", "none": "None"}
EXPENSE_POLICIES = {"at_cost": "At Cost", "markup": "Markup", "inclusive": "Inclusive", "non_billable": "Non-Billable"}
REVREC_METHODS = {
    "as_invoiced": "As Invoiced",
    "cost_to_cost": "Cost to Cost",
    "labour_hours": "Labour Hours",
    "milestone_output": "Milestone Output",
    "straight_line": "Straight Line",
    "point_in_time": "Point in Time",
    "prepaid_drawdown": "Prepaid Drawdown",
}
TIER_MODES = {"incremental": "Incremental", "retroactive": "Retroactive"}
COMMITMENT_PERIODS = {"month": "Monthly", "quarter": "Quarterly", "year": "Yearly"}
SCOPES = {"contract_line": "SOW Line", "contract": "Contract", "customer": "Account", "standard": "Standard"}
CONTRACT_STATUSES = {"draft": "Draft", "active": "Activated", "closed": "Closed"}
CHANGE_ORDER_STATUSES = {
    "draft": "Draft",
    "pending": "In Approval Process",
    "approved": "Approved",
    "rejected": "Rejected",
}
# fact's stage -> (ApiName, IsClosed, IsWon, probability in percent, forecast category)
STAGES: dict[str, tuple[str, bool, bool, int, str]] = {
    "prospecting": ("Prospecting", False, False, 10, "Pipeline"),
    "proposal": ("Proposal/Price Quote", False, False, 50, "Best Case"),
    "negotiation": ("Negotiation/Review", False, False, 80, "Commit"),
    "closed_won": ("SOW Signed", True, True, 100, "Closed"),
    "closed_lost": ("Lost", True, False, 0, "Omitted"),
}

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
            "OpportunityStage",
            "01J",
            {
                "Id": "id",
                "ApiName": "string",
                "MasterLabel": "string",
                "IsActive": "boolean",
                "IsClosed": "boolean",
                "IsWon": "boolean",
                "DefaultProbability": "percent",
                "ForecastCategoryName": "picklist",
                "SortOrder": "int",
                "SystemModstamp": "datetime",
            },
            {},
            has_delete_log=False,
        ),
        SObject(
            "Account",
            "001",
            SYSTEM
            | {
                "Name": "string",
                "ParentId": "reference",
                "MasterRecordId": "reference",
                "OwnerId": "reference",
                "BillingCountry": "string",
                "BillingCountryCode": "picklist",
                "BillingAddress": "address",
                "Payment_Terms_Days__c": "double",
                "Tax_Id__c": "string",
                "Former_Names__c": "textarea",
            }
            | MONEY
            | VIEWED,
            {"ParentId": "Account", "MasterRecordId": "Account", "OwnerId": "User"},
        ),
        SObject(
            "Opportunity",
            "006",
            SYSTEM
            | {
                "Name": "string",
                "AccountId": "reference",
                "OwnerId": "reference",
                "StageName": "picklist",
                "IsClosed": "boolean",
                "IsWon": "boolean",
                "Amount": "currency",
                "Probability": "percent",
                "CloseDate": "date",
                "ForecastCategoryName": "picklist",
            }
            | MONEY
            | VIEWED,
            {"AccountId": "Account", "OwnerId": "User"},
        ),
        SObject(
            "OpportunityHistory",
            "008",
            {
                "Id": "id",
                "IsDeleted": "boolean",
                "OpportunityId": "reference",
                "CreatedDate": "datetime",
                "StageName": "picklist",
                "Amount": "currency",
                "Probability": "percent",
                "CloseDate": "date",
                "SystemModstamp": "datetime",
            }
            | MONEY,
            {"OpportunityId": "Opportunity"},
        ),
        SObject(
            "Contract",
            "800",
            SYSTEM
            | {
                "AccountId": "reference",
                "OwnerId": "reference",
                "ContractNumber": "string",
                "Name": "string",
                "Status": "picklist",
                "StatusCode": "picklist",
                "StartDate": "date",
                "EndDate": "date",
                "CustomerSignedDate": "date",
                "Opportunity__c": "reference",
                "ERP_Legal_Entity_Id__c": "string",
                "PO_Expiration_Date__c": "date",
                "Cap_Amount__c": "currency",
            }
            | MONEY
            | VIEWED,
            {"AccountId": "Account", "OwnerId": "User", "Opportunity__c": "Opportunity"},
        ),
        SObject(
            "SOW_Line__c",
            "a0L",
            SYSTEM
            | {
                "Name": "string",
                "Contract__c": "reference",
                "Billing_Method__c": "picklist",
                "Amount__c": "currency",
                "Cap_Amount__c": "currency",
                "Discount__c": "percent",
                "Rate_Card__c": "reference",
                "ERP_Billing_Calendar_Id__c": "string",
                "Passthrough_Basis__c": "picklist",
                "Passthrough_Markup__c": "percent",
                "Expense_Policy__c": "picklist",
                "Expense_Markup__c": "percent",
                "Expense_Cap__c": "currency",
                "Expense_Categories__c": "multipicklist",
                "No_Charge__c": "boolean",
                "Rev_Rec_Method__c": "picklist",
                "Estimate_At_Completion__c": "currency",
                "Start_Date__c": "date",
                "End_Date__c": "date",
                "Final_Invoice_Date__c": "date",
                "Effective_Value__c": "currency",
                "Discount_End_Date__c": "date",
                "Discount_Tiers__c": "string",
                "Tier_Mode__c": "picklist",
                "Uplift__c": "percent",
                "Uplift_Date__c": "date",
                "Uplift_Notice_Due_Date__c": "date",
                "Uplift_Notice_Date__c": "date",
                "Minimum_Commitment__c": "currency",
                "Minimum_Commitment_Period__c": "picklist",
                "Retainage__c": "percent",
                "Retainage_Release_Date__c": "date",
                "Overage_Rate__c": "currency",
                "Late_Fee__c": "percent",
                "Estimated_Hours__c": "double",
            }
            | MONEY
            | VIEWED,
            {"Contract__c": "Contract", "Rate_Card__c": "Rate_Card__c"},
            formulas=frozenset({"Effective_Value__c"}),
            scales={"Estimated_Hours__c": 2},
        ),
        SObject(
            "Rate_Card__c",
            "a0R",
            SYSTEM
            | {
                "Name": "string",
                "Scope__c": "picklist",
                "SOW_Line__c": "reference",
                "Contract__c": "reference",
                "Account__c": "reference",
            }
            | MONEY,
            {"SOW_Line__c": "SOW_Line__c", "Contract__c": "Contract", "Account__c": "Account"},
        ),
        SObject(
            "Rate_Card_Line__c",
            "a0S",
            SYSTEM
            | {
                "Name": "string",
                "Rate_Card__c": "reference",
                "Role__c": "string",
                "Resource_Email__c": "email",
                "Hourly_Rate__c": "currency",
                "Valid_From__c": "date",
                "Valid_To__c": "date",
            }
            | MONEY,
            {"Rate_Card__c": "Rate_Card__c"},
        ),
        SObject(
            "Change_Order__c",
            "a0C",
            SYSTEM
            | {
                "Name": "string",
                "Contract__c": "reference",
                "SOW_Line__c": "reference",
                "Status__c": "picklist",
                "Requested_Date__c": "date",
                "Approved_Date__c": "date",
                "Effective_Date__c": "date",
                "Amount__c": "currency",
                "Cap_Change__c": "currency",
                "Expiration_Date__c": "date",
            }
            | MONEY,
            {"Contract__c": "Contract", "SOW_Line__c": "SOW_Line__c"},
        ),
    )
}
