-- How long leakage lies before it is found: from the day of the work, cost or posting, and from the day it should have been
-- billed.
with lags as (
  select
    detector_id,
    category,
    cast({{ dbt.date_trunc('month', 'opened_date') }} as date) as found_month,
    detection_lag_days,
    {{ dbt.datediff('expected_date', 'opened_date', 'day') }} as overdue_days,
    row_number() over (
      partition by detector_id, {{ dbt.date_trunc('month', 'opened_date') }}
      order by detection_lag_days asc nulls last, finding_id asc nulls last
    ) as lag_rank,
    count(detection_lag_days) over (
      partition by detector_id, {{ dbt.date_trunc('month', 'opened_date') }}
    ) as lag_count
  from {{ ref('leakage__finding_states') }}
  where is_live
)

select
  {{ dbt.hash("detector_id || '|' || cast(found_month as " ~ dbt.type_string() ~ ")") }} as detection_lag_id,
  {{ as_of_date() }} as as_of_date,
  found_month,
  detector_id,
  category,
  cast(count(*) as {{ dbt.type_int() }}) as finding_count,
  cast(sum(case when detection_lag_days is null then 1 else 0 end) as {{ dbt.type_int() }}) as undated_count,
  cast(round(avg(detection_lag_days), 2) as decimal(18, 4)) as average_lag_days,
  -- Of an even number the lower middle one.
  max(case when 2 * lag_rank between lag_count and lag_count + 1 then detection_lag_days end) as median_lag_days,
  max(detection_lag_days) as longest_lag_days,
  cast(round(avg(overdue_days), 2) as decimal(18, 4)) as average_overdue_days
from lags
group by found_month, detector_id, category
