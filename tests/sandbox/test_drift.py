"""A vendor that changes its fields between two runs loses nothing, for every registered system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from ingestion.contract import RawObject, column_name
from ingestion.registry import SYSTEMS
from tests.sandbox.running import PAGE_ROWS, Running, running, save_everything, speaks_http

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
# Their fields lie in properties, in XML or in an explicit selection; the drift of each is tested beside its source.
OWN_TESTS = {"hubspot", "workday", "dynamics365"}
BY_RECORD = [name for name in SYSTEMS if name not in OWN_TESTS and name not in BY_FILE]


@pytest.fixture(scope="module", params=[*BY_RECORD, *BY_FILE])
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
    reserved = {*obj.key, obj.cursor, obj.parent}
    sent = {*(system.vendor.tables()[_table(system, obj)] or [{}])[0]} - reserved
    plain = {field: kind for field, kind in obj.columns.items() if field in sent and "." not in field}

    def always_filled(kinds: tuple[str, ...]) -> str | None:
        fields = [field for field, kind in plain.items() if kind.split("(")[0] in kinds]
        nulls = ((field, f'select count(*) from {name} where "{column_name(field)}" is null') for field in fields)
        return next((field for field, sql in nulls if system.rows(sql) == [(0,)]), None)

    text, strict = always_filled(("text",)), always_filled(STRICT)
    return (text, strict) if text and strict else None


def _table(system: Running, obj: RawObject) -> str:
    """The stand-in's table that looks most like the object."""
    tables = system.vendor.tables()
    return max(tables, key=lambda name: (len(obj.columns.keys() & {*(tables[name] or [{}])[0]}), name == obj.name))


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


def renamed(record: Record, field: str) -> Record:
    return {("renamed__c" if name == field else name): value for name, value in record.items()}


def without(record: Record, field: str) -> Record:
    return {name: value for name, value in record.items() if name != field}


def quarantined(system: Running) -> list[tuple[Any, ...]]:
    return system.rows("select object, reason from quarantine")


def test_an_added_field_is_kept(system: Running, drifting: Drifting) -> None:
    load_changed(system, drifting, lambda record: record | {"brand_new__c": "kept"})
    assert changed(system, drifting, "_extra ->> 'brand_new__c'") == [("kept",)]
    assert quarantined(system) == []


@pytest.mark.parametrize("drifting", BY_RECORD, indirect=True)
def test_a_renamed_field_is_kept_under_its_new_name(system: Running, drifting: Drifting) -> None:
    values = system.rows(f'select distinct "{column_name(drifting.text)}" from {drifting.name}')
    load_changed(system, drifting, lambda record: renamed(record, drifting.text))
    assert changed(system, drifting, f'"{column_name(drifting.text)}"') == [(None,)]
    found = changed(system, drifting, "_extra ->> 'renamed__c'")
    # Saving a record renamed it, where it has a name.
    assert {str(value).removesuffix(" (renamed)") for (value,) in found} <= {str(value) for (value,) in values}
    assert quarantined(system) == []


@pytest.mark.parametrize("drifting", BY_RECORD, indirect=True)
def test_a_removed_field_is_empty(system: Running, drifting: Drifting) -> None:
    load_changed(system, drifting, lambda record: without(record, drifting.text))
    assert changed(system, drifting, f'"{column_name(drifting.text)}"') == [(None,)]
    assert quarantined(system) == []


@pytest.mark.parametrize("drifting", BY_FILE, indirect=True)
@pytest.mark.parametrize("change", [renamed, without])
def test_a_file_that_lacks_a_column_is_set_aside_until_it_is_corrected(
    system: Running, drifting: Drifting, change: Callable[[Record, str], Record]
) -> None:
    """An export without what it was declared with is taken for a broken one: no part of it is read."""
    before = system.latest(drifting.name)
    load_changed(system, drifting, lambda record: change(record, drifting.text))
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


def test_a_retyped_field_is_quarantined_with_its_reason(system: Running, drifting: Drifting) -> None:
    key = drifting.first.declared[drifting.name].key[0]

    def retype(record: Record) -> Record:
        # The same third of the records, however often they are asked for.
        return record | {drifting.strict: WRONG} if crc32(str(record.get(key)).encode()) % 3 == 0 else record

    before = system.rows(f"select count(*) from {drifting.name}")[0][0]
    load_changed(system, drifting, retype)
    found = quarantined(system)
    assert found
    assert {name for name, _ in found} == {drifting.name}
    assert all(drifting.strict in reason and WRONG in reason for _, reason in found)
    assert system.rows(f"select count(*) from {drifting.name}")[0][0] > before, "good records were kept back too"
