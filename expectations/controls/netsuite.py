"""NetSuite's control totals: posted billing, cash and recognised revenue, by month and transaction currency.

The ledger is debit-positive: what a customer is billed is a credit, so its sign is turned.
"""

from __future__ import annotations

from expectations.records import Records, month

_LINK = ("nextdoc", "nextline", "previousdoc", "previousline", "linktype")


def controls(raw: Records) -> dict[str, str]:
    """Net amounts of posted invoices and credit memos, payments applied, and revenue that actual plans recognised."""
    currencies = raw.seen("currency", "id")
    return {
        "posted_invoices": f"""
            select
              {month("document.trandate")} as period,
              coalesce(currency.symbol, 'no currency') as unit,
              count(*) as records,
              sum(-cast(line.foreignamount as decimal(18, 4))) as total
            from {raw.living("transactionline", "uniquekey")} as line
            inner join {raw.living("transaction", "id")} as document on line.transaction = document.id
            left join {currencies} as currency on document.currency = currency.id
            where document.type in ('CustInvc', 'CustCred')
              and document.posting = 'T' and document.status in ('A', 'B')
              and coalesce(document.voided, 'F') <> 'T' and coalesce(document.approvalstatus, '2') = '2'
              and coalesce(line.mainline, 'F') <> 'T' and coalesce(line.taxline, 'F') <> 'T'
              and coalesce(line.accountinglinetype, 'INCOME') not in ('COGS', 'ASSET')
            group by 1, 2
        """,
        "payments": f"""
            select
              {month("payment.trandate")} as period,
              coalesce(currency.symbol, 'no currency') as unit,
              count(distinct link.nextdoc || '-' || link.previousdoc) as records,
              sum(cast(link.foreignamount as decimal(18, 4))) as total
            from {raw.living("nexttransactionlinelink", *_LINK)} as link
            inner join {raw.living("transaction", "id")} as payment on link.nextdoc = payment.id
            left join {currencies} as currency on payment.currency = currency.id
            where link.nexttype = 'CustPymt' and link.linktype = 'Payment'
              and payment.posting = 'T' and coalesce(payment.voided, 'F') <> 'T'
            group by 1, 2
        """,
        "recognised_revenue": f"""
            select
              {month("period.startdate")} as period,
              coalesce(currency.symbol, 'no currency') as unit,
              count(distinct element.id || '-' || planned.plannedperiod) as records,
              sum(case
                when plan.revenueplantype = 'ACTUAL' and planned.isrecognized = 'T'
                  then cast(planned.amount as decimal(18, 4))
                else 0
              end) as total
            from {raw.living("revenueplanplannedrevenue", "id")} as planned
            inner join {raw.seen("revenueplan", "id")} as plan on planned.revenueplan = plan.id
            inner join {raw.living("revenueelement", "id")} as element on plan.createdfrom = element.id
            left join {raw.seen("accountingperiod", "id")} as period on planned.plannedperiod = period.id
            left join {currencies} as currency on element.currency = currency.id
            where plan.revenueplantype in ('FORECAST', 'ACTUAL')
            group by 1, 2
        """,
    }
