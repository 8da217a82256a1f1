"""The generated firm through the whole pipeline: what was planted is found, to the cent, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal

from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.scenario_check import fact_index
from tests.e2e.conftest import BuiltFirm

LEAKAGE = ("at_risk", "confirmed_loss")


def test_findings_equal_the_answer_key(built: BuiltFirm) -> None:
    built.assert_key_is_found()
    kinds = {detector for detector, _ in built.found()}
    # Late fees (L40) are off, and L03 estimates.
    by_name = {f"L{n:02d}" for n in range(1, 42)} | {f"R{n:02d}" for n in range(1, 10)}
    assert kinds == by_name - {"L03", "L40"}


def test_time_that_was_never_logged_is_estimated(built: BuiltFirm) -> None:
    index = fact_index(built.world)
    found = {
        (index["person", system, str(source_id)], week, currency): amount
        for system, source_id, week, currency, amount in built.query(
            "select subject_system, subject_source_id, occurred_date, currency, amount"
            " from marts.leakage__findings where detector_id = 'L03' and is_estimate"
        )
    }
    planted = {(e.item, e.week, e.currency): e.amount for e in built.firm.answer_key(built.as_of).estimates}
    assert planted.keys() <= found.keys()
    (scripted,) = (key for key in planted if key[0].startswith("X"))
    assert found[scripted] == planted[scripted] == Decimal("7200.00")


def test_look_alikes_are_no_findings(built: BuiltFirm) -> None:
    money_findings = {fact for (_, fact), row in built.found().items() if row[0] in (*LEAKAGE, "overbilling")}
    traps = {trap.item for trap in built.firm.answer_key(built.as_of).traps}
    assert len(traps) > 10
    assert money_findings.isdisjoint(traps)


def test_every_contract_line_is_conserved(built: BuiltFirm) -> None:
    lines, residual = built.query("select count(*), sum(abs(residual_amount)) from ledger.ledger__contract_lines")[0]
    assert lines > 10
    assert residual == Decimal(0)


def test_register_ledger_and_answer_key_have_the_same_total(built: BuiltFirm) -> None:
    output = CliRunner().invoke(app, ["findings", "--json"])
    assert output.exit_code == 0, output.output
    register: Counter[str] = Counter()
    on_invoices: Counter[str] = Counter()
    for finding in json.loads(output.stdout):
        if finding["is_counted"]:
            register[finding["currency"]] += Decimal(finding["amount"])  # type: ignore[assignment]
            if finding["subject_type"] == "invoice":
                on_invoices[finding["currency"]] += Decimal(finding["amount"])  # type: ignore[assignment]
    ledger = built.query(
        "select currency, sum(amount) from ledger.ledger__item_claims"
        " where verdict in ('at_risk', 'confirmed_loss') group by currency"
    )
    key = {c: t.leakage for c, t in built.firm.answer_key(built.as_of).totals.items() if t.leakage}
    assert register == key
    # What customers dispute, refuse or do not pay is money of the invoice, beside what its items leak.
    assert {currency: amount + on_invoices[currency] for currency, amount in ledger} == key


def test_explain_leads_from_the_opportunity_to_the_missing_invoice_line(built: BuiltFirm) -> None:
    finding_id, source_id = built.query(
        "select finding_id, subject_source_id from marts.leakage__findings where detector_id = 'L01' order by 1 limit 1"
    )[0]
    output = CliRunner().invoke(app, ["explain", finding_id, "--json"])
    assert output.exit_code == 0, output.output
    chain = {step["step"]: step for step in json.loads(output.stdout)["chain"]}
    assert list(chain) == [
        "opportunity", "contract", "contract line", "rate card version", "project", "time entry", "invoice line",
    ]  # fmt: skip
    assert chain["time entry"]["record_id"] == source_id
    assert chain["invoice line"]["record_id"] is None
    assert all(step["record_id"] for name, step in chain.items() if name != "invoice line")
