"""Queue, sync health and traces of the generated firm."""

from __future__ import annotations

from tests.e2e.conftest import BuiltFirm

# What the queue is made of, said once more in plain SQL.
QUEUED = """
from marts.leakage__findings as finding
inner join policies.exception_rules as rule on finding.category = rule.kind
where rule.is_queued and finding.status <> 'rejected' and finding.verdict not in ('not_leakage', 'not_yet_due', 'billed')
"""


def test_every_queued_finding_is_in_one_exception_and_no_money_is_lost(built: BuiltFirm) -> None:
    findings = built.query(f"select finding.finding_id {QUEUED} order by 1")
    listed = built.query(
        "select id from (select unnest(string_split(record_ids, ';')) as id from marts.operations__exceptions"
        " where kind in (select category from marts.leakage__findings)) order by 1"
    )
    assert len(findings) > 150 and listed == findings
    found = built.query(
        "select category, currency, sum(case when amount = 0 then exposed_amount else amount end) as money"
        f" {QUEUED} and amount is not null group by category, currency order by 1, 2"
    )
    queued = built.query(
        "select kind, currency, sum(amount) as money from marts.operations__exceptions"
        " where kind in (select category from marts.leakage__findings) and amount is not null"
        " group by kind, currency order by 1, 2"
    )
    assert queued == found


def test_exceptions_are_routed_and_said_in_words(built: BuiltFirm) -> None:
    rows = built.query(
        "select owner, severity, sentence, action, escalation_level, status from marts.operations__exceptions"
    )
    assert {row[0] for row in rows} == {"FIN", "PMO", "SVC", "SOP", "IT", "PROC"}
    for _, severity, sentence, action, level, status in rows:
        assert severity in ("high", "medium", "low") and level == 0 and status == "open"
        assert "{" not in sentence + action and "None" not in sentence and sentence[0] == sentence[0].upper()
    (time,) = built.query(
        "select count(*) from marts.operations__exceptions where kind = 'unbilled_approved_time'"
        " and sentence like '% of approved % time for % has no invoice; the billing run closes in % days'"
    )[0]
    assert time > 5


def test_the_planted_transfers_are_told_apart(built: BuiltFirm) -> None:
    outages = built.query(
        "select outcome, error_class, is_past_sla, stuck_amount, failing_hours from marts.operations__failed_syncs"
        " where record_type <> 'load' order by outcome"
    )
    assert [outage[:4] for outage in outages] == [
        ("permanent", "missing_reference", True, 1600),
        ("retried", "timeout", False, None),
    ]
    assert outages[1][4] == 7, "tried again seven hours later"
    assert built.query(
        "select mean_repair_hours, stuck_amount from marts.operations__sync_failures where record_type = 'time_entry'"
    ) == [(7, 1600)]


def test_our_own_loads_are_kept_as_attempts(built: BuiltFirm) -> None:
    assert built.query("select distinct status from canonical.load_attempt") == [("succeeded",)]
    loaded = built.query("select distinct source_system from canonical.load_attempt order by 1")
    assert loaded == built.query("select distinct source_system from canonical.feed_status order by 1")


def test_the_amendment_that_the_ledger_does_not_know_is_traced_to_its_gap(built: BuiltFirm) -> None:
    missing = built.query(
        "select subject_id from marts.operations__traces where subject_type = 'change_order'"
        " and step = 'known_to_ledger' and status = 'missing'"
    )
    assert missing == built.query(
        "select change_order_id from ledger.ledger__change_order_sync where is_missing_in_erp"
    )
    assert len(missing) == 1
    steps = built.query(
        "select count(*), count(distinct trace_id) from marts.operations__traces where subject_type = 'engagement'"
    )
    engagements = built.query("select 10 * count(*) from canonical.engagement where not is_deleted")[0][0]
    assert steps == [(engagements, engagements)]
