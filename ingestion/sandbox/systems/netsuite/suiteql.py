"""SuiteQL, executed: Oracle's SQL subset translated for DuckDB, and answers written the way NetSuite writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ingestion.sandbox.systems.netsuite.tables import LABELS, REFERENCES, TABLES, TRANSACTION_STATUS

MAX_RESULTS = 100_000
MAX_PAGES = 1000
_ORACLE_FORMAT = (
    ("YYYY", "%Y"), ("HH24", "%H"), ("HH12", "%I"), ("MON", "%b"), ("MM", "%m"), ("DD", "%d"), ("HH", "%I"),
    ("MI", "%M"), ("SS", "%S"), ("AM", "%p"), ("PM", "%p"), ("YY", "%y"),
)  # fmt: skip
_UNKNOWN_COLUMN = re.compile(r'(?:column named|[Cc]olumn) "([^"]+)"')
_OWNER = re.compile(r'(?:Table|list) "([^"]+)" does not have')


class QueryError(Exception):
    """The query is refused; the message is the ``detail`` that NetSuite puts in its error body."""


class Engine:
    """NetSuite's tables in memory. ``load`` replaces them, ``run`` answers one page of a query."""

    def __init__(self) -> None:
        self._db = duckdb.connect(":memory:", config={"threads": 2, "enable_external_access": "false"})
        self._lock = Lock()

    def load(self, records: Mapping[str, list[dict[str, Any]]]) -> None:
        """Replace the content of all tables."""
        for name, columns in TABLES.items():
            schema = pa.schema([(column, _arrow(kind)) for column, kind in columns.items()])
            rows = pa.Table.from_pylist(records.get(name, []), schema=schema)
            self._db.register("incoming", rows)
            self._db.execute(f'create or replace table "{name}" as select * from incoming order by 1')
            self._db.unregister("incoming")

    def run(self, query: str, now: datetime, limit: int, offset: int) -> tuple[str, list[dict[str, str]], int]:
        """The page of ``query`` at ``offset``: the table it reads first, its items, and the total number of results.

        ``now`` is SYSDATE in the session's time zone. Raises QueryError.
        """
        tree = _parse(query)
        main = _check_tables(tree)
        limited = tree.args.get("limit") is not None
        translated = _translate(tree, now)
        unsorted = translated.copy()
        unsorted.set("order", None)
        total_sql = exp.select("count(*)").from_(unsorted.subquery("counted"))
        if not limited:
            translated = translated.limit(limit).offset(offset)
        with self._lock:
            try:
                cursor = self._db.cursor()
                found = cursor.execute(translated.sql("duckdb", identify=True))
                names = [column[0].lower() for column in found.description or []]
                rows = found.fetchall()
                total = cursor.execute(total_sql.sql("duckdb", identify=True)).fetchall()[0][0]
            except duckdb.Error as error:
                raise QueryError(_explain(error, main)) from None
        page = rows[offset : offset + limit] if limited else rows
        return main, [{n: _text(v) for n, v in zip(names, row, strict=True) if v is not None} for row in page], total


def reachable(total: int, limit: int) -> int:
    """How many of ``total`` results paging can reach with pages of ``limit``."""
    return min(total, MAX_RESULTS, MAX_PAGES * limit)


def _parse(query: str) -> exp.Select:
    try:
        tree = sqlglot.parse_one(query, read="oracle")
    except SqlglotError as error:
        raise QueryError(
            f"Invalid search query. Detailed unprocessed description follows. {error}".split("\n")[0]
        ) from None
    if not isinstance(tree, exp.Select):
        raise QueryError("Invalid search query. Detailed unprocessed description follows. Only SELECT is supported.")
    return tree


def _check_tables(tree: exp.Select) -> str:
    """The name of the table that the query reads first; raises QueryError for a table that does not exist."""
    defined = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        name = table.name.lower()
        if name not in defined and (name not in TABLES or not isinstance(table.this, exp.Identifier)):
            raise QueryError(
                "Invalid search query. Detailed unprocessed description follows. Search error occurred: "
                f"Record '{name or table.sql()}' was not found."
            )
    source = tree.args.get("from_") or tree.args.get("from")
    first = source.find(exp.Table) if source else None
    return first.name.lower() if first else "dual"


def _translate(tree: exp.Select, now: datetime) -> exp.Select:
    for select in list(tree.find_all(exp.Select)):
        _limit_instead_of_rownum(select)
    aliases = {t.alias_or_name.lower(): t.name.lower() for t in tree.find_all(exp.Table)}
    result = tree.transform(lambda node: _rewrite(node, aliases, now))
    assert isinstance(result, exp.Select)
    return result


def _limit_instead_of_rownum(select: exp.Select) -> None:
    """``ROWNUM <= n`` becomes a limit. Which rows Oracle picks before it sorts is undefined, so any n will do."""
    where = select.args.get("where")
    if not where:
        return
    kept = []
    for part in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        if isinstance(part, exp.LTE | exp.LT) and part.this.name.upper() == "ROWNUM":
            count = int(part.expression.name) - isinstance(part, exp.LT)
            select.set("limit", exp.Limit(expression=exp.Literal.number(count)))
        else:
            kept.append(part)
    select.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)


def _rewrite(node: exp.Expr, aliases: Mapping[str, str], now: datetime) -> exp.Expr:
    if isinstance(node, exp.Dot) and node.name.upper() == "DF" and node.this.name.upper() == "BUILTIN":
        return _display(node.expression.expressions[0], aliases)
    if isinstance(node, exp.ToChar):
        return _to_char(node)
    if isinstance(node, exp.StrToDate | exp.StrToTime):
        return exp.func("STRPTIME", node.this, exp.Literal.string(node.args["format"].name))
    if isinstance(node, exp.Sub | exp.Add) and _is_sysdate(node.this):
        days = exp.func("TO_SECONDS", exp.Mul(this=exp.paren(node.expression), expression=exp.Literal.number(86400)))
        return type(node)(this=_moment(now), expression=days)
    if _is_sysdate(node):
        return _moment(now)
    if isinstance(node, exp.DPipe):
        return exp.Anonymous(this="concat", expressions=[node.left, node.right])
    return node


def _is_sysdate(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.CurrentTimestamp) and bool(node.args.get("sysdate"))


def _moment(now: datetime) -> exp.Expr:
    return exp.cast(exp.Literal.string(now.strftime("%Y-%m-%d %H:%M:%S")), "timestamp")


def _to_char(node: exp.ToChar) -> exp.Expr:
    model = node.args.get("format")
    if model is None:
        return exp.cast(node.this, "text")
    pattern, rest = "", model.name
    while rest:
        known = next(((o, p) for o, p in _ORACLE_FORMAT if rest.upper().startswith(o)), None)
        pattern += known[1] if known else rest[0]
        rest = rest[len(known[0]) if known else 1 :]
    return exp.func("STRFTIME", node.this, exp.Literal.string(pattern))


def _display(column: exp.Expr, aliases: Mapping[str, str]) -> exp.Expr:
    owner = column.args["table"].name if column.args.get("table") else next(iter(aliases))
    field = (aliases.get(owner.lower(), owner.lower()), column.name.lower())
    shown = exp.cast(column.copy(), "text")
    if target := REFERENCES.get(field):
        table, label = target
        inner = exp.select(exp.column(label, "shown")).from_(exp.table_(table, alias="shown"))
        return inner.where(exp.column("id", "shown").eq(column.copy())).subquery()
    if field == ("transaction", "status"):
        kind = exp.column("type", owner)
        cases = exp.Case()
        for (code, letter), label in TRANSACTION_STATUS.items():
            cases = cases.when(kind.eq(code).and_(column.copy().eq(letter)), exp.Literal.string(label))
        return cases.else_(shown)
    cases = exp.Case()
    labels = LABELS.get(field, {})
    for code, label in labels.items():
        cases = cases.when(shown.copy().eq(code), exp.Literal.string(label))
    return cases.else_(shown) if labels else shown


def _explain(error: duckdb.Error, main: str) -> str:
    text = str(error)
    start = "Invalid search query. Detailed unprocessed description follows. "
    if column := _UNKNOWN_COLUMN.search(text):
        owner = _OWNER.search(text)
        record = owner.group(1).lower() if owner and owner.group(1).lower() in TABLES else main
        name = column.group(1).lower()
        return (
            f"{start}Search error occurred: Field '{name}' for record '{record}' was not found. "
            "Reason: REMOVED - Field is removed"
        )
    return start + text.splitlines()[0]


def _text(value: Any) -> str:
    writer = _WRITERS.get(type(value))
    return writer(value) if writer else str(value)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _user_date(value: date) -> str:
    """The user's date preference; a datetime loses its time."""
    return f"{value.month}/{value.day}/{value.year}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: lambda v: v,
    Decimal: _plain,
    date: _user_date,
    datetime: _user_date,
    bool: lambda v: "T" if v else "F",
}


def _arrow(kind: str) -> pa.DataType:
    simple = {"BIGINT": pa.int64(), "VARCHAR": pa.string(), "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us")}
    if kind in simple:
        return simple[kind]
    precision, scale = kind.removeprefix("DECIMAL(").rstrip(")").split(",")
    return pa.decimal128(int(precision), int(scale))
