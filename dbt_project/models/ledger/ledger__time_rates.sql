with {{ card_rates(ref('ledger__work'), 'time_entry_id') }}

select
  time_entry_id,
  rate_card_line_id,
  rate_card_id,
  hourly_rate,
  cast(hourly_rate - card_rate as decimal(18, 6)) as uplift_rate,
  coalesce(is_uplift_lost, false) as is_uplift_lost,
  candidate_count,
  is_ambiguous
from rates
