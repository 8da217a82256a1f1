"""Applied rate cards: a set, its versions by date, one card per currency, and the rate of each role in each version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date

from ingestion.sandbox.facts import EPOCH, Fact, RateCard, RateLine
from ingestion.sandbox.systems.kantata.brainstem import Row
from ingestion.sandbox.systems.kantata.links import Links
from ingestion.sandbox.systems.kantata.values import iso, subunits, vendor_id

_STANDARD_SET = "standard"
_SCOPES = {"contract_line": "contract_line", "contract": "contract", "customer": "customer"}
_NAMES = ("rate_card_sets", "rate_card_set_versions", "rate_cards", "rate_card_versions", "rate_card_roles")


def rate_line_id(line: RateLine) -> str:
    """What the mapping calls the first version of a line: the rate of a role, or the default of a card's version."""
    return f"{'default' if is_default(line) else 'role'}-{vendor_id('rate_card_lines', line.id)}"


def is_default(line: RateLine) -> bool:
    """Whether the line names nobody, so that it is what a role without a rate of its own costs."""
    return line.role is None and line.resource is None


def rate_card_tables(
    cards: Iterable[RateCard], links: Links, times: Callable[[Fact], Row], role_id: Callable[[str | None], str | None]
) -> dict[str, list[Row]]:
    """The rows of the five collections.

    Standard cards are the currencies of the one account default set, every other card is a set of its own. A line
    that is valid over several versions has a rate in each of them.
    """
    tables: dict[str, list[Row]] = {name: [] for name in _NAMES}
    sets: dict[str, list[RateCard]] = defaultdict(list)
    for card in cards:
        sets[_STANDARD_SET if card.scope == "standard" else card.id].append(card)
    for key, members in sets.items():
        moments = times(members[0]) | {"updated_at": max(times(card)["updated_at"] for card in members)}
        set_id = vendor_id("rate_card_sets", key)
        title = "Standard" if key == _STANDARD_SET else members[0].name or members[0].id
        tables["rate_card_sets"].append(
            {"id": set_id, "title": title, "account_default": key == _STANDARD_SET, **moments}
        )
        currencies = sorted({card.currency for card in members})
        starts = _version_dates(members)
        for start in starts:
            version = {
                "rate_card_set_id": set_id,
                "effective_date": start,
                "active": True,
                "used_currencies": currencies,
            }
            tables["rate_card_set_versions"].append({"id": _version_id(key, start), **version, **moments})
        for card in members:
            _card(
                tables,
                card,
                set_id,
                [(start, _version_id(key, start)) for start in starts],
                times(card),
                role_id,
                links,
            )
    return tables


def _version_id(key: str, start: date) -> str:
    return vendor_id("rate_card_set_versions", f"{key}/{start}")


def _version_dates(cards: list[RateCard]) -> list[date]:
    """Every day on which a rate of the set begins or ends."""
    ends = {line.valid_to for card in cards for line in card.lines if line.valid_to}
    return sorted(ends | {line.valid_from for card in cards for line in card.lines})


def _card(
    tables: dict[str, list[Row]],
    card: RateCard,
    set_id: str,
    versions: list[tuple[date, str]],
    times: Row,
    role_id: Callable[[str | None], str | None],
    links: Links,
) -> None:
    card_id = vendor_id("rate_cards", card.id)
    tables["rate_cards"].append({"id": card_id, "rate_card_set_id": set_id, "currency": card.currency, **times})
    if card.scope != "standard":
        _link_scope(links, card, card_id, times)
    for start, set_version_id in versions:
        valid = [x for x in card.lines if x.valid_from <= start and (x.valid_to is None or start < x.valid_to)]
        default = next((line for line in valid if is_default(line)), None)
        version_id = _segment_id(default, start) if default else vendor_id("rate_card_versions", f"{card.id}/{start}")
        version = {
            "rate_card_id": card_id,
            "rate_card_set_version_id": set_version_id,
            "default_rate": subunits(default.rate, card.currency) if default else None,
        }
        tables["rate_card_versions"].append({"id": version_id, **version, **times})
        for line in valid:
            if is_default(line):
                continue
            role = {
                "rate_card_version_id": version_id,
                "role_id": _role_of(line, role_id, links),
                "rate": subunits(line.rate, card.currency),
            }
            tables["rate_card_roles"].append({"id": _segment_id(line, start), **role, **times})


def _segment_id(line: RateLine, start: date) -> str:
    return vendor_id("rate_card_lines", line.id if start == line.valid_from else f"{line.id}/{start}")


def _link_scope(links: Links, card: RateCard, card_id: str, times: Row) -> None:
    """What the card applies to; the reference stays empty for a card that a contract line names by itself."""
    purpose = _SCOPES[card.scope]
    links.reference(purpose, "RateCard", card_id, links.crm_id(purpose, card.scope_id), times, service=links.crm_name)


def _role_of(line: RateLine, role_id: Callable[[str | None], str | None], links: Links) -> str | None:
    """The role that a line prices; a rate for one person is a role of its own that refers to that person."""
    if line.resource is None:
        return role_id(line.role)
    name = f"{line.role or 'Named'} ({line.resource})"
    known = role_id(name)
    moments = {"created_at": iso(EPOCH), "updated_at": iso(EPOCH)}
    links.reference("named_resource", "Role", known or "0", links.email(line.resource), moments, message=line.role)
    return known
