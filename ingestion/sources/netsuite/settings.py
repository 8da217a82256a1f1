"""What this source assumes of an account: limits, and the names of its custom fields and records.

Every name below can be overridden per account, see README.md.
"""

from __future__ import annotations

from datetime import timedelta

PAGE_SIZE = 1000
"""NetSuite's largest page."""
MAX_IN_LIST = 900
"""Oracle accepts at most 1000 values in an IN list."""
TIME_ZONE = "America/Los_Angeles"
"""The session's time zone unless configured: the one that new accounts start with."""
OVERLAP = timedelta(hours=2)
"""Read again on each run: late commits, and the hour that a time zone repeats when summer time ends."""
BACKOFF_SECONDS = 1.0
"""First wait after a refused request; it doubles. NetSuite sends no Retry-After with its concurrency limit."""

TRANSACTION_TYPES = ("CustInvc", "CustCred", "CustPymt", "Journal")
"""Invoices, credit memos, customer payments, and journals (project costs); all other types stay unread."""

RECORD_NAMES = {"averagerate": "customrecord_average_rate"}
"""Raw object -> SuiteQL record, where the two differ."""

FIELD_NAMES = {
    "averagerate.fromcurrency": "custrecord_avg_from_currency",
    "averagerate.tocurrency": "custrecord_avg_to_currency",
    "averagerate.ratedate": "custrecord_avg_date",
    "averagerate.rate": "custrecord_avg_rate",
    "averagerate.lastmodifieddate": "lastmodified",
    "billingschedule.cutoff_day": "custrecord_cutoff_day",
    "charge.source_type": "custrecord_charge_source_type",
    "charge.source_id": "custrecord_charge_source_id",
    "customer.merged_into": "custentity_merged_into",
    "customer.tax_id": "vatregnumber",
    "revenueelement.crm_contract_line": "custrecord_crm_contract_line",
    "transaction.credit_reason": "custbody_credit_reason",
    "transaction.invoice_date": "custbody_invoice_date",
    "transaction.sent_date": "custbody_sent_date",
    "transactionline.crm_contract_line": "custcol_crm_contract_line",
    "transactionline.resource_email": "custcol_resource_email",
    "transactionline.service_from": "custcol_service_from",
    "transactionline.service_to": "custcol_service_to",
}
"""Raw object.column -> the field of this account that holds it."""
