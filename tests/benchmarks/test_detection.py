"""The scoring of the detection benchmark: what counts as right, in number and in money."""

from __future__ import annotations

from decimal import Decimal

from tests.benchmarks.detection import Finding, Scores


def _finding(item: str, amount: str, verdict: str = "at_risk", detector: str = "L01") -> Finding:
    return Finding(detector, item, verdict, Decimal(amount))


def test_what_agrees_is_exact() -> None:
    scores = Scores()
    scores.add([_finding("T1", "100")], [_finding("T1", "100")], {"T2"})
    assert scores.is_exact
    assert scores.figures()["detectors"]["L01"] == {
        "planted": 1, "precision": 1.0, "recall": 1.0, "money_precision": 1.0, "money_recall": 1.0,
    }  # fmt: skip


def test_missed_and_invented_findings_cost_recall_and_precision() -> None:
    scores = Scores()
    scores.add([_finding("T1", "100"), _finding("T3", "300")], [_finding("T1", "100"), _finding("T2", "100")], set())
    assert not scores.is_exact
    assert scores.figures()["detectors"]["L01"] == {
        "planted": 2, "precision": 0.5, "recall": 0.5, "money_precision": 0.25, "money_recall": 0.5,
    }  # fmt: skip
    assert scores.figures()["wrong"] == [
        "L01 T2 at_risk: planted 100.00 USD, found nothing", "L01 T3 at_risk: planted nothing, found 300.00 USD",
    ]  # fmt: skip


def test_a_wrong_amount_is_wrong_in_money_alone_and_a_wrong_verdict_in_both() -> None:
    scores = Scores()
    scores.add([_finding("T1", "100.01")], [_finding("T1", "100")], set())
    figures = scores.figures()["detectors"]["L01"]
    assert (figures["precision"], figures["recall"], figures["money_recall"]) == (1.0, 1.0, 1.0)
    assert figures["money_precision"] < 1 and not scores.is_exact
    scores = Scores()
    scores.add([_finding("T1", "100", "confirmed_loss")], [_finding("T1", "100")], set())
    assert scores.figures()["detectors"]["L01"]["recall"] == 0


def test_a_look_alike_that_is_reported_as_leakage_is_no_success() -> None:
    scores = Scores()
    scores.add([_finding("T1", "0", "control_gap", "L31")], [_finding("T1", "0", "control_gap", "L31")], {"T1"})
    assert scores.is_exact
    scores.add([_finding("T2", "5")], [_finding("T2", "5")], {"T2"})
    assert scores.look_alikes == 1 and not scores.is_exact


def test_estimates_stand_apart() -> None:
    scores = Scores()
    scores.add_estimates({"week 1": Decimal(90), "week 2": Decimal(50)}, {"week 1": Decimal(100)})
    figures = scores.figures()["estimates"]["L03"]
    assert scores.is_exact
    assert (figures["planted"], figures["precision"], figures["recall"], figures["error"]) == (1, 0.5, 1.0, 0.1)


def test_value_that_lies_nowhere_is_no_success() -> None:
    scores = Scores()
    scores.add_conservation([Decimal("0.00"), Decimal("0.0000")])
    assert scores.is_exact
    scores.add_conservation([Decimal("-0.01")])
    assert scores.figures()["conservation"] == {"contract_lines": 3, "with_residual": 1} and not scores.is_exact
