"""Fixed-width records with header and trailer. A file without a matching trailer is refused: positions that are off by
one give plausible amounts."""

from __future__ import annotations

from ingestion.sources.files import spelling
from ingestion.sources.files.feed import Feed, FixedWidth, Place, Refused
from ingestion.sources.files.rows import Content, Row, check_control, check_keys, decoded


def read(feed: Feed, content: bytes) -> Content:
    """The detail records as text; raises Refused when lengths, order, count or control total are not as declared."""
    layout = feed.layout
    assert isinstance(layout, FixedWidth)
    lines = [line.rstrip("\r") for line in decoded(content, layout.encoding).rstrip("\r\n\x1a").split("\n")]
    types = layout.record_type
    kinds = [_cut(line, Place(start=types.start, length=types.length)) for line in lines]
    if kinds[0] != types.header:
        raise Refused(f"the first record is not a header ({types.header})")
    if len(lines) < 2 or kinds[-1] != types.trailer:
        raise Refused(f"the last record is not a trailer ({types.trailer}): the file is not complete")
    found = Content()
    for number, (line, kind) in enumerate(zip(lines[1:-1], kinds[1:-1], strict=True), 2):
        if kind != types.detail:
            raise Refused(f"line {number}: record type {kind!r} is not a detail ({types.detail})")
        if len(line) != layout.length:
            raise Refused(f"line {number} has {len(line)} characters, declared are {layout.length}")
        fields = {column: _value(feed, layout, column, line) for column in layout.columns}
        deletion = layout.deleted
        gone = deletion is not None and deletion.place is not None and _cut(line, deletion.place) in deletion.values
        found.rows.append(Row(number, fields, gone))
    control, trailer = layout.trailer, lines[-1]
    count = _cut(trailer, control.count)
    total = spelling.implied(_cut(trailer, control.total), control.total.implied_decimals)
    if not count or total is None:
        raise Refused("the trailer states no count or no control total")
    check_control(found.rows, count, total, control.of)
    check_keys(feed, found.rows)
    return found


def _cut(line: str, place: Place) -> str:
    return line[place.start - 1 : place.start - 1 + place.length].strip()


def _value(feed: Feed, layout: FixedWidth, column: str, line: str) -> str | None:
    place, kind = layout.columns[column], feed.object.columns[column]
    raw = _cut(line, place)
    if kind.startswith("decimal"):
        return spelling.implied(raw, place.implied_decimals)
    return spelling.spelled(raw, kind, layout.decimals, layout.dates)
