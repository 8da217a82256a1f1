"""What this source assumes of an environment: limits, and the names of its entities and custom fields.

Every name below can be overridden per environment, see README.md.
"""

from __future__ import annotations

from datetime import timedelta

AUTHORITY_URL = "https://login.microsoftonline.com"
API_VERSION = "9.2"
DATAVERSE_PAGE_ROWS = 5000
"""Dataverse's largest page."""
FINANCE_PAGE_ROWS = 10_000
"""The largest page of Finance."""
OVERLAP = timedelta(minutes=10)
"""Dataverse: versions known since this long before the last reading are compared with what change tracking sends."""
TRAILING = timedelta(days=120)
"""Finance: posted documents and transactions are read again from this long before the last reading; ledger periods
that are older are closed."""
READINGS = 2
"""How often a Finance entity is read when records came or went between its pages."""

TABLES = {
    "transactioncurrency": "transactioncurrency",
    "account": "account",
    "msdyn_project": "msdyn_project",
    "salesorder": "salesorder",
    "salesorderdetail": "salesorderdetail",
    "changeorder": "new_changeorder",
    "bookableresource": "bookableresource",
    "msdyn_invoicefrequency": "msdyn_invoicefrequency",
    "invoice": "invoice",
    "invoicedetail": "invoicedetail",
    "msdyn_invoicelinetransaction": "msdyn_invoicelinetransaction",
    "msdyn_actual": "msdyn_actual",
    "msdyn_transactionconnection": "msdyn_transactionconnection",
    "integrationlog": "new_integrationlog",
}
"""Raw object -> logical name of its Dataverse table."""

ENTITY_SETS = {
    "legal_entity": "LegalEntities",
    "ledger": "Ledgers",
    "country_region": "AddressCountryRegions",
    "payment_term": "PaymentTerms",
    "customer": "CustomersV3",
    "trading_partnership": "IntercompanyTradingPartnerships",
    "exchange_rate": "ExchangeRates",
    "project": "ProjectsV2",
    "project_invoice": "ProjectInvoiceHeaders",
    "project_invoice_line": "ProjectInvoiceLines",
    "free_text_invoice": "FreeTextInvoiceHeaders",
    "free_text_invoice_line": "FreeTextInvoiceLines",
    "payment_journal": "CustomerPaymentJournalHeaders",
    "payment_line": "CustomerPaymentJournalLines",
    "payment_settlement": "CustomerPaymentJournalLineSettledInvoices",
    "dispute": "CustDisputes",
    "write_off": "CustomerInvoiceWriteOffs",
    "project_transaction": "ProjectPostedTransactions",
    "revenue_schedule": "ProjectRevenueSchedules",
    "contract_balance": "ProjectContractBalances",
    "wip_posting": "ProjectWIPPostings",
}
"""Raw object -> public entity set of Finance."""

FIELD_NAMES = {
    "msdyn_project.externalid": "new_externalid",
    "salesorder.externalid": "new_externalid",
    "salesorderdetail.externalid": "new_externalid",
    "changeorder.changeorderid": "new_changeorderid",
    "changeorder.name": "new_name",
    "changeorder.externalid": "new_externalid",
    "changeorder._contractlineid_value": "_new_contractlineid_value",
    "changeorder.amount": "new_amount",
    "changeorder.capamount": "new_capamount",
    "bookableresource.email": "msdyn_primaryemail",
    "msdyn_invoicefrequency.period": "msdyn_period",
    "msdyn_invoicefrequency.cutoffday": "new_cutoffday",
    "invoicedetail.servicefrom": "new_servicefrom",
    "invoicedetail.serviceto": "new_serviceto",
    "invoicedetail.projectcategory": "new_projectcategory",
    "integrationlog.integrationlogid": "new_integrationlogid",
    "integrationlog.recordtype": "new_recordtype",
    "integrationlog.recordid": "new_recordid",
    "integrationlog.fromdomain": "new_fromdomain",
    "integrationlog.todomain": "new_todomain",
    "integrationlog.attempt": "new_attempt",
    "integrationlog.status": "new_status",
    "integrationlog.errorclass": "new_errorclass",
    "integrationlog.istransient": "new_istransient",
    "integrationlog.occurredat": "new_occurredat",
    "customer.TaxExemptNumber": "TaxExemptNumber",
    "project_invoice.SentDate": "SentDate",
    "project_invoice.IsAwaitingDelivery": "IsAwaitingDelivery",
    "project_invoice.ReasonCode": "ReasonCode",
    "project_invoice.RejectedDate": "RejectedDate",
    "project_invoice.RejectionReason": "RejectionReason",
    "free_text_invoice.SentDate": "SentDate",
    "free_text_invoice.IsAwaitingDelivery": "IsAwaitingDelivery",
    "free_text_invoice.ReasonCode": "ReasonCode",
    "free_text_invoice.RejectedDate": "RejectedDate",
    "free_text_invoice.RejectionReason": "RejectionReason",
    "free_text_invoice_line.ContractLineReference": "ContractLineReference",
    "payment_settlement.WithholdingTaxAmount": "WithholdingTaxAmount",
    "payment_settlement.DeductionAmount": "DeductionAmount",
    "payment_settlement.DeductionReason": "DeductionReason",
    "dispute.InvoiceNumber": "InvoiceNumber",
    "dispute.InvoiceLineNumber": "InvoiceLineNumber",
    "dispute.OpenedDate": "OpenedDate",
}
"""Raw object.field -> the column of this environment that holds it."""
