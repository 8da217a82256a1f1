"""Raw records as control totals read them: straight from the change log, without staging."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


def newest(table: str, keys: Iterable[str], condition: str = "true") -> str:
    """The query of the newest version of each record in the raw ``table``, among the rows that meet ``condition``."""
    return (
        f"select * from (select *, row_number() over (partition by {', '.join(keys)} "
        "order by _extracted_at desc, _dlt_load_id desc, _record_hash desc) as recency "
        f"from {table} where {condition}) where recency = 1"
    )


@dataclass(frozen=True)
class Records:
    """The records of one system as the latest build knew them, as subqueries.

    What a load has brought since is left out, for the two sides of a control total must stand on the same records;
    ``known_at`` is that of the build (None: everything loaded by then).
    """

    system: str
    known_at: datetime | None = None

    def living(self, name: str, *keys: str) -> str:
        """The newest version of each record of the object ``name`` that has not been deleted."""
        return f"({newest(self._table(name), keys, self._known)} and not _is_deleted)"

    def seen(self, name: str, *keys: str) -> str:
        """The last values of each record ever received, also of those that are gone."""
        return f"({newest(self._table(name), keys, f'{self._known} and not _is_deleted')})"

    def _table(self, name: str) -> str:
        return f"raw_{self.system}.{name}"

    @property
    def _known(self) -> str:
        built = f"_dlt_load_id <= (select max(last_load_id) from canonical.feed_status where source_system = '{self.system}')"
        if self.known_at is None:
            return built
        return f"{built} and _extracted_at <= cast('{self.known_at.isoformat()}' as timestamp with time zone)"


def month(expression: str) -> str:
    """The month of a date as YYYY-MM; rows without one are 'undated', never lost."""
    return f"coalesce(substr(cast({expression} as varchar), 1, 7), 'undated')"
