"""The SuiteQL tables of the stand-in, their columns and types, and what ``BUILTIN.DF`` shows of them.

Ids are whole numbers, flags are the letters T and F, money is exact; datetimes are local to the session's time zone.
Names that begin with ``cust`` are custom fields, as an implementation partner would have added them.
"""

from __future__ import annotations

ID, TEXT, FLAG, DATE, DATETIME = "BIGINT", "VARCHAR", "VARCHAR", "DATE", "TIMESTAMP"
AMOUNT, QUANTITY, RATE = "DECIMAL(20,4)", "DECIMAL(18,6)", "DECIMAL(20,8)"

TABLES: dict[str, dict[str, str]] = {
    "subsidiary": {
        "id": ID, "name": TEXT, "fullname": TEXT, "parent": ID, "currency": ID, "country": TEXT,
        "custrecord_time_zone": TEXT, "iselimination": FLAG, "isinactive": FLAG, "lastmodifieddate": DATETIME,
    },
    "currency": {
        "id": ID, "symbol": TEXT, "name": TEXT, "isbasecurrency": FLAG, "currencyprecision": ID, "isinactive": FLAG,
    },
    "currencyrate": {
        "id": ID, "transactioncurrency": ID, "basecurrency": ID, "effectivedate": DATE, "exchangerate": RATE,
        "lastmodifieddate": DATETIME,
    },
    "customrecord_average_rate": {
        "id": ID, "custrecord_avg_from_currency": ID, "custrecord_avg_to_currency": ID, "custrecord_avg_date": DATE,
        "custrecord_avg_rate": RATE, "isinactive": FLAG, "lastmodified": DATETIME,
    },
    "term": {"id": ID, "name": TEXT, "daysuntilnetdue": ID, "isinactive": FLAG},
    "accountingperiod": {
        "id": ID, "periodname": TEXT, "startdate": DATE, "enddate": DATE, "isposting": FLAG, "isquarter": FLAG,
        "isyear": FLAG, "isadjust": FLAG, "closed": FLAG, "lastmodifieddate": DATETIME,
    },
    "accountingbook": {"id": ID, "name": TEXT, "isprimary": FLAG},
    "customer": {
        "id": ID, "entityid": TEXT, "externalid": TEXT, "altname": TEXT, "companyname": TEXT, "parent": ID,
        "isperson": FLAG, "isinactive": FLAG, "currency": ID, "terms": ID, "defaultbillingaddress": ID,
        "custentity_merged_into": ID, "vatregnumber": TEXT, "representingsubsidiary": ID,
        "datecreated": DATETIME, "lastmodifieddate": DATETIME,
    },
    "entityaddress": {"nkey": ID, "addressee": TEXT, "country": TEXT},
    "customersubsidiaryrelationship": {"id": ID, "entity": ID, "subsidiary": ID, "isprimarysub": FLAG},
    "job": {
        "id": ID, "entityid": TEXT, "externalid": TEXT, "altname": TEXT, "companyname": TEXT, "customer": ID,
        "startdate": DATE, "calculatedenddate": DATE, "isinactive": FLAG, "datecreated": DATETIME,
        "lastmodifieddate": DATETIME,
    },
    "billingschedule": {
        "id": ID, "externalid": TEXT, "name": TEXT, "scheduletype": TEXT, "frequency": TEXT, "isinactive": FLAG,
        "custrecord_cutoff_day": ID,
    },
    "item": {
        "id": ID, "itemid": TEXT, "displayname": TEXT, "itemtype": TEXT, "isinactive": FLAG, "createddate": DATETIME,
        "lastmodifieddate": DATETIME,
    },
    "transaction": {
        "id": ID, "tranid": TEXT, "type": TEXT, "recordtype": TEXT, "trandate": DATE, "duedate": DATE, "entity": ID,
        "currency": ID, "foreigntotal": AMOUNT, "status": TEXT, "approvalstatus": ID, "posting": FLAG, "voided": FLAG,
        "postingperiod": ID, "createdfrom": ID, "externalid": TEXT, "memo": TEXT, "tobeprinted": FLAG,
        "custbody_invoice_date": DATE,
        "custbody_sent_date": DATE, "custbody_credit_reason": TEXT, "custbody_rejected_date": DATE,
        "custbody_rejection_reason": TEXT, "custbody_withholding_tax": AMOUNT, "custbody_deduction": AMOUNT,
        "custbody_deduction_reason": TEXT, "custbody_written_off_invoice": ID, "custbody_write_off_reason": TEXT,
        "custbody_approved_by": TEXT, "custbody_approver_role": TEXT, "custbody_journal_purpose": TEXT,
        "custbody_accounting_book": ID, "createddate": DATETIME, "lastmodifieddate": DATETIME,
    },
    "transactionline": {
        "uniquekey": ID, "transaction": ID, "id": ID, "linesequencenumber": ID, "mainline": FLAG, "taxline": FLAG,
        "accountinglinetype": TEXT, "entity": ID, "subsidiary": ID, "item": ID, "memo": TEXT, "quantity": QUANTITY,
        "rate": RATE, "foreignamount": AMOUNT, "custcol_crm_contract_line": TEXT, "custcol_resource_email": TEXT,
        "custcol_service_from": DATE, "custcol_service_to": DATE, "custcol_wip_source_type": TEXT,
        "custcol_wip_source_id": TEXT, "linelastmodifieddate": DATETIME,
    },
    "nexttransactionlinelink": {
        "previousdoc": ID, "previousline": ID, "previoustype": TEXT, "nextdoc": ID, "nextline": ID, "nexttype": TEXT,
        "linktype": TEXT, "foreignamount": AMOUNT, "lastmodifieddate": DATETIME,
    },
    "timebill": {
        "id": ID, "externalid": TEXT, "customer": ID, "trandate": DATE, "hours": QUANTITY, "isbillable": FLAG,
        "approvalstatus": ID, "memo": TEXT, "createddate": DATETIME, "lastmodifieddate": DATETIME,
    },
    "charge": {
        "id": ID, "billto": ID, "chargedate": DATE, "chargetype": TEXT, "stage": TEXT, "use": TEXT,
        "quantity": QUANTITY, "amount": AMOUNT, "currency": ID, "timerecord": ID, "invoice": ID, "invoiceline": ID,
        "creditmemo": ID, "creditmemoline": ID, "custrecord_charge_source_type": TEXT, "custrecord_charge_source_id": TEXT,
        "createddate": DATETIME, "lastmodifieddate": DATETIME,
    },
    "revenueelement": {
        "id": ID, "currency": ID, "custrecord_crm_contract_line": TEXT, "lastmodifieddate": DATETIME,
    },
    "revenueplan": {
        "id": ID, "createdfrom": ID, "revenueplantype": TEXT, "recognitionmethod": TEXT, "accountingbook": ID,
        "amount": AMOUNT, "lastmodifieddate": DATETIME,
    },
    "revenueplanplannedrevenue": {
        "id": ID, "revenueplan": ID, "plannedperiod": ID, "postingperiod": ID, "amount": AMOUNT, "isrecognized": FLAG,
        "dateexecuted": DATE, "lastmodifieddate": DATETIME,
    },
    "customrecord_invoice_dispute": {
        "id": ID, "custrecord_dispute_invoice": ID, "custrecord_dispute_line": ID, "custrecord_dispute_amount": AMOUNT,
        "custrecord_dispute_currency": ID, "custrecord_dispute_reason": TEXT, "custrecord_dispute_opened": DATE,
        "custrecord_dispute_resolved": DATE, "isinactive": FLAG, "created": DATETIME, "lastmodified": DATETIME,
    },
    "customrecord_change_order": {
        "id": ID, "custrecord_co_crm_id": TEXT, "custrecord_co_crm_contract_line": TEXT, "custrecord_co_amount": AMOUNT,
        "custrecord_co_cap_amount": AMOUNT, "custrecord_co_currency": ID, "isinactive": FLAG, "created": DATETIME,
        "lastmodified": DATETIME,
    },
    "customrecord_contract_balance": {
        "id": ID, "custrecord_cb_crm_contract": TEXT, "custrecord_cb_period": ID, "custrecord_cb_book": ID,
        "custrecord_cb_contract_asset": AMOUNT, "custrecord_cb_unbilled": AMOUNT, "custrecord_cb_liability": AMOUNT,
        "custrecord_cb_loss_provision": AMOUNT, "custrecord_cb_currency": ID, "isinactive": FLAG, "created": DATETIME,
        "lastmodified": DATETIME,
    },
    "customrecord_integration_log": {
        "id": ID, "custrecord_log_record_type": TEXT, "custrecord_log_record_id": TEXT, "custrecord_log_from": TEXT,
        "custrecord_log_to": TEXT, "custrecord_log_attempt": ID, "custrecord_log_status": TEXT,
        "custrecord_log_error": TEXT, "custrecord_log_transient": FLAG, "custrecord_log_occurred": DATETIME,
        "isinactive": FLAG, "created": DATETIME, "lastmodified": DATETIME,
    },
    "deletedrecord": {
        "recordid": ID, "recordtypeid": ID, "type": TEXT, "name": TEXT, "deleteddate": DATETIME, "context": TEXT,
        "iscustomrecord": FLAG,
    },
    "dual": {"dummy": TEXT},
}  # fmt: skip

# What BUILTIN.DF shows: for a reference the name of the record it points to, for an enumeration its label.
REFERENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("subsidiary", "currency"): ("currency", "name"),
    ("customer", "currency"): ("currency", "name"),
    ("customer", "terms"): ("term", "name"),
    ("job", "customer"): ("customer", "altname"),
    ("transaction", "currency"): ("currency", "name"),
    ("transaction", "entity"): ("customer", "altname"),
    ("transaction", "postingperiod"): ("accountingperiod", "periodname"),
    ("transactionline", "subsidiary"): ("subsidiary", "name"),
    ("transactionline", "item"): ("item", "itemid"),
    ("customer", "representingsubsidiary"): ("subsidiary", "name"),
    ("charge", "currency"): ("currency", "name"),
    ("revenueplan", "accountingbook"): ("accountingbook", "name"),
    ("revenueplanplannedrevenue", "plannedperiod"): ("accountingperiod", "periodname"),
}
TRANSACTION_STATUS: dict[tuple[str, str], str] = {
    ("CustInvc", "A"): "Invoice : Open",
    ("CustInvc", "B"): "Invoice : Paid In Full",
    ("CustInvc", "D"): "Invoice : Pending Approval",
    ("CustInvc", "V"): "Invoice : Voided",
    ("CustCred", "A"): "Credit Memo : Open",
    ("CustCred", "B"): "Credit Memo : Fully Applied",
    ("CustCred", "D"): "Credit Memo : Pending Approval",
    ("CustCred", "V"): "Credit Memo : Voided",
    ("CustPymt", "C"): "Payment : Deposited",
    ("Journal", "B"): "Journal : Approved for Posting",
    ("SalesOrd", "F"): "Sales Order : Pending Billing",
}
LABELS: dict[tuple[str, str], dict[str, str]] = {
    ("transaction", "type"): {
        "CustInvc": "Invoice", "CustCred": "Credit Memo", "CustPymt": "Payment", "Journal": "Journal",
        "SalesOrd": "Sales Order",
    },
    ("transaction", "approvalstatus"): {"1": "Pending Approval", "2": "Approved", "3": "Rejected"},
}  # fmt: skip
