-- By the business date and by what was known: a person's later decision changes no earlier answer.
select
  decision_id,
  exception_id,
  decision,
  until_date,
  reason,
  decided_by,
  decided_at,
  as_of_date,
  amount,
  currency
from {{ source('control', 'exception_decision') }}
where {{ known_by_then('decided_at') }} and as_of_date <= {{ as_of_date() }}
