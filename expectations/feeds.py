"""How far the feeds reach when the marts are built: what is late is named, and stops nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from expectations.engine import Suite

# One row per domain and system; one whose objects are all fresh has no lateness.
_LATENESS = """
select
  source_domain,
  source_system,
  case
    when count(*) filter (where status = 'never_loaded') = count(*) then
      source_domain || ' feed of ' || source_system || ' has never been loaded'
    when count(*) filter (where status <> 'fresh') > 0 then
      source_domain || ' feed of ' || source_system || ' is complete through '
      || coalesce(strftime(min(complete_through) filter (where status <> 'fresh'), '%Y-%m-%d %H:%M'), 'nothing')
      || ' UTC in ' || count(*) filter (where status <> 'fresh') || ' of ' || count(*) || ' objects, limit '
      || cast(max(max_age_hours) as decimal(18, 1)) || ' hours'
  end as lateness
from marts.operations__feed_health
group by source_domain, source_system
"""


def feeds_suite() -> Suite:
    """Every feed reaches as far as its policy asks for; a late one is a warning."""
    description = "Every feed is as fresh as its policy asks for; a late one is shown and holds nothing back."

    def expectations(gxe: Any) -> Sequence[Any]:
        return [
            gxe.ExpectColumnValuesToBeNull(column="lateness", severity="warning", description="every feed is fresh")
        ]

    return Suite("feeds.fresh", _LATENESS, expectations, description)
