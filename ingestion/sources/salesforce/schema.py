"""The raw objects of Salesforce with their declared fields, in the API's own names.

Money is exact decimal in the record's ``CurrencyIsoCode``, percentages are in percent, ``date`` fields are the
org's calendar days, datetimes are UTC. ``IsDeleted`` is a column: a record in the recycle bin stays, flagged.
"""

from __future__ import annotations

from ingestion.raw import RawObject
from ingestion.sources.salesforce import settings
from ingestion.sources.salesforce.catalog import CURRENCY, MONEY, PERCENT, RATE, Catalog, record_object, small_set

HOURS = "decimal(9,4)"

OBJECTS: dict[str, RawObject] = {
    o.name: o
    for o in (
        small_set("organization", {"Name": "text", "DefaultCurrencyIsoCode": "text"}),
        small_set(
            "opportunity_stage",
            {
                "ApiName": "text",
                "MasterLabel": "text",
                "IsActive": "bool",
                "IsClosed": "bool",
                "IsWon": "bool",
                "DefaultProbability": PERCENT,
                "ForecastCategoryName": "text",
                "SortOrder": "bigint",
            },
        ),
        record_object(
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
            | CURRENCY,
        ),
        record_object(
            "opportunity",
            {
                "Name": "text",
                "AccountId": "text",
                "OwnerId": "text",
                "StageName": "text",
                "IsClosed": "bool",
                "IsWon": "bool",
                "Amount": MONEY,
                "Probability": PERCENT,
                "CloseDate": "date",
                "ForecastCategoryName": "text",
            }
            | CURRENCY,
        ),
        record_object(
            "opportunity_history",
            {
                "OpportunityId": "text",
                "StageName": "text",
                "Amount": MONEY,
                "Probability": PERCENT,
                "CloseDate": "date",
            }
            | CURRENCY,
        ),
        record_object(
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
                "Cap_Amount__c": MONEY,
            }
            | CURRENCY,
        ),
        record_object(
            "sow_line",
            {
                "Name": "text",
                "Contract__c": "text",
                "Billing_Method__c": "text",
                "Amount__c": MONEY,
                "Cap_Amount__c": MONEY,
                "Discount__c": PERCENT,
                "Rate_Card__c": "text",
                "ERP_Billing_Calendar_Id__c": "text",
                "Passthrough_Basis__c": "text",
                "Passthrough_Markup__c": PERCENT,
                "Expense_Policy__c": "text",
                "Expense_Markup__c": PERCENT,
                "Expense_Cap__c": MONEY,
                "Expense_Categories__c": "text",
                "No_Charge__c": "bool",
                "Rev_Rec_Method__c": "text",
                "Estimate_At_Completion__c": MONEY,
                "Start_Date__c": "date",
                "End_Date__c": "date",
                "Final_Invoice_Date__c": "date",
                "Discount_End_Date__c": "date",
                "Discount_Tiers__c": "text",
                "Tier_Mode__c": "text",
                "Uplift__c": PERCENT,
                "Uplift_Date__c": "date",
                "Uplift_Notice_Due_Date__c": "date",
                "Uplift_Notice_Date__c": "date",
                "Minimum_Commitment__c": MONEY,
                "Minimum_Commitment_Period__c": "text",
                "Retainage__c": PERCENT,
                "Retainage_Release_Date__c": "date",
                "Overage_Rate__c": RATE,
                "Late_Fee__c": PERCENT,
                "Estimated_Hours__c": HOURS,
            }
            | CURRENCY,
        ),
        record_object(
            "rate_card",
            {
                "Name": "text",
                "Scope__c": "text",
                "SOW_Line__c": "text",
                "Contract__c": "text",
                "Account__c": "text",
            }
            | CURRENCY,
        ),
        record_object(
            "rate_card_line",
            {
                "Name": "text",
                "Rate_Card__c": "text",
                "Role__c": "text",
                "Resource_Email__c": "text",
                "Hourly_Rate__c": RATE,
                "Valid_From__c": "date",
                "Valid_To__c": "date",
            }
            | CURRENCY,
        ),
        record_object(
            "change_order",
            {
                "Name": "text",
                "Contract__c": "text",
                "SOW_Line__c": "text",
                "Status__c": "text",
                "Requested_Date__c": "date",
                "Approved_Date__c": "date",
                "Effective_Date__c": "date",
                "Amount__c": MONEY,
                "Cap_Change__c": MONEY,
                "Expiration_Date__c": "date",
            }
            | CURRENCY,
        ),
    )
}

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

CATALOG = Catalog("salesforce", OBJECTS, settings.API_NAMES, ESSENTIAL)
