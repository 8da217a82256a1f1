"""The raw contract: what a record becomes, what is kept of it, and which versions are appended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingestion import convert
from ingestion.http.errors import SourceError
from ingestion.raw import Bookmark, CompleteWindow, RawObject, VersionIndex, column_name, to_batch, tombstones
from ingestion.versions import Held
from tests.fake_vendor import FakeVendor, entry, versions

AT = datetime(2026, 4, 30, 18, tzinfo=UTC)
COLUMNS = {
    "Id": "text",
    "Hours": "decimal(6,2)",
    "Count": "bigint",
    "Note": "text",
    "Billable": "bool",
    "WorkDate": "date",
    "ModifiedAt": "timestamp",
    "LocalTime": "timestamp(America/New_York)",
}
FLAT = RawObject("entries", key=("Id",), columns=COLUMNS, cursor="ModifiedAt", transport=frozenset({"links"}))
NESTED = RawObject(
    "lines",
    key=("id",),
    columns={
        "id": "text",
        "account.name": "text",
        "account.owner.email": "text",
        "rate": "decimal(18,4)",
        "tags": "json",
    },
    transport=frozenset({"attributes"}),
)


def record(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def rows(obj: RawObject, *records: bytes) -> list[dict[str, Any]]:
    batch = to_batch(obj, records, AT)
    assert batch.rejected == []
    return list(batch.rows.to_pylist())


def reasons(obj: RawObject, *records: bytes) -> list[str]:
    return [reason for _, reason, _ in to_batch(obj, records, AT).rejected]


def is_columnar(obj: RawObject, *records: bytes) -> bool:
    return convert._columnar(obj, records) is not None


# --- values ---


def test_a_record_becomes_a_row_of_declared_types() -> None:
    raw = record(
        Id="T1", Hours=7.25, Count=3, Note="ok", Billable=True, WorkDate="2026-03-31",
        ModifiedAt="2026-04-01T10:00:00.000+0200", LocalTime="2026-04-01 09:30:00",
    )  # fmt: skip
    assert is_columnar(FLAT, raw)
    (row,) = rows(FLAT, raw)
    assert row == {
        "id": "T1",
        "hours": Decimal("7.25"),
        "count": 3,
        "note": "ok",
        "billable": True,
        "work_date": date(2026, 3, 31),
        "modified_at": datetime(2026, 4, 1, 8, tzinfo=UTC),
        "local_time": datetime(2026, 4, 1, 13, 30, tzinfo=UTC),
        "_extra": None,
        "_record_hash": convert.record_hash(raw),
        "_is_deleted": False,
        "_extracted_at": AT,
    }


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("0.1", "0.10"),
        ("9999.99", "9999.99"),
        ("-9999.99", "-9999.99"),
        ('"12.50"', "12.50"),
        ("1e2", "100.00"),
        ("1.500", "1.50"),
        ("-0.00", "0.00"),
    ],
)
def test_decimals_are_exact_whether_number_or_text(literal: str, expected: str) -> None:
    (row,) = rows(FLAT, b'{"Id":"T1","Hours":%s}' % literal.encode())
    assert str(row["hours"]) == expected


@pytest.mark.parametrize("literal", ["10000", "12345", "0.001", '"1_0"', '" 1"', '""', '"NaN"', "true", "1e400", "[1]"])
def test_a_number_that_does_not_fit_is_quarantined_and_never_rounded(literal: str) -> None:
    good, bad = b'{"Id":"T1","Hours":1}', b'{"Id":"T2","Hours":%s}' % literal.encode()
    batch = to_batch(FLAT, [good, bad], AT)
    assert batch.rows.column("id").to_pylist() == ["T1"]
    ((key, reason, raw),) = batch.rejected
    assert (key, raw) == ("T2", bad)
    assert reason.startswith("Hours: ")


def test_many_digits_survive() -> None:
    wide = RawObject("wide", key=("Id",), columns={"Id": "text", "n": "decimal(38,18)"})
    literal = "12345678901234567890.123456789012345678"
    by_number, by_text = rows(wide, b'{"Id":"1","n":%s}' % literal.encode(), b'{"Id":"2","n":"%s"}' % literal.encode())
    assert str(by_number["n"]) == str(by_text["n"]) == literal
    with mock.patch.object(convert, "_columnar", return_value=None):
        assert str(rows(wide, b'{"Id":"1","n":%s}' % literal.encode())[0]["n"]) == literal


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("Count", "7", "Count: declared whole number of 64 bits, got '7'"),
        ("Count", 1.0, "Count: declared whole number of 64 bits, got Decimal('1.0')"),
        ("Count", 2**63, "Count: declared whole number of 64 bits, got 9223372036854775808"),
        ("Note", 7, "Note: declared text, got 7"),
        ("Billable", "true", "Billable: declared bool, got 'true'"),
        ("Hours", "ten", "Hours: declared decimal, got 'ten'"),
        ("WorkDate", "2026-02-30", "WorkDate: declared date, got '2026-02-30'"),
        ("WorkDate", "20260131", "WorkDate: declared date, got '20260131'"),
        ("ModifiedAt", "2026-04-01T10:00:00", "ModifiedAt: declared timestamp, got '2026-04-01T10:00:00'"),
        ("LocalTime", "2026-04-01T10Z", "LocalTime: declared timestamp(America/New_York), got '2026-04-01T10Z'"),
    ],
)
def test_a_broken_declaration_is_quarantined_with_its_reason(field: str, value: Any, reason: str) -> None:
    assert reasons(FLAT, record(Id="T1", **{field: value}), record(Id="T2")) == [reason]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"Hours":1}',
        b'{"Id":null,"Hours":1}',
        b'{"Id":"","Hours":1}',
    ],
)
def test_a_record_without_its_key_is_quarantined(raw: bytes) -> None:
    batch = to_batch(FLAT, [record(Id="T1"), raw], AT)
    assert batch.rows.column("id").to_pylist() == ["T1"]
    assert batch.rejected == [(None, "record has no Id", raw)]


@pytest.mark.parametrize("raw", [b"null", b"[]", b"7", b"", b'{"Id":"T1"', b'{"Id":"\xff"}', b'{"Id":"T1"}{"Id":"T2"}'])
def test_what_is_no_json_object_is_quarantined(raw: bytes) -> None:
    for batch in ([raw], [raw, record(Id="T9")], [record(Id="T9"), raw]):
        rejected = to_batch(FLAT, batch, AT).rejected
        assert [(key, bytes_) for key, _, bytes_ in rejected] == [(None, raw)]
        assert rejected[0][1].startswith(("not valid JSON: ", "not a JSON object: "))


def test_a_number_beyond_every_range_and_deep_nesting_do_not_stop_the_load() -> None:
    monsters = [
        b'{"Id":"T1","Hours":1e99999999999999999999}',
        b'{"Id":"T2","Count":' + b"9" * 5000 + b"}",
        b'{"Id":"T3","other":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ]
    batch = to_batch(FLAT, [*monsters, record(Id="T4")], AT)
    assert "T4" in batch.rows.column("id").to_pylist()
    assert len(batch.rows) + len(batch.rejected) == 4


# --- times ---


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-04-01T10:00:00Z", datetime(2026, 4, 1, 10)),
        ("2026-04-01T10:00:00+02:00", datetime(2026, 4, 1, 8)),
        ("2026-04-01T10:00:00.000+0000", datetime(2026, 4, 1, 10)),
        ("2026-04-01T10:00:00.123456789-07:00", datetime(2026, 4, 1, 17, 0, 0, 123456)),
        ("9999-12-31T00:00:00Z", datetime(9999, 12, 31)),
    ],
)
def test_timestamps_with_an_offset_become_utc(text: str, utc: datetime) -> None:
    raw = record(Id="T1", ModifiedAt=text)
    assert is_columnar(FLAT, raw)
    assert rows(FLAT, raw)[0]["modified_at"] == utc.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-01-15T12:00:00", datetime(2026, 1, 15, 17)),
        ("2026-07-15T12:00:00", datetime(2026, 7, 15, 16)),
        # happens twice: the earlier one
        ("2026-11-01T01:30:00", datetime(2026, 11, 1, 5, 30)),
        # never happens: the last moment before the gap
        ("2026-03-08T02:30:00", datetime(2026, 3, 8, 6, 59, 59, 999999)),
    ],
)
def test_local_timestamps_follow_their_zone_through_daylight_saving(local: str, utc: datetime) -> None:
    assert rows(FLAT, record(Id="T1", LocalTime=local))[0]["local_time"] == utc.replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["0000-01-01", "10000-01-01", "2026-1-1", ""])
def test_days_outside_the_calendar_are_quarantined(text: str) -> None:
    assert reasons(FLAT, record(Id="T1", WorkDate=text)) == [f"WorkDate: declared date, got {text!r}"]


# --- what is not declared ---


def test_undeclared_fields_are_kept_byte_for_byte() -> None:
    raw = b'{"Id":"T1","links":{"self":"/1"},"Rate":1.10,"Big":123456789012345678901234567890,"Sub":{"a": [1, 2]}}'
    (row,) = rows(FLAT, raw)
    assert row["_extra"] == '{"Rate":1.10,"Big":123456789012345678901234567890,"Sub":{"a": [1, 2]}}'


def test_a_new_field_of_mixed_types_stays_on_the_columnar_path() -> None:
    records = [record(Id="T1", new=1), record(Id="T2", new="two"), record(Id="T3")]
    assert is_columnar(FLAT, *records)
    assert [row["_extra"] for row in rows(FLAT, *records)] == ['{"new":1}', '{"new":"two"}', None]


def test_nested_fields_are_reached_and_the_rest_of_their_object_is_kept() -> None:
    raw = record(
        id="1",
        attributes={"url": "/1"},
        rate="10.5",
        tags=["a", 1],
        account={
            "attributes": {"url": "/2"},
            "name": "Acme",
            "region": "EU",
            "owner": {"email": "o@x.com", "phone": "1"},
        },
    )
    (row,) = rows(NESTED, raw)
    assert (row["account__name"], row["account__owner__email"], row["rate"]) == ("Acme", "o@x.com", Decimal("10.5000"))
    assert json.loads(row["tags"]) == ["a", 1]
    assert json.loads(row["_extra"]) == {"account": {"region": "EU", "owner": {"phone": "1"}}}


def test_an_absent_parent_object_is_null_and_a_scalar_in_its_place_is_quarantined() -> None:
    empty = {"account__name": None, "account__owner__email": None, "_extra": None}
    for raw in (record(id="1"), record(id="1", account=None), record(id="1", account={"owner": None})):
        assert rows(NESTED, raw)[0].items() >= empty.items()
    assert reasons(NESTED, record(id="1", account="Acme")) == ["account.name: the field that holds it is not an object"]


# --- large and oddly written records ---


def test_records_larger_than_a_block_or_over_several_lines_stay_on_the_columnar_path() -> None:
    large = record(Id="T1", Note="x" * (convert.PARSE_BLOCK_BYTES + 100))
    pretty = [json.dumps({"Id": f"T{n}", "Note": "y" * 1000, "new": n}, indent=2).encode() for n in range(2, 2000)]
    assert is_columnar(FLAT, large, *pretty)
    found = rows(FLAT, large, *pretty)
    assert [row["id"] for row in found] == [f"T{n}" for n in range(1, 2000)]
    assert len(found[0]["note"]) == convert.PARSE_BLOCK_BYTES + 100
    assert found[-1]["_extra"] == '{"new":1999}'


# --- both paths ---

GOOD = {
    "Id": ['"k"', '"é😀"', '"2026-01-01"', '"a\\nb"'],
    "Hours": ["1", "-1.5", '"1.50"', "9999.99", "1e2", "1E-1", "0.100", '"+1"', '".5"', '"5."', "-0.0", "null"],
    "Count": ["0", "-1", "9223372036854775807", "-9223372036854775808", "null", "-0"],
    "Note": ['"a"', '""', '"\\u0000"', '"\\u00e9"', '"1"', "null"],
    "Billable": ["true", "false", "null"],
    "WorkDate": ['"2026-01-31"', '"0001-01-01"', '"9999-12-31"', '"2024-02-29"', "null"],
    "ModifiedAt": ['"2026-01-01T00:00:00Z"', '"2026-01-01 00:00:00.5+05:30"', '"2026-01-01T00:00:00.1234567Z"', "null"],
    "LocalTime": ['"2026-03-08T02:30:00"', '"2026-11-01T01:30:00"', '"2026-01-01"', '"2026-01-01T10:00"', "null"],
    "new": ["1", '"s"', "1.10", '{"a":[1,{"b":null}]}', "null", "[]"],
    "links": ['{"self":"/1"}', "null"],
}
BAD = [
    "null", "true", "1", "1.0", "1e400", "0.001", "10000", "12345", "99999.999", "9223372036854775808", '""', '"x"',
    '" 1"', '"1_0"', '"NaN"', '"Infinity"', '"１"', '"0000-12-31"', '"20260101"', '"2026-W01-1"',
    '"2026-01-01T24:00:00Z"', '"0001-01-01T00:00:00+05:00"', '"9999-12-31T23:59:59-05:00"', '"\\ud800"', "[]", "{}",
    '{"a":1}',
]  # fmt: skip


@st.composite
def pages(draw: st.DrawFn) -> list[bytes]:
    """Some records that keep the declaration, one of which may have one field that may not."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        fields = {"Id": draw(st.sampled_from(GOOD["Id"]))}
        for name in draw(st.lists(st.sampled_from(list(GOOD)), unique=True)):
            fields[name] = draw(st.sampled_from(GOOD[name]))
        found.append(fields)
    if draw(st.booleans()):
        draw(st.sampled_from(found))[draw(st.sampled_from(list(COLUMNS)))] = draw(st.sampled_from(BAD))
    return [("{" + ",".join(f'"{name}":{text}' for name, text in fields.items()) + "}").encode() for fields in found]


def outcome(batch: convert.Batch) -> tuple[list[dict[str, Any]], set[tuple[str | None, str, bytes]]]:
    batch.rows.validate(full=True)
    return batch.rows.to_pylist(), set(batch.rejected)


@settings(max_examples=300, deadline=None)
@given(pages())
@example([b'{"Id":"k","Hours":12345}'])
@example([b'{"Id":"k","WorkDate":"0000-12-31"}'])
@example([b'{"Id":"k","Id":"l"}'])
def test_by_column_and_by_record_give_the_same(page: list[bytes]) -> None:
    together = outcome(to_batch(FLAT, page, AT))
    with mock.patch.object(convert, "_columnar", return_value=None):
        assert together == outcome(to_batch(FLAT, page, AT))
    one_by_one = [outcome(to_batch(FLAT, [raw], AT)) for raw in page]
    assert together[0] == [row for rows_, _ in one_by_one for row in rows_]
    assert together[1] == {item for _, rejected in one_by_one for item in rejected}


@given(st.lists(st.sampled_from(GOOD["Hours"]), min_size=1))
def test_a_page_that_keeps_the_declaration_takes_the_columnar_path(hours: list[str]) -> None:
    assert is_columnar(FLAT, *(f'{{"Id":"k","Hours":{text}}}'.encode() for text in hours))


# --- declarations ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"key": ()}, "declares no key"),
        ({"key": ("Nope",)}, "Nope is its key, cursor, parent or provenance but not declared"),
        ({"provenance": frozenset({"File"})}, "File is its key, cursor, parent or provenance but not declared"),
        ({"cursor": "At", "snapshot": True}, "a snapshot and has a cursor"),
        ({"columns": {"Id": "text", "At": "float"}}, "x.At: unknown column type 'float'"),
        ({"columns": {"Id": "text", "ID": "text"}}, "field ID and field Id have the same column name"),
        ({"columns": {"Id": "text", "_extra": "text"}}, "field _extra and a system column have the same column name"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(arguments: dict[str, Any], message: str) -> None:
    fields: dict[str, Any] = {"key": ("Id",), "columns": {"Id": "text", "At": "timestamp"}} | arguments
    with pytest.raises(ValueError, match="raw object x|x.At") as refused:
        RawObject("x", **fields)
    assert message in str(refused.value)


def test_column_names_are_snake_case_and_show_nesting() -> None:
    assert [column_name(n) for n in ("WorkDate", "invoice-number", "Account.Owner.Name", "custbody_x")] == [
        "work_date", "invoice_number", "account__owner__name", "custbody_x",
    ]  # fmt: skip


# --- versions ---


def test_where_a_record_was_read_makes_no_version() -> None:
    columns = {"Id": "text", "Hours": "decimal(6,2)", "File": "text"}
    plain, traced = (RawObject("e", ("Id",), columns, provenance=p) for p in (frozenset(), frozenset({"File"})))
    one, two = record(Id="a", Hours=1, File="x"), record(Id="a", Hours=1, File="y")
    other = record(Id="a", Hours=2, File="x")
    hashes = [r["_record_hash"] for r in rows(traced, one, two, other)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert [r["file"] for r in rows(traced, one, two, other)] == ["x", "y", "x"]
    assert len({r["_record_hash"] for r in rows(plain, one, two)}) == 2


KEYED = RawObject("things", key=("id",), columns={"id": "text", "n": "bigint", "of": "text"}, parent="of")
NUMBERED = RawObject("numbered", key=("id", "line"), columns={"id": "bigint", "line": "text"})


def things(*records: tuple[str, int]) -> pa.Table:
    return to_batch(KEYED, [record(id=key, n=n) for key, n in records], AT).rows


def versions_of(table: pa.Table) -> list[tuple[str, int]]:
    ordered = table.sort_by("_extracted_at")
    return list(zip(ordered.column("id").to_pylist(), ordered.column("n").to_pylist(), strict=True))


def index_of(*records: tuple[str, int], parent: str | None = None) -> VersionIndex:
    known = things(*records)
    hashes = known.column("_record_hash").to_pylist()
    return VersionIndex(KEYED, {key: Held(h, parent) for (key, _), h in zip(records, hashes, strict=True)})


def test_only_new_versions_are_appended() -> None:
    index = index_of(("a", 1), ("b", 1))
    assert versions_of(index.new_versions(things(("a", 1), ("b", 2), ("c", 1)))) == [("b", 2), ("c", 1)]
    assert len(index.new_versions(things(("b", 2), ("c", 1)))) == 0


def test_a_value_that_returns_is_a_version_of_its_own() -> None:
    index = index_of(("a", 1))
    assert versions_of(index.new_versions(things(("a", 2)))) == [("a", 2)]
    assert versions_of(index.new_versions(things(("a", 1)))) == [("a", 1)]


@pytest.mark.parametrize("known", [[], [("a", 0)]])
def test_versions_delivered_together_keep_their_order(known: Sequence[tuple[str, int]]) -> None:
    appended = index_of(*known).new_versions(things(("a", 1), ("b", 1), ("a", 1), ("a", 2), ("a", 3), ("b", 1)))
    assert [n for key, n in versions_of(appended) if key == "a"] == [1, 2, 3]
    assert [n for key, n in versions_of(appended) if key == "b"] == [1]
    times = appended.filter(pa.array([key == "a" for key in appended.column("id").to_pylist()])).column("_extracted_at")
    assert times.to_pylist() == [AT + timedelta(microseconds=n) for n in range(3)]


def test_deletions_concern_living_records_once() -> None:
    index = index_of(("a", 1), ("b", 1))
    assert index.deletable(["a", "a", "unknown"]) == ["a"]
    index.mark_deleted(["a"])
    assert index.deletable(["a"]) == []
    assert versions_of(index.new_versions(things(("a", 1)))) == [("a", 1)], "a restored record is alive again"
    assert index.deletable(["a"]) == ["a"]


def test_keys_of_deletions_are_read_as_the_key_columns_declare() -> None:
    index = VersionIndex(NUMBERED, {(7, "1"): Held(5, None)})
    assert index.deletable([("7", 1)]) == [(7, "1")]


def test_a_snapshot_deletes_what_it_does_not_contain() -> None:
    index = index_of(("a", 1), ("b", 1), ("c", 1))
    index.new_versions(things(("a", 1), ("c", 2)))
    assert index.vanished() == ["b"]


def test_a_quarantined_record_is_not_a_deleted_one() -> None:
    index = index_of(("a", 1), ("b", 1), ("c", 1))
    index.new_versions(things(("a", 1)))
    index.saw_unreadable(["b"])
    assert index.vanished() == ["c"]
    index.saw_unreadable([None])
    assert index.vanished() == [], "a record without a readable key may be any of the missing ones"


def test_a_snapshot_that_lost_most_records_is_not_believed() -> None:
    known = [(f"k{n}", 1) for n in range(20)]
    index = index_of(*known)
    index.new_versions(things(*known[:9]))
    with pytest.raises(SourceError, match="things: the vendor returned only 9 of 20 known records; nothing was marked"):
        index.vanished()
    index.new_versions(things(*known[9:10]))
    assert len(index.vanished()) == 10


def test_complete_children_delete_their_missing_siblings_once() -> None:
    index = index_of(("a", 1), ("b", 1), ("c", 1), parent="p1")
    index.new_versions(things(("a", 1)))
    assert index.orphans(["p2"]) == []
    assert index.orphans(["p1", "p1"]) == ["b", "c"]
    index.mark_deleted(["b", "c"])
    assert index.orphans(["p1"]) == []


def test_tombstones_carry_the_key_and_nothing_else() -> None:
    table = tombstones(NUMBERED, [(7, "1")], AT)
    assert table.schema == NUMBERED.schema
    assert table.to_pylist() == [
        {"id": 7, "line": "1", "_extra": None, "_record_hash": 0, "_is_deleted": True, "_extracted_at": AT}
    ]


# --- what a reading leaves for the next one, and windows that are complete ---


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("cursor", ["at", None])
def test_a_bookmark_comes_back_until_the_next_one_replaces_it(data_dir: Path, cursor: str | None) -> None:
    vendor = FakeVendor(RawObject("entries", ("id",), {"id": "text", "at": "timestamp"}, cursor))
    for left in ([Bookmark({"link": "early"}), Bookmark({"link": "one"})], [], [Bookmark({"link": "two"})], []):
        vendor.extra = lambda obj, left=left: left
        vendor.load()
    assert vendor.bookmarks == [None, {"link": "one"}, {"link": "one"}, {"link": "two"}]


def test_a_failed_reading_leaves_the_bookmark_as_it_was(data_dir: Path) -> None:
    def broken() -> Any:
        yield Bookmark({"link": "two"})
        raise SourceError("broke off")

    vendor = FakeVendor()
    for left in (lambda: [Bookmark({"link": "one"})], broken, list):
        vendor.extra = lambda obj, left=left: left()
        if left is broken:
            with pytest.raises(SourceError, match="broke off"):
                vendor.load()
        else:
            vendor.load()
    assert vendor.bookmarks == [None, {"link": "one"}, {"link": "one"}]


def test_a_complete_window_deletes_what_it_lacks_and_nothing_older(data_dir: Path) -> None:
    vendor = FakeVendor()
    vendor.records["entries"] = [entry("a"), entry("b"), entry("old", at="2026-01-01T00:00:00Z")]
    vendor.extra = lambda obj: [CompleteWindow()]
    vendor.load()
    vendor.records["entries"] = [entry("a")]
    vendor.load()
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False), ("b", None, True), ("old", 1, False)]


def test_a_window_that_was_ignored_proves_no_deletion(data_dir: Path) -> None:
    vendor = FakeVendor()
    vendor.records["entries"] = [entry("a"), entry("b"), entry("old", at="2026-01-01T00:00:00Z")]
    vendor.load()
    del vendor.records["entries"][1]
    vendor.ignores_filter = True
    vendor.extra = lambda obj: [CompleteWindow()]
    vendor.load()
    assert not any(deleted for _, _, deleted in versions(data_dir))
