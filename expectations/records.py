"""Raw records as control totals read them: straight from the change log, without staging."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


def by_recency(table: str, keys: Iterable[str], condition: str = "true") -> str:
    """The query of all versions in the raw ``table`` that meet ``condition``; ``recency`` is 1 for a record's newest."""
    return (
        f"select *, row_number() over (partition by {', '.join(keys)} "
        f"order by _extracted_at desc, _dlt_load_id desc, _record_hash desc) as recency from {table} where {condition}"
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
        return f"({self._newest(name, keys, self._known)} and not _is_deleted)"

    def seen(self, name: str, *keys: str) -> str:
        """The last values of each record ever received, also of those that are gone."""
        return f"({self._newest(name, keys, f'{self._known} and not _is_deleted')})"

    def _newest(self, name: str, keys: tuple[str, ...], condition: str) -> str:
        return f"select * from ({by_recency(f'raw_{self.system}.{name}', keys, condition)}) where recency = 1"

    @property
    def _known(self) -> str:
        built = f"_dlt_load_id <= (select max(last_load_id) from canonical.feed_status where source_system = '{self.system}')"
        if self.known_at is None:
            return built
        return f"{built} and _extracted_at <= cast('{self.known_at.isoformat()}' as timestamp with time zone)"


def month(expression: str) -> str:
    """The month of a date as YYYY-MM; rows without one are 'undated', never lost."""
    return f"coalesce(substr(cast({expression} as varchar), 1, 7), 'undated')"
