select
  {{ entity_id('source.source_system', 'source.source_id') }} as source_resource_id,
  source.source_system,
  source.source_id,
  resource.resource_id,
  case when source.source_id = resource.source_id then 'own' else 'e-mail' end as match_method
from ({{ union_mapped('resource') }}) as source
left join {{ ref('resource') }} as resource
  on lower(coalesce(source.email, source.source_id)) = coalesce(resource.email, lower(resource.source_id))
