"""How a dbt node becomes an asset: ``[layer, model]`` keys, groups that nest by folder, owners and prose from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from ingestion.registry import EVENTS, SYSTEMS
from orchestration.lib.freshness import Freshness
from orchestration.lib.names import raw_key, team

# Who answers for a layer whose YAML names no owner.
DEFAULT_OWNER = "data-engineering"
# A dbt source is the raw schema of one system, or of the event inbox.
_SYSTEM_OF_SOURCE = {f"raw_{name}": name for name in (*SYSTEMS, EVENTS.name)}


class LayerTranslator(DagsterDbtTranslator):
    """Sources are the raw assets of their system; models and seeds are ``[layer, name]`` in their folder's group."""

    def __init__(self, fresh: Freshness) -> None:
        """``fresh`` says how old an entity may be."""
        self._fresh = fresh
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True, enable_code_references=True))

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        if node["resource_type"] == "source":
            system = _SYSTEM_OF_SOURCE.get(node["source_name"])
            # What is no vendor's is kept by the project itself: no job makes it.
            key = raw_key(system, node["name"]) if system else dg.AssetKey([node["source_name"], node["name"]])
            return spec.replace_attributes(key=key)
        return spec.replace_attributes(
            key=dg.AssetKey([node["schema"], node["name"]]),
            group_name=_group(node),
            owners=_owners(node),
            description=_description(node),
            kinds=_kinds(node),
            freshness_policy=self._fresh.canonical.get(node["name"]) if node["schema"] == "canonical" else None,
        )


def _group(node: Mapping[str, Any]) -> str:
    """The folder below ``models/``: ``staging/<system>``, ``canonical``, ``marts/leakage``; seeds are policies."""
    if node["resource_type"] == "seed":
        return "policies"
    layer, *folders = node["fqn"][1:-1]
    nests = layer in ("staging", "mapping", "marts") and folders
    return f"{layer}/{folders[0]}" if nests else str(layer)


def _owners(node: Mapping[str, Any]) -> list[str]:
    """The owners of the node's or its folder's ``meta``; a system's own models belong to that system's owner."""
    meta = {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}
    named = meta.get("owner") or meta.get("owners")
    if not named:
        folder = node["fqn"][2] if len(node["fqn"]) > 3 else ""
        named = SYSTEMS[folder].owner if folder in SYSTEMS else DEFAULT_OWNER
    return [team(owner) for owner in ([named] if isinstance(named, str) else named)]


def _description(node: Mapping[str, Any]) -> str:
    """The prose of the YAML alone: the SQL is one click away as a code reference."""
    text = node.get("description") or ""
    return str(text).strip() or f"{node['resource_type']} {node['name']}"


def _kinds(node: Mapping[str, Any]) -> set[str]:
    materialized = (node.get("config") or {}).get("materialized") or "table"
    return {"dbt", "duckdb", str(materialized)}
