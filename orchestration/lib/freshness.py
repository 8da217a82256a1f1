"""How old an asset may be, from the SLA policies: Dagster then shows what is late on the asset itself.

A raw asset is late when its system was not read within ``feed_max_age`` of its domain; a canonical entity when nothing
built it within the SLA of its way to the next system; the published copy when it is older than any feed may be. How far
a vendor's own feed reaches is another question, which the check ``feeds_are_fresh`` answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration import policies
from orchestration.lib.slas import feed_limits, sync_limits

# The working day (UTC), in which the schedules build.
FIRST_HOUR, LAST_HOUR = 5, 22
HOUR = timedelta(hours=1)
# From the last build of a day to the first one of the next, with the time that this one takes.
NIGHT = timedelta(hours=24 - LAST_HOUR + FIRST_HOUR + 1)


@dataclass(frozen=True)
class Freshness:
    """The policies of today: of raw assets by system, of canonical entities by name, and of what is published."""

    raw: Mapping[str, dg.FreshnessPolicy] = field(default_factory=dict)
    canonical: Mapping[str, dg.FreshnessPolicy] = field(default_factory=dict)
    published: dg.FreshnessPolicy | None = None


def freshness(chosen: Mapping[str, str]) -> Freshness:
    """The limits that hold today; ``chosen`` maps a domain to the system that serves it.

    There are none while the policies cannot be used: the build says why in a sentence, and systems are read meanwhile, for
    which the graph has to load.
    """
    if policies.check():
        return Freshness()
    today = datetime.now(UTC).date()
    feeds = feed_limits(today)
    raw: dict[str, timedelta] = {}
    for domain, system in chosen.items():
        # The strictest of the domains that it serves.
        raw[system] = min(feeds[domain], raw.get(system, timedelta.max))
    return Freshness(
        {system: policy(limit) for system, limit in raw.items()},
        {entity: policy(limit) for entity, limit in sync_limits(today).items()},
        policy(min(feeds.values())),
    )


def policy(limit: timedelta) -> dg.FreshnessPolicy:
    """Late after ``limit``; one that is shorter than the night is held by day alone, each time that it has passed."""
    if limit >= NIGHT:
        return dg.FreshnessPolicy.time_window(fail_window=limit)
    hours = max(limit // HOUR, 1)
    deadlines = range(FIRST_HOUR + hours, LAST_HOUR + 1, hours)
    # Builds begin at half past.
    return dg.FreshnessPolicy.cron(f"45 {','.join(map(str, deadlines))} * * *", lower_bound_delta=hours * HOUR)
