"""How a raw table becomes an asset: key, group, owner and columns come from the registry, never from a name."""

from __future__ import annotations

import dagster as dg

from ingestion.raw import FEED_SCHEMA, QUARANTINE_SCHEMA, RawObject, column_name
from ingestion.registry import SystemSpec
from orchestration.lib.names import FEED, QUARANTINE, raw_group, raw_key, team

_SYSTEM_COLUMNS = (
    dg.TableColumn("_extra", "text", description="undeclared vendor fields of the record, as JSON"),
    dg.TableColumn("_record_hash", "bigint", description="identifies the version: hash of the record's bytes"),
    dg.TableColumn("_is_deleted", "bool", description="true on a tombstone: the vendor no longer has the record"),
    dg.TableColumn("_extracted_at", "timestamp", description="when this version was read (UTC)"),
    dg.TableColumn("_dlt_load_id", "text", description="the load that brought this version"),
)
_SIDE_TABLES = {
    FEED: (
        FEED_SCHEMA,
        "One row per object and extraction: how far the vendor's feed is complete and what was received.",
    ),
    QUARANTINE: (QUARANTINE_SCHEMA, "Records that break their declaration, as they came, with the reason."),
}


def raw_specs(system: SystemSpec, fresh: dg.FreshnessPolicy | None = None) -> list[dg.AssetSpec]:
    """The assets of one system without upstream assets, because the vendor is their origin: its objects, then the feed
    log and the quarantine, which every load of the system writes. All of them are to be as ``fresh``."""
    specs = [_object_spec(system, obj) for obj in system.objects.values()] + [
        _spec(system, name, f"{system.title}: {text}", [dg.TableColumn(f.name, str(f.type)) for f in schema])
        for name, (schema, text) in _SIDE_TABLES.items()
    ]
    return [spec.replace_attributes(freshness_policy=fresh) for spec in specs]


def _object_spec(system: SystemSpec, obj: RawObject) -> dg.AssetSpec:
    columns = [dg.TableColumn(column_name(field), kind) for field, kind in obj.columns.items()]
    key = ", ".join(obj.key_columns)
    how = (
        "each extraction reads all records"
        if obj.snapshot
        else f"changes are found by {obj.cursor or obj.parent or 'key'}"
    )
    return _spec(
        system,
        obj.name,
        f"{system.title} {obj.name}: every version of every record, append-only. Key: {key}; {how}.",
        [*columns, *_SYSTEM_COLUMNS],
    )


def _spec(system: SystemSpec, table: str, description: str, columns: list[dg.TableColumn]) -> dg.AssetSpec:
    return dg.AssetSpec(
        raw_key(system.name, table),
        skippable=True,
        description=description,
        group_name=raw_group(system.name),
        owners=[team(system.owner)],
        kinds={"dlt", "duckdb", system.name},
        metadata={
            "dagster/table_name": f"raw_{system.name}.{table}",
            "dagster/column_schema": dg.TableSchema(columns),
        },
    )
