{{ config(severity='error', meta={'dagster': {'ref': {'name': 'leakage__finding_events'}}}) }}
-- Every event leaves open what the events up to it add up to; recovered money is taken off.
with running as (
  select
    finding_event_id,
    finding_id,
    open_amount,
    sum(
      case
        when event_type = 'recovered' then -amount
        when event_type in ('accepted', 'rejected') then 0
        else coalesce(amount, 0)
      end
    ) over (
      partition by finding_id
      order by event_number asc nulls last
      rows between unbounded preceding and current row
    ) as expected_amount
  from {{ ref('leakage__finding_events') }}
)

select *
from running
where open_amount <> expected_amount
