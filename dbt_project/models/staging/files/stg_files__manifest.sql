with latest as (
  {{ latest_version('files', 'manifest', ['path', 'sha256', 'status']) }}
),

-- When the path last held something that was taken: what was set aside before is settled by it.
taken as (
  select
    path,
    max(_extracted_at) as taken_at
  from latest
  where status in ('loaded', 'unchanged')
  group by path
)

select
  {{ dbt.hash("latest.path || '|' || latest.sha256 || '|' || latest.status") }} as manifest_id,
  latest.path,
  latest.sha256,
  latest.size as size_bytes,
  latest.feed,
  latest.status,
  latest.reason,
  latest.records as record_count,
  cast(latest.file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  cast(latest.modified_at as {{ dbt.type_timestamp() }}) as modified_at,
  cast(latest._extracted_at as {{ dbt.type_timestamp() }}) as read_at,
  latest.status = 'quarantined' and coalesce(taken.taken_at < latest._extracted_at, true) as is_unresolved
from latest
left join taken on latest.path = taken.path
