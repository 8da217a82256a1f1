"""How a dlt resource becomes an asset: key, group, owner and columns come from the registry, never from a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg
from dagster_dlt import DagsterDltTranslator
from dagster_dlt.translator import DltResourceTranslatorData

from ingestion.raw import FEED_SCHEMA, QUARANTINE_SCHEMA, RawObject, column_name
from ingestion.registry import SystemSpec
from orchestration.lib.names import FEED, QUARANTINE, raw_key, team

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


@dataclass
class RawTranslator(DagsterDltTranslator):
    """Resources of one system as assets ``raw/<system>/<object>`` without upstream assets: the vendor is the origin."""

    system: SystemSpec

    def get_asset_spec(self, data: DltResourceTranslatorData) -> dg.AssetSpec:
        return self.object_spec(self.system.objects[data.resource.name])

    def object_spec(self, obj: RawObject) -> dg.AssetSpec:
        """The asset of one raw object."""
        columns = [dg.TableColumn(column_name(field), kind) for field, kind in obj.columns.items()]
        key = ", ".join(obj.key_columns)
        how = (
            "each extraction reads all records"
            if obj.snapshot
            else f"changes are found by {obj.cursor or obj.parent or 'key'}"
        )
        return self._spec(
            obj.name,
            f"{self.system.title} {obj.name}: every version of every record, append-only. Key: {key}; {how}.",
            [*columns, *_SYSTEM_COLUMNS],
        )

    def side_specs(self) -> list[dg.AssetSpec]:
        """The assets of the feed log and the quarantine, which every load of the system writes."""
        return [
            self._spec(name, f"{self.system.title}: {text}", [dg.TableColumn(f.name, str(f.type)) for f in schema])
            for name, (schema, text) in _SIDE_TABLES.items()
        ]

    def _spec(self, table: str, description: str, columns: list[dg.TableColumn]) -> dg.AssetSpec:
        return dg.AssetSpec(
            raw_key(self.system.name, table),
            deps=[],
            skippable=True,
            description=description,
            group_name=f"ingestion/{self.system.name}",
            owners=[team(self.system.owner)],
            kinds={"dlt", "duckdb", self.system.name},
            metadata=dict(_table_metadata(f"raw_{self.system.name}.{table}", columns)),
        )


def _table_metadata(name: str, columns: list[dg.TableColumn]) -> Mapping[str, object]:
    return {"dagster/table_name": name, "dagster/column_schema": dg.TableSchema(columns)}
