-- What Finance has posted, as it was posted; Dataverse adds whom and what a line is about. Proforma lines of documents
-- that are not posted come from Dataverse alone.
with posted_lines as (
  select
    coalesce(lines.proforma_line_id, lines.company || '-' || lines.invoice_number || '-' || lines.line_number) as source_id,
    lines.is_deleted or headers.is_deleted as is_deleted,
    coalesce(headers.proforma_invoice_id, headers.company || '-' || headers.invoice_number) as invoice_source_id,
    lines.proforma_line_id,
    lines.company,
    lines.project_number,
    lines.category_code,
    lines.description,
    lines.quantity,
    lines.unit_price,
    lines.net_amount,
    headers.currency_code
  from {{ ref('stg_dynamics365__project_invoice_lines') }} as lines
  inner join {{ ref('stg_dynamics365__project_invoices') }} as headers
    on lines.company = headers.company and lines.invoice_number = headers.invoice_number
),

proforma_people as (
  select
    details.proforma_line_id,
    max(resources.email) as email
  from {{ ref('stg_dynamics365__line_details') }} as details
  inner join {{ ref('stg_dynamics365__resources') }} as resources
    on details.resource_id = resources.resource_id
  where not details.is_deleted
  group by details.proforma_line_id
  having count(distinct resources.email) = 1
),

project_numbers as (
  select
    project_id,
    min(project_number) as project_number
  from {{ ref('stg_dynamics365__ledger_projects') }}
  where not is_deleted
  group by project_id
),

proforma_lines as (
  select
    lines.proforma_line_id,
    lines.proforma_invoice_id,
    contract_lines.external_id as contract_line_ref,
    -- A project that the ledger knows by its own number alone is found by that.
    coalesce(projects.external_id, project_numbers.project_number) as project_ref,
    people.email as resource_ref,
    lines.category_code,
    lines.description,
    lines.quantity,
    lines.unit_price,
    lines.net_amount,
    currencies.currency_code,
    lines.service_from_date,
    lines.service_to_date,
    lines.updated_at,
    lines.is_deleted
  from {{ ref('stg_dynamics365__proforma_lines') }} as lines
  left join {{ ref('stg_dynamics365__contract_lines') }} as contract_lines
    on lines.contract_line_id = contract_lines.contract_line_id
  left join {{ ref('stg_dynamics365__projects') }} as projects
    on lines.project_id = projects.project_id
  left join project_numbers
    on lines.project_id = project_numbers.project_id
  left join proforma_people as people
    on lines.proforma_line_id = people.proforma_line_id
  left join {{ ref('stg_dynamics365__currencies') }} as currencies
    on lines.currency_id = currencies.currency_id
),

ledger_projects as (
  select
    numbers.company,
    numbers.project_number,
    projects.external_id
  from {{ ref('stg_dynamics365__ledger_projects') }} as numbers
  left join {{ ref('stg_dynamics365__projects') }} as projects
    on numbers.project_id = projects.project_id
)

select
  posted_lines.source_id,
  proforma_lines.updated_at as source_updated_at,
  posted_lines.is_deleted,
  posted_lines.invoice_source_id,
  proforma_lines.contract_line_ref,
  coalesce(ledger_projects.external_id, proforma_lines.project_ref, posted_lines.project_number) as project_ref,
  proforma_lines.resource_ref,
  coalesce(posted_lines.description, proforma_lines.description) as description,
  cast(posted_lines.quantity as decimal(9, 4)) as quantity,
  cast(posted_lines.unit_price as decimal(18, 6)) as unit_price,
  cast(posted_lines.net_amount as decimal(18, 4)) as net_amount,
  posted_lines.currency_code as currency,
  proforma_lines.service_from_date,
  proforma_lines.service_to_date,
  {{ finance_line_type('coalesce(posted_lines.category_code, proforma_lines.category_code)') }} as line_type
from posted_lines
left join proforma_lines
  on posted_lines.proforma_line_id = proforma_lines.proforma_line_id
left join ledger_projects
  on posted_lines.company = ledger_projects.company and posted_lines.project_number = ledger_projects.project_number

union all

select
  lines.proforma_line_id as source_id,
  lines.updated_at as source_updated_at,
  lines.is_deleted,
  lines.proforma_invoice_id as invoice_source_id,
  lines.contract_line_ref,
  lines.project_ref,
  lines.resource_ref,
  lines.description,
  cast(lines.quantity as decimal(9, 4)) as quantity,
  cast(lines.unit_price as decimal(18, 6)) as unit_price,
  cast(lines.net_amount as decimal(18, 4)) as net_amount,
  lines.currency_code as currency,
  lines.service_from_date,
  lines.service_to_date,
  {{ finance_line_type('lines.category_code') }} as line_type
from proforma_lines as lines
left join {{ ref('stg_dynamics365__project_invoices') }} as posted
  on lines.proforma_invoice_id = posted.proforma_invoice_id
where posted.invoice_number is null

union all

select
  lines.company || '-' || lines.free_text_number || '-' || lines.line_number as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  lines.is_deleted or headers.is_deleted as is_deleted,
  lines.company || '-' || lines.free_text_number as invoice_source_id,
  lines.crm_contract_line_id as contract_line_ref,
  coalesce(ledger_projects.external_id, lines.project_number) as project_ref,
  cast(null as {{ dbt.type_string() }}) as resource_ref,
  lines.description,
  cast(lines.quantity as decimal(9, 4)) as quantity,
  cast(lines.unit_price as decimal(18, 6)) as unit_price,
  cast(lines.net_amount as decimal(18, 4)) as net_amount,
  headers.currency_code as currency,
  cast(null as date) as service_from_date,
  cast(null as date) as service_to_date,
  {{ finance_line_type('lines.category_code') }} as line_type
from {{ ref('stg_dynamics365__free_text_invoice_lines') }} as lines
inner join {{ ref('stg_dynamics365__free_text_invoices') }} as headers
  on lines.company = headers.company and lines.free_text_number = headers.free_text_number
left join ledger_projects
  on lines.company = ledger_projects.company and lines.project_number = ledger_projects.project_number
