-- A register small enough to read: what the command line's tests show.
create schema marts;
create table marts.leakage__findings as
select * from (values
  ('aaaa1111', 'L01', 'unbilled_approved_time', 'at_risk', 'time_entry', 'psa1', '77', 'Acme', 2000.00, 'USD', 2000.00),
  ('bbbb2222', 'L12', 'rate_variance_under', 'confirmed_loss', 'time_entry', 'psa1', '78', 'Acme', 136.36, 'EUR', 150.00),
  ('bbbb3333', 'L25', 'invoice_delay', 'timing_delay', 'invoice', 'erp1', '9', 'Bolt', 0.00, 'USD', 0.00),
  ('cccc4444', 'L05', 'missing_rate', 'indeterminate', 'time_entry', 'psa1', '79', 'Bolt', null, 'USD', null)
) as f(finding_id, detector_id, category, verdict, subject_type, subject_system, subject_source_id, customer_name,
       amount, currency, base_amount);
alter table marts.leakage__findings alter amount type decimal(18, 4);
alter table marts.leakage__findings alter base_amount type decimal(18, 4);
alter table marts.leakage__findings add column is_counted boolean;
update marts.leakage__findings set is_counted = verdict in ('at_risk', 'confirmed_loss');
alter table marts.leakage__findings add column is_live boolean default true;
alter table marts.leakage__findings add column exposed_amount decimal(18, 4);
alter table marts.leakage__findings add column subject_id varchar;
update marts.leakage__findings set subject_id = subject_system || ':' || subject_source_id;
alter table marts.leakage__findings add column owner varchar default 'FIN';
alter table marts.leakage__findings add column action varchar default 'Bill it.';
alter table marts.leakage__findings add column causes varchar default 'late_approval;sync_failed';
alter table marts.leakage__findings add column as_of_date date default date '2026-04-30';
alter table marts.leakage__findings add column evidence varchar default '[{"system": "psa1", "record_type": "time_entry", "record_id": "77"}]';
create table marts.finance__unbilled_aging as
select bucket as overdue_bucket, 'USD' as currency, cast(amount as decimal(18, 4)) as unbilled_amount,
  cast(10 as decimal(18, 4)) as unbilled_hours
from (values ('>120', 5), ('91-120', 4), ('0-30', 2000), ('not yet due', 1)) as b(bucket, amount);
create table marts.finance__rebill_recovery as select 'USD' as currency, cast(93 as decimal(18, 4)) as rebilled_amount,
  cast(100 as decimal(18, 4)) as expected_amount, true as is_mature;
create table marts.finance__revrec_mismatches as select 'revrec_over' as category, true as is_mismatch;
create table marts.finance__not_judged as select 3 as item_count;
create table marts.finance__dso as
select currency, cast(ar as decimal(18, 4)) as ar_amount, cast(sales as decimal(18, 4)) as credit_sales_amount
from (values ('USD', 200000, 600000), ('USD', 100000, 300000), ('EUR', 50, null)) as d(currency, ar, sales);
create table marts.finance__invoice_cycle_time as
select 'USD' as currency, cast(days as decimal(18, 4)) as value_weighted_cycle_days, cast(amount as decimal(18, 4)) as measured_amount,
  2 as measured_invoice_count
from (values (6, 1000), (9, 2000), (null, null)) as c(days, amount);
create table marts.operations__project_setup_latency as
select * from (values (4, 1, 1, 14), (2, 0, 0, 3)) as s(won_count, late_count, open_count, longest_business_days);
create table marts.operations__sync_failures as select 9 as record_count, 5 as failed_attempt_count, 2 as unsynced_count;
create table marts.finance__leakage_rate as
select 'USD' as currency, occurred_month, 'E' as legal_entity_id, category, cast(amount as decimal(18, 4)) as at_risk_amount,
  cast(0 as decimal(18, 4)) as confirmed_loss_amount, cast(entitled as decimal(18, 4)) as entitled_amount
from (values (date '2026-03-01', 'a', 20, 1000), (date '2026-03-01', 'b', 30, 1000), (date '2026-04-01', 'none', 0, 1000))
  as r(occurred_month, category, amount, entitled);
create table marts.operations__coverage as
select * from (values
  ('L07', 'expense_unrebilled', 'blind', 'expense'), ('L09', 'rebill_under', 'blind', 'expense'),
  ('L01', 'unbilled_approved_time', 'checked', null)
) as c(detector_id, category, coverage, missing_domains);
create schema canonical; create schema ledger;
create table canonical.time_entry as select 'psa1:77' as time_entry_id, 'crm1:L' as contract_line_id, 'psa1:P' as project_id,
  'psa1' as source_system, '77' as source_id, date '2026-03-10' as work_date, cast(10 as decimal(9, 4)) as billable_hours,
  'approved' as status, 'Consultant' as role;
create table canonical.contract_line as select 'crm1:L' as contract_line_id, 'crm1:K' as engagement_id, 'crm1' as source_system,
  'L' as source_id, 'Advice' as name, 'tm' as billing_method, 'USD' as currency, cast(null as decimal(18, 4)) as contract_amount;
create table canonical.engagement as select 'crm1:K' as engagement_id, 'crm1' as source_system, 'K' as source_id, 'SOW 1' as name,
  date '2026-01-05' as signed_date, 'OPP' as opportunity_source_id, cast(50000 as decimal(18, 4)) as opportunity_amount,
  'USD' as currency, timestamp '2026-01-04 10:00:00' as closed_won_at;
create table canonical.project as select 'psa1:P' as project_id, 'psa1' as source_system, 'P' as source_id, 'ACME1' as project_code,
  'Advice' as name, 'active' as status;
create table canonical.inferred_link as select 'psa1:78' as subject_id, 'project' as link_type, 'project_code_spelling' as match_method,
  'medium' as confidence, 'ACME1' as matched_on, 'exp1' as source_system, 'acme-1' as source_id, 'psa1:P' as target_id;
create table canonical.rate_card as select 'crm1:C' as rate_card_id, 'C' as source_id, 'Acme rates' as name;
create table canonical.rate_card_line as select 'crm1:C1' as rate_card_line_id, 'crm1:C' as rate_card_id, 'crm1' as source_system,
  'C1' as source_id, 'Consultant' as role, cast(200 as decimal(18, 6)) as hourly_rate, 'USD' as currency,
  date '2026-01-01' as valid_from_date, cast(null as date) as valid_to_date;
create table ledger.ledger__time_rates as select 'psa1:77' as time_entry_id, 'crm1:C1' as rate_card_line_id;
create table canonical.billing_link as select 'time_entry' as item_type, 'psa1:78' as item_id, 'erp1:1' as invoice_line_id,
  cast(1 as decimal(18, 4)) as amount, 'USD' as currency, false as is_deleted;
create table canonical.invoice_line as select 'erp1:1' as invoice_line_id, 'erp1:I' as invoice_id, 'erp1' as source_system,
  '1' as source_id, cast(200 as decimal(18, 6)) as unit_price;
create table canonical.invoice as select 'erp1:I' as invoice_id, 'INV-1' as invoice_number, 'invoice' as invoice_type,
  'posted' as status, date '2026-04-07' as posted_date;
create table marts.operations__feed_health as
select *, cast(26 as decimal(18, 4)) as max_age_hours
from (
  values
  ('crm', 'crm1', 'deals', 'fresh', timestamp '2026-04-30 23:00:00', cast(1 as decimal(18, 4))),
  ('psa', 'psa1', 'times', 'stale', timestamp '2026-04-28 00:00:00', cast(72 as decimal(18, 4))),
  ('psa', 'psa1', 'projects', 'never_loaded', null, null)
) as t(source_domain, source_system, source_object, status, complete_through, age_hours);
create schema control;
create table control.finding_decision (decision_id varchar, finding_id varchar, decision varchar, reason varchar, decided_by varchar,
  decided_at timestamp, as_of_date date, verdict varchar, amount decimal(18, 4), currency varchar);
create table ledger.ledger__items as
select
  *, item_type || '_of_' || source_system as engagement_id, 'consultant' as causes, cast(0 as decimal(18, 4)) as overbilled_amount,
  'USD' as currency, date '2026-04-10' as expected_invoice_date, 20 as days_past
from (
  values
  ('psa1:77', 'time_entry', 'psa1', '77', 'at_risk', 'unbilled_approved_time', null, 'rated', 2000.00, 0.00, 0.00, 2000.00),
  ('psa1:80', 'time_entry', 'psa1', '80', 'not_yet_due', 'billing_hold', 'awaiting_po', 'rated', 500.00, 0.00, 0.00, 500.00),
  ('psa1:81', 'time_entry', 'psa1', '81', 'billed', null, null, 'billed', 200.00, 190.00, 10.00, 0.00),
  ('psa1:90', 'time_entry', 'psa1', '90', 'billed', null, null, 'billed', 1.00, 1.00, 0.00, 0.00),
  ('psa1:90', 'milestone', 'psa1', '90', 'billed', null, null, 'billed', 1.00, 1.00, 0.00, 0.00)
) as i(item_id, item_type, source_system, source_id, verdict, category, reason, gate, entitled_amount, billed_amount,
       concession_amount, open_amount);
create table ledger.ledger__item_claims as
select 'psa1:80' as item_id, 'billing_hold' as category, 'not_yet_due' as verdict, 'awaiting_po' as reason,
  cast(500 as decimal(18, 4)) as amount, 'USD' as currency, date '2026-10-01' as recovery_deadline, 80 as claim_sequence;
insert into canonical.time_entry
select 'psa1:' || id, 'crm1:L', 'psa1:P', 'psa1', id, date '2026-03-11', 2, 'approved', 'Consultant'
from (values ('80'), ('81'), ('90'), ('82'), ('83')) as t(id);
alter table canonical.time_entry add column is_deleted boolean default false;
update canonical.time_entry set is_deleted = true where source_id = '82';
