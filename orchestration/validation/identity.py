"""What a name means in the published register, how far the data about it reaches, and what an answer therefore rests on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal

from orchestration.validation.answers import Basis, FeedState, Record
from orchestration.validation.snapshot import Reader

Entity = Literal["customer", "project", "person", "contract_line", "change_order"]

# The domains whose systems say what there is of each; one of them has to be connected.
_KNOWN_BY: dict[str, tuple[str, ...]] = {
    "customer": ("crm", "erp"),
    "project": ("psa",),
    "person": ("hr", "psa"),
    "contract_line": ("crm",),
    "change_order": ("crm",),
    "expense_item": ("expense",),
}

# Our ids of what a text names, the surest way first; the ways of identity are those of the canonical cross-references.
_NAMED: dict[Entity, tuple[str, ...]] = {
    "customer": (
        "select customer_id from canonical.customer where customer_id = $name",
        "select customer_id from canonical.customer_xref where source_customer_id = $name",
    ),
    "project": (
        "select project_id from canonical.project where project_id = $name",
        "select project_id from canonical.project_xref where source_project_id = $name",
        "select project_id from canonical.project where project_code = $name and not is_deleted",
    ),
    "person": (
        "select resource_id from canonical.resource where resource_id = $name",
        "select resource_id from canonical.resource_xref where source_resource_id = $name",
        "select resource_id from canonical.resource where email = lower($name)",
        "select xref.resource_id from canonical.resource_email as address"
        " inner join canonical.resource_xref as xref on address.source_resource_id = xref.source_resource_id"
        " where address.email = lower($name)",
    ),
    "contract_line": ("select contract_line_id from canonical.contract_line where contract_line_id = $name",),
    "change_order": ("select change_order_id from canonical.change_order where change_order_id = $name",),
}


class UnknownError(LookupError):
    """Nothing is known by the name. ``blind`` are the feeds that may know it and are not up to date."""

    def __init__(self, entity: Entity, name: str, blind: list[FeedState]) -> None:
        super().__init__(f"No {entity.replace('_', ' ')} is known by this id")
        self.entity, self.name, self.blind = entity, name, blind


class AmbiguousError(LookupError):
    """The name is that of several."""

    def __init__(self, entity: Entity, found: list[str]) -> None:
        super().__init__(f"Several {entity.replace('_', ' ')}s are known by this id: name one of {', '.join(found)}")
        self.entity, self.found = entity, found


def identify(reader: Reader, entity: Entity, name: str) -> str:
    """Our id of what ``name`` names; raises UnknownError or AmbiguousError."""
    for way in _NAMED[entity]:
        found = sorted({value for row in reader.rows(way, {"name": name}) for value in row.values() if value})
        if len(found) == 1:
            return found[0]
        if found:
            raise AmbiguousError(entity, found)
    raise UnknownError(entity, name, not_fresh(feeds(reader, entity)))


def feeds(reader: Reader, *entities: str) -> list[FeedState]:
    """The feeds that know of these; one that no system serves is missing, unless another domain stands in for it."""
    found: dict[str, FeedState] = {}
    for entity in entities:
        domains = _KNOWN_BY[entity]
        connected = [domain for domain in domains if domain in reader.register.feeds]
        for domain in connected or domains[:1]:
            feed = reader.register.feeds.get(domain)
            found[domain] = (
                FeedState(domain=domain, system=feed.system, status=feed.status, complete_through=feed.complete_through)
                if feed
                else FeedState(domain=domain, system=None, status="missing", complete_through=None)
            )
    return list(found.values())


def not_fresh(states: Iterable[FeedState]) -> list[FeedState]:
    return [state for state in states if state.status != "fresh"]


def basis(reader: Reader, valid_on: date, states: list[FeedState], records: Iterable[tuple[str, str | None]]) -> Basis:
    """What an answer rests on; ``records`` are types and our ids, those that are not there left out."""
    register = reader.register
    return Basis(
        valid_on=valid_on,
        as_of=register.as_of,
        published_at=register.published_at,
        run_id=register.run_id,
        feeds=states,
        records=[Record(type=kind, id=record) for kind, record in dict.fromkeys(records) if record],
    )


def stale_reason(late: list[FeedState]) -> str:
    """The ledger's word for why it cannot be said."""
    return "missing_feed" if any(state.status in ("missing", "never_loaded") for state in late) else "stale_source"


def stale_detail(late: list[FeedState]) -> str:
    """One sentence on the feeds that keep an answer from being given."""
    return (
        "; ".join(
            f"no system serves {state.domain}"
            if state.system is None
            else f"{state.domain} ({state.system}) was never loaded"
            if state.complete_through is None
            else f"{state.domain} ({state.system}) is known only up to {state.complete_through:%Y-%m-%dT%H:%M:%SZ}"
            for state in late
        ).capitalize()
        + ": load it and run again."
    )
