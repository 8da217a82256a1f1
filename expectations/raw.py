"""The raw boundary: what must hold of everything that a system sent, before anything is built on it.

Built from the objects that the registry declares and the rules in ``declarations/<system>.py``: volume, keys, types,
ranges, currencies and quarantine. What is expected and absent fails. Values are judged in the newest version of each
record, which is what is built on; an impossible value that the vendor has corrected is history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from expectations.currencies import CURRENCIES
from expectations.engine import Suite
from expectations.records import by_recency
from expectations.rules import ObjectRules
from ingestion.raw import RawObject, column_name

# Above this share of the rows received, quarantine is no longer an oddity of a few records.
MAX_QUARANTINED_PCT = 1
# Older versions are history.
_NEWEST = {"row_condition": 'col("recency")==1', "condition_parser": "great_expectations"}
SYSTEM_COLUMNS = ("_record_hash", "_is_deleted", "_extracted_at", "_dlt_load_id")


def object_suite(system: str, obj: RawObject, rules: ObjectRules, *, must_have_rows: bool = True) -> Suite:
    """Volume, keys, required values, ranges and currencies of one raw object.

    ``must_have_rows`` is False where a few records stand for a whole firm, as in scenario files.
    """
    where = f"raw_{system}.{obj.name}"

    def expectations(gxe: Any) -> Sequence[Any]:
        found = []
        if must_have_rows and not rules.may_be_empty:
            found.append(gxe.ExpectTableRowCountToBeBetween(min_value=1, description=f"{where} has records"))
        keys = ", ".join(obj.key_columns)
        version = f"{keys}, _record_hash, _dlt_load_id"
        always = (*obj.key_columns, *SYSTEM_COLUMNS)
        found += [
            _no_rows(
                gxe,
                f"{{batch}} where {' or '.join(f'{c} is null' for c in always)}",
                f"{where}: {keys} and load columns are filled",
            ),
            # A version may come back (A, B, A), but one load brings it once.
            _no_rows(
                gxe, f"{{batch}} group by {version} having count(*) > 1", f"{where}: a load brings each version once"
            ),
        ]
        found += [
            _no_rows(
                gxe,
                f"{{batch}} where recency = 1 and not _is_deleted and {column} is null",
                f"{where}.{column} is filled on every living record",
            )
            for column in rules.required
        ]
        found += [_in_range(gxe, f"{where}.{column} lies", column, bounds) for column, bounds in rules.ranges.items()]
        found += [
            _in_range(gxe, f"{where}.{column} usually lies", column, bounds, severity="warning")
            for column, bounds in rules.usual.items()
        ]
        found += [
            gxe.ExpectColumnValuesToBeInSet(
                column=column,
                value_set=CURRENCIES,
                description=f"{where}.{column} is an ISO 4217 currency",
                **_NEWEST,
            )
            for column in rules.currencies
        ]
        return found

    return Suite(f"raw.{system}.{obj.name}", by_recency(where, obj.key_columns), expectations)


def _no_rows(gxe: Any, rows: str, description: str) -> Any:
    """That there are no such ``rows`` (SQL from the table on); ``{batch}`` stands for all versions by recency."""
    return gxe.UnexpectedRowsExpectation(unexpected_rows_query=f"select 1 from {rows}", description=description)


def _in_range(gxe: Any, sentence: str, column: str, bounds: tuple[Any, Any], **severity: str) -> Any:
    low, high = bounds
    words = " to ".join("any" if b is None else str(b) for b in bounds)
    return gxe.ExpectColumnValuesToBeBetween(
        column=column, min_value=low, max_value=high, description=f"{sentence} within {words}", **_NEWEST, **severity
    )


def types_suite(system: str, objects: Mapping[str, RawObject]) -> Suite:
    """Every declared column exists with its declared, exact type: money never becomes a float on the way."""
    declared = [
        (obj.name, column_name(field), _warehouse_type(kind))
        for obj in objects.values()
        for field, kind in obj.columns.items()
    ]
    query = (
        "select case when coalesce(actual.data_type, 'absent') <> declared.data_type then declared.table_name || '.' "
        "|| declared.column_name || ' is ' || coalesce(actual.data_type, 'absent') || ' instead of ' "
        "|| declared.data_type end as difference "
        f"from (values {_values(declared)}) as declared(table_name, column_name, data_type) "
        "left join information_schema.columns as actual on actual.table_name = declared.table_name "
        f"and actual.column_name = declared.column_name and actual.table_schema = 'raw_{system}'"
    )

    def expectations(gxe: Any) -> Sequence[Any]:
        return [
            gxe.ExpectTableRowCountToEqual(
                value=len(declared), description=f"raw_{system} is described column by column"
            ),
            gxe.ExpectColumnValuesToBeNull(
                column="difference", description=f"columns of raw_{system} have their declared types"
            ),
        ]

    return Suite(f"raw.{system}.types", query, expectations)


def quarantine_suite(system: str) -> Suite:
    """Rows quarantined in the latest extraction: any is a warning, more than 1 % of those received is critical."""
    query = (
        "select coalesce(sum(records_received), 0) as received, coalesce(sum(quarantined), 0) as quarantined, "
        "coalesce(100.0 * sum(quarantined) / nullif(sum(records_received), 0), 0) as quarantined_pct "
        "from (select *, row_number() over (partition by object order by _extracted_at desc) as recency "
        f"from raw_{system}.feed) as latest where recency = 1"
    )

    def expectations(gxe: Any) -> Sequence[Any]:
        return [
            gxe.ExpectColumnValuesToBeBetween(
                column="quarantined",
                max_value=0,
                severity="warning",
                description=f"no record of {system} was quarantined, see raw_{system}.quarantine for the reasons",
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="quarantined_pct",
                max_value=MAX_QUARANTINED_PCT,
                description=f"at most {MAX_QUARANTINED_PCT} % of the records of {system} were quarantined",
            ),
        ]

    return Suite(f"raw.{system}.quarantine", query, expectations)


def _warehouse_type(kind: str) -> str:
    simple = {"text": "VARCHAR", "json": "VARCHAR", "bigint": "BIGINT", "bool": "BOOLEAN", "date": "DATE"}
    if kind.startswith("timestamp"):
        return "TIMESTAMP WITH TIME ZONE"
    return simple.get(kind) or kind.upper()


def _values(rows: Sequence[tuple[str, ...]]) -> str:
    return ", ".join("(" + ", ".join(f"'{cell}'" for cell in row) + ")" for row in rows)
