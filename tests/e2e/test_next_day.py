"""The generated firm read again, and a day later, in the order of this file."""

from __future__ import annotations

from tests.e2e.conftest import BuiltFirm


def test_second_run_changes_nothing(own_firm: BuiltFirm) -> None:
    columns = "finding_id, verdict, amount, exposed_amount, action, evidence, first_seen_at"
    raw, register = (
        own_firm.raw_rows(),
        own_firm.query(f"select {columns} from marts.leakage__findings order by finding_id"),
    )
    events = own_firm.query("select count(*) from marts.leakage__finding_events")
    own_firm.build()
    assert own_firm.query("select count(*) from marts.leakage__finding_events") == events
    assert own_firm.raw_rows() == raw
    assert own_firm.query(f"select {columns} from marts.leakage__findings order by finding_id") == register


def test_a_day_later_only_what_changed_is_loaded(own_firm: BuiltFirm) -> None:
    before = own_firm.raw_rows()
    yesterday = own_firm.world.now
    own_firm.advance()
    own_firm.build()
    appended = {t: n - before.get(t, 0) for t, n in own_firm.raw_rows().items() if n != before.get(t, 0)}
    changed = [e for e in own_firm.world.facts.time_entries if e.last_touched(own_firm.world.now) > yesterday]
    assert changed
    assert appended["raw_kantata.time_entries"] == len(changed)
    assert appended["raw_kantata.time_entries"] < before["raw_kantata.time_entries"] / 5
    own_firm.assert_key_is_found()
