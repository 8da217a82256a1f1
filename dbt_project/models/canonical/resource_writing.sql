-- E-mail addresses that systems write on records to say which person they mean.
with mentions as (
  {% for entity, column in [
    ('invoice_line', 'resource_ref'), ('expense_item', 'resource_ref'), ('rate_card_line', 'resource_ref'),
    ('project', 'manager_ref')] %}
  select
    source_domain,
    source_system,
    lower({{ column }}) as email
  from ({{ union_mapped(entity) }}) as source
  where {{ column }} is not null
  {{ 'union all' if not loop.last }}
  {% endfor %}
)

select
  {{ entity_id('source_system', 'email') }} as resource_writing_id,
  min(source_domain) as source_domain,
  source_system,
  email
from mentions
group by source_system, email
