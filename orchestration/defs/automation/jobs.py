"""The jobs: each system is read by a job of its own, one job builds from whatever has arrived, one closes a month.

A vendor that is slow or down delays its own data and nothing else: no load waits for another, and the build waits for
none. In Dagster's page a system is read again by its job, whole with ``whole: true`` in the launchpad, and an earlier month
is closed again by its partition.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import dagster as dg

from ingestion.registry import EVENTS
from orchestration.defs.automation.events import event_sensors
from orchestration.defs.automation.schedules import schedules
from orchestration.defs.automation.upkeep import upkeep
from orchestration.defs.automation.watching import watching_sensors
from orchestration.defs.publishing.month_close import CLOSE_JOB, MONTH_CLOSE
from orchestration.lib.names import BUILD_JOB, AssetJob, load_job, raw_group


def automation(chosen: Mapping[str, str], built: dg.Definitions, parsed_at: datetime) -> dg.Definitions:
    """The jobs, schedules and sensors of what is ``built``; ``chosen`` maps a domain to the system that serves it.

    ``parsed_at`` (UTC) is since when the dbt project has been what it is.
    """
    systems = list(dict.fromkeys(chosen.values()))
    loads = {
        system: _job(
            load_job(system),
            dg.AssetSelection.groups(raw_group(system)),
            f"Reads {system} and checks what it sent; no other system waits for it.",
        )
        for system in systems
    }
    inbox = _job(
        load_job(EVENTS.name),
        dg.AssetSelection.groups(raw_group(EVENTS.name)),
        "Drains what the event gateway received.",
    )
    everything = dg.AssetSelection.all() - dg.AssetSelection.key_prefixes("raw") - dg.AssetSelection.assets(MONTH_CLOSE)
    build = _job(
        BUILD_JOB,
        everything,
        "Builds every layer from what raw holds, reconciles and publishes; late feeds are named, not awaited.",
    )
    close = _job(CLOSE_JOB, dg.AssetSelection.assets(MONTH_CLOSE), "Builds a month's last day as it is known now.")
    graph = built.resolve_asset_graph()

    def below(raw: dg.AssetSelection) -> set[dg.AssetKey]:
        return (raw.downstream() & everything).resolve(graph)

    return dg.Definitions.merge(
        upkeep(),
        dg.Definitions(
            jobs=[*loads.values(), inbox, build, close],
            schedules=schedules(chosen),
            sensors=[*event_sensors(loads, inbox, build, below, parsed_at), *watching_sensors(loads)],
        ),
    )


def _job(name: str, selection: dg.AssetSelection, description: str) -> AssetJob:
    return dg.define_asset_job(name, selection, description=description)
