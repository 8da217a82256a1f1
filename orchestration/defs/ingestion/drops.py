"""The asset ``raw/<system>/drops``, a partition a dropped file: whether its content is in raw, or why it was set aside.

Every load of the system tells it, whoever started it. A file of the same name that is dropped again is the same partition;
one that never became part of raw is missing there, and the observation of its partition says why.
"""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg

from ingestion.registry import DroppedFile, SystemSpec
from orchestration.lib.names import FEED, raw_group, raw_key, team

DROPS = "drops"


def drops_of(system: SystemSpec) -> dg.AssetSpec:
    """The asset of the files that are dropped for ``system``; its loads make it, so that nothing else can."""
    return dg.AssetSpec(
        raw_key(system.name, DROPS),
        deps=[raw_key(system.name, FEED)],
        partitions_def=partitions(system.name),
        group_name=raw_group(system.name),
        owners=[team(system.owner)],
        kinds={system.name},
        description=f"{system.title}, one by one: whether the content is in raw, or why the file was set aside.",
    )


def partitions(system: str) -> dg.DynamicPartitionsDefinition:
    """The names of the files that were dropped for ``system``."""
    return dg.DynamicPartitionsDefinition(name=f"{system}_{DROPS}")


def tell_drops(context: dg.AssetExecutionContext, system: SystemSpec, since: datetime) -> None:
    """Record what became of the files that were looked at ``since``."""
    files = system.dropped_files(since)
    # Names that are known already are passed over.
    context.instance.add_dynamic_partitions(str(partitions(system.name).name), [file.name for file in files])
    for event in _events(raw_key(system.name, DROPS), files):
        context.log_event(event)


def _events(key: dg.AssetKey, files: list[DroppedFile]) -> Iterator[dg.AssetMaterialization | dg.AssetObservation]:
    for file in files:
        told = {"feed": file.feed, "status": file.status, "records": file.records, "reason": file.reason}
        kind = dg.AssetMaterialization if file.is_taken else dg.AssetObservation
        metadata = {name: value for name, value in told.items() if value is not None}
        yield kind(asset_key=key, partition=file.name, metadata=metadata)
