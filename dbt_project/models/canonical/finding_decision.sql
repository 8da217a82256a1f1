-- By the business date and by what was known: a person's later decision changes no earlier answer.
select
  decision_id,
  finding_id,
  decision,
  reason,
  decided_by,
  decided_at,
  as_of_date,
  verdict,
  amount,
  currency
from {{ source('control', 'finding_decision') }}
where {{ known_by_then('decided_at') }} and as_of_date <= {{ as_of_date() }}
