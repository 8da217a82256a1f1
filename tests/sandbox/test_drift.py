"""A vendor that changes its fields between two runs loses nothing, for every registered system."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from ingestion.contract import RawObject, column_name
from ingestion.http.errors import PartialLoadError
from ingestion.registry import SYSTEMS
from ingestion.sources.hubspot.schema import ESSENTIAL as hubspot_essential
from tests.sandbox.running import PAGE_ROWS, Running, each, running, save_everything, speaks_http

pytestmark = pytest.mark.slow

Record = dict[str, Any]
WRONG = "not of its declared type"
STRICT = ("decimal", "bigint", "date", "timestamp", "bool")


@dataclass
class Drifting:
    """A system after its first reading: one object whose fields are about to change, and another one.

    ``table`` is what the stand-in calls the object's records; ``text`` and ``strict`` are fields that every record has.
    """

    first: Running
    name: str
    other: str
    table: str
    text: str
    strict: str


BY_FILE = [name for name in SYSTEMS if not speaks_http(name)]
# Their fields lie in XML or in an explicit selection; the drift of each is tested beside its source.
OWN_TESTS = {"workday", "dynamics365"}
FIRST = ("salesforce", "files")
BY_RECORD = [name for name in SYSTEMS if name not in OWN_TESTS and name not in BY_FILE]
# Without these a verdict would silently be wrong: their object cannot be read without them.
ESSENTIAL: dict[str, Mapping[str, Collection[str]]] = {"hubspot": hubspot_essential}


@pytest.fixture(scope="module", params=each([*BY_RECORD, *BY_FILE], FIRST))
def drifting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drifting]:
    with running(request.param, tmp_path_factory.mktemp(request.param)) as first:
        names = _loaded_and_changing(first, tmp_path_factory.mktemp("saved"))
        candidates = [name for name in names if first.latest(name) and _fields(first, name)]
        # The last one that is large enough for a third of it to be something.
        name = max(reversed(candidates), key=lambda name: min(len(first.latest(name)), PAGE_ROWS))
        text, strict = _fields(first, name) or ("", "")
        other = next(other for other in names if other != name and first.latest(other))
        # A folder is read as a whole, with the manifest that tells how its files fared.
        first.objects = () if request.param in BY_FILE else (name, other)
        yield Drifting(first, name, other, _table(first, first.declared[name]), text, strict)


def _loaded_and_changing(first: Running, data_dir: Path) -> list[str]:
    """The objects of which a change is read, after the first reading."""
    changing = [name for name, obj in first.declared.items() if obj.cursor and obj.parent is None]
    if len(changing) > 1:
        first.objects = tuple(changing)
        first.load()
        return changing
    # Without cursors nothing is known in advance: it is tried.
    first.load()
    saved = first.copied(data_dir)
    save_everything(saved)
    saved.load()
    return list(saved.appended_since(first))


def _fields(system: Running, name: str) -> tuple[str, str] | None:
    """A text field and one of a strict type that every record of the object has, here and there, if there are such."""
    obj = system.declared[name]
    reserved = {*obj.key, obj.cursor, obj.parent, *ESSENTIAL.get(system.system, {}).get(name, ())}
    sent = _paths((system.vendor.tables()[_table(system, obj)] or [{}])[0]) - reserved
    plain = {field: kind for field, kind in obj.columns.items() if field in sent and _is_plain(system, field)}

    def always_filled(kinds: tuple[str, ...]) -> str | None:
        fields = [field for field, kind in plain.items() if kind.split("(")[0] in kinds]
        nulls = ((field, f'select count(*) from {name} where "{column_name(field)}" is null') for field in fields)
        return next((field for field, sql in nulls if system.rows(sql) == [(0,)]), None)

    text, strict = always_filled(("text",)), always_filled(STRICT)
    return (text, strict) if text and strict else None


def _is_plain(system: Running, field: str) -> bool:
    """Whether the stand-in's records hold it as it is declared, not somewhere inside."""
    return "." not in field or (system.system == "hubspot" and field.startswith("properties."))


def without(record: Record, path: str) -> tuple[Record, Any]:
    """The record without the field at ``path``, and the value that it had."""
    head, _, rest = path.partition(".")
    if rest:
        inner, value = without(record[head], rest)
        return record | {head: inner}, value
    return {name: value for name, value in record.items() if name != head}, record.get(head)


def with_value(record: Record, path: str, value: Any) -> Record:
    """The record with ``value`` in the field at ``path``."""
    head, _, rest = path.partition(".")
    return record | {head: with_value(record[head], rest, value) if rest else value}


def beside(path: str, name: str) -> str:
    """The path of a field ``name`` next to that at ``path``."""
    return f"{path.rpartition('.')[0]}.{name}".lstrip(".")


def _table(system: Running, obj: RawObject) -> str:
    """The stand-in's table that looks most like the object."""
    tables = system.vendor.tables()
    found = {name: _paths((rows or [{}])[0]) for name, rows in tables.items()}
    return max(tables, key=lambda name: (len(obj.columns.keys() & found[name]), name == obj.name))


def _paths(record: Record) -> set[str]:
    return {*record, *(f"{name}.{inner}" for name, held in record.items() if isinstance(held, dict) for inner in held)}


@pytest.fixture
def system(drifting: Drifting, tmp_path: Path) -> Running:
    found = drifting.first.copied(tmp_path)
    found.reset()
    return found


def load_changed(system: Running, drifting: Drifting, change: Callable[[Record], Record]) -> None:
    """Read again after every record was saved and the vendor's fields had changed; the other object is unharmed."""
    before = system.rows(f"select count(*) from {drifting.other}")[0][0]
    system.vendor.tamper[drifting.table] = change
    save_everything(system)
    system.load()
    assert system.rows(f"select count(*) from {drifting.other}")[0][0] > before, "the other object did not go on"
    assert system.rows(f"select count(*) from {drifting.name} where _is_deleted") == [(0,)]


def changed(system: Running, drifting: Drifting, what: str) -> list[tuple[Any, ...]]:
    """``what`` of the versions that the second reading appended."""
    newest = f"_dlt_load_id = (select max(_dlt_load_id) from {drifting.name})"
    return system.rows(f"select distinct {what} from {drifting.name} where {newest}")


def extra(path: str) -> str:
    """The undeclared field at ``path`` as raw keeps it."""
    return f"_extra ->> '$.{path}'"


def quarantined(system: Running) -> list[tuple[Any, ...]]:
    return system.rows("select object, reason from quarantine")


@pytest.mark.parametrize("drifting", BY_FILE, indirect=True)
@pytest.mark.parametrize("is_renamed", [True, False], ids=["renamed", "removed"])
def test_a_file_that_lacks_a_column_is_set_aside_until_it_is_corrected(
    system: Running, drifting: Drifting, is_renamed: bool
) -> None:
    """An export without what it was declared with is taken for a broken one: no part of it is read."""

    def change(record: Record) -> Record:
        rest, value = without(record, drifting.text)
        return rest | {"renamed__c": value} if is_renamed else rest

    before = system.latest(drifting.name)
    load_changed(system, drifting, change)
    refused = system.rows("select feed, reason from manifest where status = 'quarantined'")
    assert [feed for feed, _ in refused] == [drifting.name]
    assert f"column {drifting.text} is missing" in refused[0][1]
    assert system.latest(drifting.name) == before
    system.vendor.tamper.clear()
    save_everything(system)
    system.load()
    after = system.latest(drifting.name)
    assert len(after) == len(before)
    assert all(new != old for new, old in zip(after, before, strict=True))


def test_a_field_added_a_field_removed_and_a_field_retyped(system: Running, drifting: Drifting) -> None:
    """The new one is kept, the missing one empty, and only the records with wrong values are quarantined."""
    added = beside(drifting.text, "brand_new__c")
    key = drifting.first.declared[drifting.name].key[0]

    def drift(record: Record) -> Record:
        record = with_value(record, added, "kept")
        # A file without a declared column is refused as a whole.
        if system.system not in BY_FILE:
            record, _ = without(record, drifting.text)
        # The same third of the records, however often they are asked for.
        is_retyped = crc32(str(record.get(key)).encode()) % 3 == 0
        return with_value(record, drifting.strict, WRONG) if is_retyped else record

    before = system.rows(f"select count(*) from {drifting.name}")[0][0]
    load_changed(system, drifting, drift)
    found = quarantined(system)
    assert found
    assert {name for name, _ in found} == {drifting.name}
    assert all(drifting.strict in reason and WRONG in reason for _, reason in found)
    assert system.rows(f"select count(*) from {drifting.name}")[0][0] > before, "good records were kept back too"
    assert changed(system, drifting, extra(added)) == [("kept",)]
    if system.system not in BY_FILE:
        assert changed(system, drifting, f'"{column_name(drifting.text)}"') == [(None,)]


@pytest.mark.parametrize("drifting", each(BY_RECORD, FIRST), indirect=True)
def test_a_renamed_field_is_kept_under_its_new_name(system: Running, drifting: Drifting) -> None:
    renamed = beside(drifting.text, "renamed__c")

    def rename(record: Record) -> Record:
        rest, value = without(record, drifting.text)
        return with_value(rest, renamed, value)

    values = system.rows(f'select distinct "{column_name(drifting.text)}" from {drifting.name}')
    load_changed(system, drifting, rename)
    assert changed(system, drifting, f'"{column_name(drifting.text)}"') == [(None,)]
    found = changed(system, drifting, extra(renamed))
    # Saving a record renamed it, where it has a name.
    assert {str(value).removesuffix(" (renamed)") for (value,) in found} <= {str(value) for (value,) in values}
    assert (None,) not in found and quarantined(system) == []


@pytest.mark.parametrize("drifting", each(BY_RECORD, FIRST), indirect=True)
def test_an_object_that_lost_its_key_fails_alone(system: Running, drifting: Drifting) -> None:
    """The other one is loaded, and the next run reads the object again from where the last good one stood."""
    key = drifting.first.declared[drifting.name].key[0]
    feeds = f"select count(*) from feed where object = '{drifting.name}'"
    before = system.rows(feeds)
    with pytest.raises(PartialLoadError, match=f"^{system.system}: 1 of 2 objects could not be read") as error:
        load_changed(system, drifting, lambda record: without(record, key)[0])
    assert {*error.value.failures} == {drifting.name}
    (sentence,) = error.value.failures.values()
    assert sentence.startswith(f"{system.system}: ") and key.lower() in sentence.lower()
    assert system.rows(f"select count(distinct _dlt_load_id) from {drifting.other}") == [(2,)]
    assert system.rows(feeds) == before
    system.vendor.tamper.clear()
    system.load()
    assert changed(system, drifting, "_is_deleted") == [(False,)]
