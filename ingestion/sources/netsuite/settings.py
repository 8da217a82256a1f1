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

TRANSACTION_TYPES = ("CustInvc", "CustCred", "CustPymt", "Journal", "SalesOrd")
"""Invoices, credit memos, customer payments, journals (project costs, work in progress, write-offs) and sales orders
(contract lines); all other types stay unread."""

RECORD_NAMES = {
    "averagerate": "customrecord_average_rate",
    "changeorder": "customrecord_change_order",
    "contractbalance": "customrecord_contract_balance",
    "dispute": "customrecord_invoice_dispute",
    "integrationlog": "customrecord_integration_log",
}
"""Raw object -> SuiteQL record, where the two differ."""

FIELD_NAMES = {
    "averagerate.fromcurrency": "custrecord_avg_from_currency",
    "averagerate.tocurrency": "custrecord_avg_to_currency",
    "averagerate.ratedate": "custrecord_avg_date",
    "averagerate.rate": "custrecord_avg_rate",
    "averagerate.lastmodifieddate": "lastmodified",
    "billingschedule.cutoff_day": "custrecord_cutoff_day",
    "changeorder.amount": "custrecord_co_amount",
    "changeorder.cap_amount": "custrecord_co_cap_amount",
    "changeorder.createddate": "created",
    "changeorder.crm_change_order": "custrecord_co_crm_id",
    "changeorder.crm_contract_line": "custrecord_co_crm_contract_line",
    "changeorder.currency": "custrecord_co_currency",
    "changeorder.lastmodifieddate": "lastmodified",
    "charge.source_type": "custrecord_charge_source_type",
    "charge.source_id": "custrecord_charge_source_id",
    "contractbalance.book": "custrecord_cb_book",
    "contractbalance.contract_asset": "custrecord_cb_contract_asset",
    "contractbalance.contract_liability": "custrecord_cb_liability",
    "contractbalance.crm_contract": "custrecord_cb_crm_contract",
    "contractbalance.currency": "custrecord_cb_currency",
    "contractbalance.lastmodifieddate": "lastmodified",
    "contractbalance.loss_provision": "custrecord_cb_loss_provision",
    "contractbalance.period": "custrecord_cb_period",
    "contractbalance.unbilled_receivable": "custrecord_cb_unbilled",
    "customer.merged_into": "custentity_merged_into",
    "customer.representingsubsidiary": "representingsubsidiary",
    "customer.tax_id": "vatregnumber",
    "dispute.amount": "custrecord_dispute_amount",
    "dispute.currency": "custrecord_dispute_currency",
    "dispute.invoice": "custrecord_dispute_invoice",
    "dispute.invoice_line": "custrecord_dispute_line",
    "dispute.lastmodifieddate": "lastmodified",
    "dispute.opened": "custrecord_dispute_opened",
    "dispute.reason": "custrecord_dispute_reason",
    "dispute.resolved": "custrecord_dispute_resolved",
    "integrationlog.attempt": "custrecord_log_attempt",
    "integrationlog.error": "custrecord_log_error",
    "integrationlog.from_system": "custrecord_log_from",
    "integrationlog.is_transient": "custrecord_log_transient",
    "integrationlog.lastmodifieddate": "lastmodified",
    "integrationlog.occurred": "custrecord_log_occurred",
    "integrationlog.record_id": "custrecord_log_record_id",
    "integrationlog.record_type": "custrecord_log_record_type",
    "integrationlog.status": "custrecord_log_status",
    "integrationlog.to_system": "custrecord_log_to",
    "revenueelement.crm_contract_line": "custrecord_crm_contract_line",
    "subsidiary.time_zone": "custrecord_time_zone",
    "transaction.accounting_book": "custbody_accounting_book",
    "transaction.approved_by": "custbody_approved_by",
    "transaction.approver_role": "custbody_approver_role",
    "transaction.awaits_sending": "tobeprinted",
    "transaction.credit_reason": "custbody_credit_reason",
    "transaction.deduction": "custbody_deduction",
    "transaction.deduction_reason": "custbody_deduction_reason",
    "transaction.invoice_date": "custbody_invoice_date",
    "transaction.journal_purpose": "custbody_journal_purpose",
    "transaction.rejected_date": "custbody_rejected_date",
    "transaction.rejection_reason": "custbody_rejection_reason",
    "transaction.sent_date": "custbody_sent_date",
    "transaction.withholding_tax": "custbody_withholding_tax",
    "transaction.write_off_reason": "custbody_write_off_reason",
    "transaction.written_off_invoice": "custbody_written_off_invoice",
    "transactionline.crm_contract_line": "custcol_crm_contract_line",
    "transactionline.resource_email": "custcol_resource_email",
    "transactionline.service_from": "custcol_service_from",
    "transactionline.service_to": "custcol_service_to",
    "transactionline.wip_source_id": "custcol_wip_source_id",
    "transactionline.wip_source_type": "custcol_wip_source_type",
}
"""Raw object.column -> the field of this account that holds it; an empty name: the account has no such field."""
