"""The SuiteQL text of each extraction.

Dates and datetimes are always written with TO_CHAR: without it they come in the user's date preference, without time.
Pages are keyset pages: offset 0, the last key in WHERE, and a unique ORDER BY, so that neither the limit of 100,000
results nor a record that changes meanwhile can lose rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from ingestion.http.errors import PermanentError
from ingestion.raw import RawObject
from ingestion.sources.netsuite import settings

_WHOLE = re.compile(r"-?\d+")
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE)
_DATE, _MOMENT = "YYYY-MM-DD", "YYYY-MM-DD HH24:MI:SS"
_TYPES = ", ".join(f"'{kind}'" for kind in settings.TRANSACTION_TYPES)
_OF_TYPES = f"SELECT t.id FROM transaction t WHERE t.type IN ({_TYPES})"


@dataclass(frozen=True)
class Shape:
    """What an object needs beyond its own columns. ``o`` is the alias of its record.

    ``owner`` names the record whose change replaces all children of it, ``link`` the child's field that points to it;
    ``own_changes`` says that a child can also change without its owner.
    """

    join: str = ""
    expressions: Mapping[str, str] = field(default_factory=dict)
    only: str = ""
    owner: str = ""
    link: str = ""
    own_changes: bool = False


SHAPES: dict[str, Shape] = {
    "customer": Shape(
        " LEFT JOIN entityaddress a ON a.nkey = o.defaultbillingaddress", {"billingcountry": "a.country"}
    ),
    "transaction": Shape(only=f"o.type IN ({_TYPES})"),
    "transactionline": Shape(only=f"o.transaction IN ({_OF_TYPES})", owner="transaction", link="o.transaction"),
    "nexttransactionlinelink": Shape(
        only="o.linktype = 'Payment' AND o.nexttype IN ('CustPymt', 'CustCred')", owner="transaction", link="o.nextdoc"
    ),
    "charge": Shape(
        expressions={"billingdocument": "NVL(o.invoice, o.creditmemo)"},
        owner="transaction",
        link="NVL(o.invoice, o.creditmemo)",
        own_changes=True,
    ),
    "revenueplanplannedrevenue": Shape(owner="revenueplan", link="o.revenueplan"),
}  # fmt: skip


class Queries:
    """SuiteQL for one account: its record and field names, and the time zone of its session.

    ``record_names`` and ``field_names`` override those of settings.py; an empty name leaves an object or a field out.
    """

    def __init__(
        self,
        time_zone: str,
        record_names: Mapping[str, str] | None = None,
        field_names: Mapping[str, str] | None = None,
    ) -> None:
        self._zone = ZoneInfo(time_zone)
        self._records = settings.RECORD_NAMES | dict(record_names or {})
        self._fields = settings.FIELD_NAMES | dict(field_names or {})
        for place, name in [*self._records.items(), *self._fields.items()]:
            # Changes cannot be asked for without a time of change.
            if not _NAME.fullmatch(name) and (name or place.endswith(".lastmodifieddate")):
                raise PermanentError(
                    f"netsuite: {name!r} for {place} is not a NetSuite id; see ingestion/sources/netsuite/README.md"
                )
        if unknown := set(field_names or {}) - set(settings.FIELD_NAMES):
            raise PermanentError(
                f"netsuite: field_names has the unknown entry {min(unknown)}; "
                f"known are {', '.join(settings.FIELD_NAMES)}"
            )

    def is_left_out(self, name: str) -> bool:
        """Whether this account has no such record, by configuration."""
        return self._record(name) == ""

    def page(self, obj: RawObject, since: datetime | None, after: Sequence[str] | None) -> str:
        """The next page of ``obj``: what changed since then, with keys after ``after``."""
        shape = SHAPES.get(obj.name, Shape())
        present = {name: kind for name, kind in obj.columns.items() if self._fields.get(f"{obj.name}.{name}") != ""}
        columns = ", ".join(self._column(obj, shape, name, kind) for name, kind in present.items())
        keys = [self._expression(obj, shape, name) for name in obj.key]
        conditions = [shape.only] if shape.only else []
        if since is not None:
            conditions.append(self._changed(obj, shape, since))
        if after is not None:
            conditions.append(_beyond(keys, after))
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {columns} FROM {self._record(obj.name)} o{shape.join}{where} ORDER BY {', '.join(keys)}"

    def changed_owners(self, owner: str, since: datetime, after: Sequence[str] | None) -> str:
        """Ids of the records of ``owner`` that changed since then."""
        beyond = f" AND {_beyond(['o.id'], after)}" if after is not None else ""
        return f"{self._changed_ids(owner, since)}{beyond} ORDER BY o.id"

    def deletions(self, since: datetime, after: Sequence[str] | None) -> str:
        """Ids of all records deleted since then, of whatever type."""
        beyond = f" AND {_beyond(['o.recordid'], after)}" if after is not None else ""
        recent = f"o.deleteddate >= {self._moment(since)}{beyond}"
        return f"SELECT DISTINCT o.recordid AS id FROM deletedrecord o WHERE {recent} ORDER BY o.recordid"

    def existing(self, name: str, ids: Sequence[str]) -> str:
        """Those of ``ids`` that the record still has."""
        return f"SELECT o.id FROM {self._record(name)} o WHERE o.id IN ({', '.join(map(_literal, ids))}) ORDER BY o.id"

    def _record(self, name: str) -> str:
        return self._records.get(name, name)

    def _expression(self, obj: RawObject, shape: Shape, name: str) -> str:
        return shape.expressions.get(name) or f"o.{self._fields.get(f'{obj.name}.{name}', name)}"

    def _column(self, obj: RawObject, shape: Shape, name: str, kind: str) -> str:
        expression = self._expression(obj, shape, name)
        if kind == "date":
            expression = f"TO_CHAR({expression}, '{_DATE}')"
        elif kind.startswith("timestamp"):
            expression = f"TO_CHAR({expression}, '{_MOMENT}')"
        return f"{expression} AS {name}"

    def _changed(self, obj: RawObject, shape: Shape, since: datetime) -> str:
        cursor = obj.cursor or ""
        own = f"{self._expression(obj, shape, cursor)} >= {self._moment(since)}"
        if not shape.owner:
            return own
        of_changed = f"{shape.link} IN ({self._changed_ids(shape.owner, since)})"
        return f"({own} OR {of_changed})" if shape.own_changes else of_changed

    def _changed_ids(self, owner: str, since: datetime) -> str:
        only = SHAPES.get(owner, Shape()).only
        return (
            f"SELECT o.id FROM {self._record(owner)} o WHERE o.lastmodifieddate >= {self._moment(since)}"
            + (f" AND {only}" if only else "")
        )  # fmt: skip

    def _moment(self, moment: datetime) -> str:
        local = moment.astimezone(self._zone)
        return f"TO_TIMESTAMP('{local:%Y-%m-%d %H:%M:%S}', '{_MOMENT}')"


def _beyond(keys: Sequence[str], after: Sequence[str]) -> str:
    """Keys after ``after`` in their order: (a > 1 OR (a = 1 AND b > 2))."""
    steps = []
    for n, (key, value) in enumerate(zip(keys, after, strict=True)):
        equal = [f"{k} = {_literal(v)}" for k, v in zip(keys[:n], after[:n], strict=True)]
        steps.append(" AND ".join([*equal, f"{key} > {_literal(value)}"]))
    return steps[0] if len(steps) == 1 else "(" + " OR ".join(f"({step})" for step in steps) + ")"


def _literal(value: str) -> str:
    return value if _WHOLE.fullmatch(value) else "'" + value.replace("'", "''") + "'"
