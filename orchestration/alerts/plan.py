"""Which alerts are due: what each target has not been told yet, in one message for all (digest) or one for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestration.alerts.routes import AlertRoutes
from orchestration.exceptions import SEVERITIES, TEAMS
from orchestration.register import Row

DIGEST, IMMEDIATE = "digest", "immediate"


@dataclass(frozen=True)
class Alert:
    """A message to one target about exceptions of one owner. ``unchanged`` more are open that it was told of before."""

    mode: str
    target: str
    owner: str
    exceptions: tuple[Row, ...]
    unchanged: int = 0

    @property
    def title(self) -> str:
        team = TEAMS[self.owner]
        if self.mode == IMMEDIATE:
            level = self.exceptions[0]["escalation_level"]
            return f"{team}: act now" + (
                f" (level {level}, open for {self.exceptions[0]['age_days']} days)" if level else ""
            )
        count = len(self.exceptions)
        return f"{team}: {count} new or more urgent {'exception' if count == 1 else 'exceptions'}"

    @property
    def text(self) -> str:
        """Plain text, one paragraph per exception: what is the matter, what to do, and how to put it off."""
        paragraphs = [_paragraph(exception) for exception in self.exceptions]
        if self.unchanged:
            rest = f"leakage exceptions --owner {self.owner}"
            paragraphs.append(f"{self.unchanged} more open, unchanged since you were told: {rest}")
        return "\n\n".join(paragraphs)

    def summary(self) -> dict[str, object]:
        """The alert as a script reads it."""
        ids = [str(exception["exception_id"]) for exception in self.exceptions]
        about = {"target": self.target, "owner": self.owner, "mode": self.mode, "exceptions": ids}
        return {**about, "unchanged": self.unchanged, "title": self.title, "text": self.text}


def _paragraph(exception: Row) -> str:
    age, level = exception["age_days"], exception["escalation_level"]
    since = f"since {exception['first_seen_date']}" if age else "new today"
    facts = [f"{exception['severity']} severity", since, *([f"escalation level {level}"] if level else [])]
    return (
        f"{exception['sentence']}.\n"
        f"What to do: {str(exception['action']).rstrip('.')}.\n"
        f"({', '.join(facts)}; id {str(exception['exception_id'])[:8]})"
    )


class Told:
    """What each target was told, from the events of earlier alerts."""

    def __init__(self, events: Iterable[Row], *, forget_in_doubt: bool = False) -> None:
        latest = {(e["alert_id"], e["exception_id"]): e for e in events}.values()
        in_doubt = {e["alert_id"] for e in latest if e["event_type"] == "sending"}
        self.in_doubt = len(in_doubt)
        self._known: dict[tuple[str, str], list[Row]] = {}
        for event in latest:
            if event["event_type"] == "sent" or (event["alert_id"] in in_doubt and not forget_in_doubt):
                self._known.setdefault((event["target"], event["exception_id"]), []).append(event)

    def knows(self, target: str, exception: Row) -> bool:
        """Whether the target was told of the exception, since it is there, and neither its level nor its severity has risen."""
        before = [
            _urgency(event)
            for event in self._known.get((target, exception["exception_id"]), [])
            if event["as_of_date"] >= exception["first_seen_date"]
        ]
        level, severity = _urgency(exception)
        return any(old >= level for old, _ in before) and any(old >= severity for _, old in before)


def _urgency(exception: Row) -> tuple[int, int]:
    return exception["escalation_level"], SEVERITIES.index(exception["severity"])


def due(mode: str, queue: Sequence[Row], routes: AlertRoutes, told: Told) -> Iterator[Alert]:
    """The alerts to send now. Immediate are those of high severity and those that nobody solved for a level's time."""
    for owner in dict.fromkeys(e["owner"] for e in queue):
        by_target: dict[str, list[Row]] = {}
        for exception in (e for e in queue if e["owner"] == owner):
            for target in routes.of(owner, exception["escalation_level"]):
                by_target.setdefault(target, []).append(exception)
        for target, all_open in by_target.items():
            news = [e for e in all_open if not told.knows(target, e)]
            if mode == IMMEDIATE:
                urgent = (e for e in news if e["severity"] == "high" or e["escalation_level"])
                yield from (Alert(mode, target, owner, (e,)) for e in urgent)
            elif news:
                yield Alert(mode, target, owner, tuple(news), len(all_open) - len(news))
