"""The metadata catalog of the record service: which records there are, and their JSON schemas and OpenAPI description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ingestion.sandbox.systems.netsuite.record_types import PLAIN_KINDS, RECORD_TYPES, RecordType

CATALOG_PATH = "/services/rest/record/v1/metadata-catalog"
SCHEMA_JSON, SWAGGER_JSON = "application/schema+json", "application/swagger+json"
_DRAFT = "http://json-schema.org/draft-06/hyper-schema#"
_KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "flag": {"type": "boolean"},
    "whole": {"type": "integer", "format": "int64"},
    "number": {"type": "number", "format": "double"},
    "duration": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "choice": {
        "type": "object",
        "properties": {
            "id": {"title": "Internal identifier", "type": "string"},
            "refName": {"title": "Reference Name", "type": "string"},
        },
    },
}
_LINK = {
    "type": "object",
    "properties": {
        "rel": {"title": "Relationship", "type": "string", "readOnly": True},
        "href": {"title": "Hypertext Reference", "type": "string", "format": "URI", "readOnly": True},
    },
}


def schemas() -> dict[str, dict[str, Any]]:
    """JSON schemas by name, in lower case: all record types, the collections and lines of their sublists, and links."""
    found: dict[str, dict[str, Any]] = {"nslink": _LINK}
    for record in RECORD_TYPES.values():
        found[record.name.lower()] = _record_schema(record)
        for name, sublist in record.sublists.items():
            element = f"{record.name}-{name}Element"
            found[element.lower()] = _object(_properties(sublist.fields))
            found[f"{record.name}-{name}Collection".lower()] = _object(
                {"items": {"type": "array", "items": {"$ref": _place(element)}}, "links": _links()}
            )
    return found


def entry(record: RecordType, base: str) -> dict[str, Any]:
    """A record type in the list of the catalog; ``base`` is the address of the record service."""
    place = f"{base}/metadata-catalog/{record.name}"
    links = [
        {"rel": "canonical", "href": place, "mediaType": "application/json"},
        {"rel": "describes", "href": f"{base}/{record.name}"},
        {"rel": "describedby", "href": place, "mediaType": SWAGGER_JSON},
        {"rel": "describedby", "href": place, "mediaType": SCHEMA_JSON},
    ]
    return {"name": record.name, "links": links}


def openapi(records: Iterable[RecordType], base: str) -> dict[str, Any]:
    """The OpenAPI description of reading ``records``."""
    chosen = list(records)
    paths: dict[str, Any] = {}
    for record in chosen:
        paths[f"/{record.name}"] = {"get": _operation(record, "Get list of records.", ("q", "limit", "offset"))}
        paths[f"/{record.name}/{{id}}"] = {"get": _operation(record, "Get record.", ("expandSubResources", "fields"))}
    return {
        "openapi": "3.0.1",
        "info": {"title": "NetSuite REST Record API", "version": "v1"},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"schemas": {record.name: _record_schema(record) for record in chosen}},
    }


def _operation(record: RecordType, summary: str, parameters: tuple[str, ...]) -> dict[str, Any]:
    return {
        "tags": [record.name],
        "summary": summary,
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in parameters],
        "responses": {"200": {"description": "OK"}},
    }


def _record_schema(record: RecordType) -> dict[str, Any]:
    sublists = {name: {"$ref": _place(f"{record.name}-{name}Collection")} for name in record.sublists}
    own = {"id": {"title": "Internal ID", "type": "string", "nullable": True}}
    return _object(own | _properties(record.fields) | sublists | {"links": _links()}) | {
        "$schema": _DRAFT,
        "x-ns-filterable": ["id", *record.fields],
    }


def _properties(fields: Mapping[str, str]) -> dict[str, Any]:
    return {name: _property(name, kind) for name, kind in fields.items()}


def _property(name: str, kind: str) -> dict[str, Any]:
    if kind not in PLAIN_KINDS:
        return {"$ref": _place(kind)}
    custom = {"x-ns-custom-field": True} if name.startswith("cust") and "_" in name else {}
    return {"title": name, **_KINDS[kind], "nullable": True, **custom}


def _links() -> dict[str, Any]:
    return {"title": "Links", "type": "array", "readOnly": True, "items": {"$ref": _place("nsLink")}}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _place(name: str) -> str:
    return f"{CATALOG_PATH}/{name}"
