"""Associations between records: the v4 API and the short form that comes with records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request

from ingestion.sandbox.systems.hubspot import catalog
from ingestion.sandbox.systems.hubspot.errors import ApiError
from ingestion.sandbox.systems.hubspot.records import ASSOCIATIONS

if TYPE_CHECKING:
    from ingestion.sandbox.systems.hubspot import System

MAX_INPUTS = 1_000
PAGE_ROWS = 500


class _Input(msgspec.Struct):
    id: str
    after: str | None = None


class _BatchRequest(msgspec.Struct):
    inputs: list[_Input]


class Associations:
    """What the portal ``system`` answers about associations. ``page_rows`` is the most that one record gets at once."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.page_rows = PAGE_ROWS

    def batch_read(self, request: Request, body: bytes) -> tuple[Any, int]:
        """Up to 1,000 records; one without associations is an error of a partly successful batch (207)."""
        from_type, to_type = self._pair(request)
        try:
            inputs = msgspec.json.decode(body, type=_BatchRequest).inputs
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ApiError(400, f"Invalid input JSON: {error}") from None
        if not 1 <= len(inputs) <= MAX_INPUTS:
            raise ApiError(400, f"The number of inputs must be between 1 and {MAX_INPUTS}, it was {len(inputs)}")
        targets = self._targets(from_type, to_type)
        results, errors = [], []
        for each in inputs:
            if each.id in targets:
                results.append({"from": {"id": each.id}} | self._page(targets[each.id], each.after, "to"))
            else:
                errors.append(
                    {
                        "status": "error",
                        "category": "OBJECT_NOT_FOUND",
                        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                        "message": f"No {to_type.singular} is associated with {from_type.singular} {each.id}.",
                        "context": {
                            "fromObjectId": [each.id],
                            "fromObjectType": [from_type.singular],
                            "toObjectType": [to_type.singular],
                        },
                    }
                )
        answer = {"status": "COMPLETE", "results": results}
        return (answer | {"numErrors": len(errors), "errors": errors}, 207) if errors else (answer, 200)

    def of_record(self, request: Request, body: bytes) -> tuple[Any, int]:
        """The associations of one record."""
        from_type, to_type = self._pair(request)
        targets = self._targets(from_type, to_type).get(request.path_params["id"], {})
        return self._page(targets, request.query_params.get("after"), "results"), 200

    def labels(self, request: Request, body: bytes) -> tuple[Any, int]:
        """The types of association that a pair of objects can have."""
        from_type, to_type = self._pair(request)
        pair = (from_type.name, to_type.name)
        types = [catalog.UNLABELLED, *(t[pair] for t in (catalog.AGREED_RATES, catalog.APPLIES_TO) if pair in t)]
        return {"results": [_type(kind) for kind in types]}, 200

    def inline(self, from_type: catalog.ObjectType, record_id: str, asked: list[str]) -> dict[str, Any]:
        """``associations=``: ids and a type name, once per type of association, so that pairs may come twice."""
        found: dict[str, Any] = {}
        for name in asked:
            to_type = self.system.object_type(name)
            targets = self._targets(from_type, to_type).get(record_id, {})
            rows = [
                {"id": target, "type": f"{from_type.singular}_to_{to_type.singular}"}
                for target, kinds in targets.items()
                for _ in kinds
            ]
            if rows:
                found[name] = {"results": rows}
        return found

    def _pair(self, request: Request) -> tuple[catalog.ObjectType, catalog.ObjectType]:
        params = request.path_params
        return self.system.object_type(params["type"]), self.system.object_type(params["to_type"])

    def _targets(
        self, from_type: catalog.ObjectType, to_type: catalog.ObjectType
    ) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Id -> id of the other end -> types; both ends have to be there and not in the recycle bin."""
        here = {r["id"] for r in self.system.records(from_type, archived=False)}
        there = {r["id"] for r in self.system.records(to_type, archived=False)}
        found: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for row in self.system.tables()[ASSOCIATIONS]:
            if (row["from_type"], row["to_type"]) != (from_type.name, to_type.name):
                continue
            if row["from_id"] in here and row["to_id"] in there:
                kinds = found.setdefault(row["from_id"], {}).setdefault(row["to_id"], [])
                if (kind := _type(row["type"])) not in kinds:
                    kinds.append(kind)
        return found

    def _page(self, targets: dict[str, Any], after: str | None, name: str) -> dict[str, Any]:
        start = int(after) if after and after.isdecimal() else 0
        end = start + self.page_rows
        # The id of the other end is a number here, while it is a text everywhere else.
        rows = [{"toObjectId": int(target), "associationTypes": kinds} for target, kinds in targets.items()]
        answer: dict[str, Any] = {name: rows[start:end]}
        if end < len(rows):
            answer["paging"] = {"next": {"after": str(end)}}
        return answer


def _type(kind: catalog.AssociationType) -> dict[str, Any]:
    category, type_id, label = kind
    return {"category": category, "typeId": type_id, "label": label}
