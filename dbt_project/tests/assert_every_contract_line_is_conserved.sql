{{ config(severity='error', meta={'dagster': {'ref': {'name': 'ledger__contract_lines'}}}) }}
-- Entitled value lies in exactly one place: the residual is 0.00 for every contract line and currency.
select
  ledger_contract_line_id,
  residual_amount
from {{ ref('ledger__contract_lines') }}
where residual_amount <> 0
