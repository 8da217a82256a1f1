"""One connection to a HubSpot portal: listing, searching and reading records, their history and associations."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import msgspec
import requests
from requests.auth import AuthBase

from ingestion.http.errors import NotFoundError, PermanentError, TransientError
from ingestion.http.session import TRANSIENT_STATUS, VendorSession
from ingestion.raw import CompleteFor, CompleteSet, Deleted, Page, RawObject, Window
from ingestion.sources.hubspot import settings
from ingestion.sources.hubspot.names import Names, declared
from ingestion.sources.hubspot.schema import ESSENTIAL
from ingestion.sources.hubspot.wire import (
    AssociationBatch,
    Batch,
    BatchError,
    Listed,
    ListPage,
    Pipelines,
    Properties,
    SearchPage,
    WithHistory,
)

_log = logging.getLogger(__name__)
Item = TypeVar("Item")


class Client:
    """Reads one portal. ``api_version`` is ``v3`` or a dated version such as ``2026-09``.

    Which records to read comes from listing (all) or searching (changed); the records themselves are then read in
    batches, whose list of properties travels in the body: no portal has more of them than an address can hold.
    """

    def __init__(
        self,
        base_url: str,
        auth: AuthBase,
        names: Names,
        *,
        api_version: str = settings.API_VERSION,
        requests_per_second: float = settings.REQUESTS_PER_SECOND,
    ) -> None:
        self._base, self._version, self._names = base_url.rstrip("/"), api_version, names
        self._session = _session(auth, 1 / requests_per_second)
        self._searching = _session(auth, settings.SEARCH_INTERVAL_SECONDS)

    def server_time(self) -> datetime:
        """The portal's clock (UTC)."""
        return self._session.server_time(self._account_url())

    def fetch(self, obj: RawObject, window: Window) -> Iterable[Page | Deleted | CompleteFor | CompleteSet]:
        """Pages of the records of ``obj`` changed in ``window``, with those that were moved to the recycle bin in it."""
        match obj.name:
            case "account":
                return [[self._ask("GET", self._account_url(), msgspec.Raw)]]
            case "deal_stage":
                return self._deal_stages()
            case "company_alias":
                return self._company_aliases()
            case "deal_stage_history":
                return self._deal_stage_history(window)
            case "association":
                return self._associations()
        return self._records(obj, window)

    # --- records

    def _records(self, obj: RawObject, window: Window) -> Iterator[Page]:
        object_type = self._names.object_type(obj.name)
        if not object_type:
            return
        names = self._select(obj, object_type)
        yield from self._read(object_type, self._changed(object_type, window.start), names)
        archived = (
            record.id
            for record in self._list(object_type, {"archived": "true"})
            if window.start is None or record.archivedAt is None or record.archivedAt >= window.start
        )
        yield from self._read(object_type, archived, names, archived=True)

    def _read(
        self, object_type: str, ids: Iterable[str], names: Mapping[str, str], *, archived: bool = False
    ) -> Iterator[Page]:
        """The records with these ids, as they are now: the index that named them may be minutes behind.

        ``names`` maps declared properties to those of this portal.
        """
        ours = {theirs: declared_name for declared_name, theirs in names.items()}
        url = f"{self._objects_url(object_type)}/batch/read?archived={str(archived).lower()}"
        for some in _chunks(ids, settings.READ_IDS):
            body = {"inputs": [{"id": i} for i in some], "properties": sorted(ours)}
            batch: Batch = self._ask("POST", url, Batch, body)
            # An id without a record was deleted, or merged into another record, since it was listed.
            self._check(object_type, batch.errors)
            yield [declared(record, ours) for record in batch.results]

    def _changed(self, object_type: str, start: datetime | None) -> Iterator[str]:
        """Ids of the living records that changed at ``start`` or later; of all of them without a start.

        Each page of a search begins behind the last id instead of at an offset. So the 10,000 results that a search
        can page through are no limit, even when an import stamped more records with the same time, and a record that
        changes meanwhile moves no other one to a page that was read already.
        """
        if start is None:
            yield from (record.id for record in self._list(object_type, {}))
            return
        changed = {"propertyName": settings.MODIFIED, "operator": "GTE", "value": str(int(start.timestamp() * 1000))}
        last = 0
        while True:
            behind = {"propertyName": "hs_object_id", "operator": "GT", "value": str(last)}
            body = {
                "filterGroups": [{"filters": [changed, behind]}],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": ["hs_object_id"],
                "limit": settings.SEARCH_ROWS,
            }
            page: SearchPage = self._ask("POST", f"{self._objects_url(object_type)}/search", SearchPage, body)
            yield from (record.id for record in page.results)
            if page.total <= len(page.results):
                return
            end = max((int(record.id) for record in page.results), default=0)
            if end <= last:
                raise TransientError(
                    f"hubspot: a search of {object_type} announced {page.total} records and delivered none; run again"
                )
            last = end

    def _list(self, object_type: str, params: Mapping[str, str]) -> Iterator[Listed]:
        query: dict[str, Any] = {**params, "limit": settings.LIST_ROWS}
        while True:
            page: ListPage = self._ask("GET", self._objects_url(object_type), ListPage, params=query)
            yield from page.results
            if page.paging is None or page.paging.next is None:
                return
            query["after"] = page.paging.next.after

    def _select(self, obj: RawObject, object_type: str) -> dict[str, str]:
        """Declared name -> name in this portal of the properties to read: declared ones first, then undeclared ones.

        Calculated ones that are not declared are left out: they may change without the modification date moving.
        """
        present = {p.name: p for p in self._properties(obj, object_type)}
        wanted = self._names.properties(obj)
        missing = [ours for ours, theirs in wanted.items() if theirs not in present]
        for ours in missing:
            if ours in ESSENTIAL[obj.name]:
                raise PermanentError(
                    f"hubspot: {object_type} has no property {wanted[ours]} that the app can see; grant read access to it, "
                    f"or set property_names for {obj.name}.{ours} to the name it has here"
                )
        if missing:
            _log.warning("hubspot: %s has no %s here; loaded as empty", object_type, ", ".join(missing))
        chosen = {ours: theirs for ours, theirs in wanted.items() if theirs in present}
        taken = {*chosen.values(), *wanted, settings.MERGED_IDS}
        return chosen | {name: name for name, p in present.items() if name not in taken and not p.calculated}

    def _properties(self, obj: RawObject, object_type: str) -> list[Any]:
        try:
            found: Properties = self._ask("GET", self._url("properties", object_type), Properties)
        except PermanentError as error:
            if isinstance(error, NotFoundError) or " answered 400" in str(error):
                raise PermanentError(
                    f"hubspot: this portal has no object type {object_type}; set object_names for {obj.name} to the type "
                    "it has here (an empty name leaves the object out)"
                ) from None
            raise
        return found.results

    # --- what hangs on records

    def _company_aliases(self) -> Iterator[Page]:
        """The ids that merged companies had before: they read as the merged record, which lists them."""
        object_type = self._names.object_type("company")
        for some in _chunks(self._list(object_type, {"properties": settings.MERGED_IDS}), settings.LIST_ROWS):
            yield [
                msgspec.json.encode({"id": before.strip(), "companyId": company.id})
                for company in some
                for before in (company.properties.get(settings.MERGED_IDS) or "").split(";")
                if before.strip() and before.strip() != company.id
            ]

    def _deal_stages(self) -> Iterator[Page]:
        answer: Pipelines = self._ask("GET", self._url("pipelines", self._names.object_type("deal")), Pipelines)
        yield [
            msgspec.json.encode({"pipelineId": pipeline.id, "pipelineLabel": pipeline.label} | stage)
            for pipeline in answer.results
            for stage in pipeline.stages
        ]

    def _deal_stage_history(self, window: Window) -> Iterator[Page]:
        """Every stage that the changed deals have been in, with the moment they entered it."""
        object_type = self._names.object_type("deal")
        url = f"{self._objects_url(object_type)}/batch/read"
        for some in _chunks(self._changed(object_type, window.start), settings.HISTORY_READ_IDS):
            body = {"inputs": [{"id": i} for i in some], "properties": [], "propertiesWithHistory": [settings.STAGE]}
            batch: Batch = self._ask("POST", url, Batch, body)
            self._check(object_type, batch.errors)
            deals = (msgspec.json.decode(record, type=WithHistory) for record in batch.results)
            yield [
                msgspec.json.encode(
                    {"dealId": deal.id, "stageId": entry.pop("value", None), "enteredAt": entry.pop("timestamp", None)}
                    | entry
                )
                for deal in deals
                for entry in deal.propertiesWithHistory.get(settings.STAGE, [])
            ]

    def _associations(self) -> Iterator[Page]:
        """All associations of ``settings.RELATIONS``, one record per pair of records and type of association."""
        ids: dict[str, list[str]] = {}
        for from_name, to_name in settings.RELATIONS:
            from_type, to_type = self._names.object_type(from_name), self._names.object_type(to_name)
            if not from_type or not to_type:
                continue
            if from_name not in ids:
                ids[from_name] = [record.id for record in self._list(from_type, {})]
            waiting = [{"id": record_id} for record_id in ids[from_name]]
            url = f"{self._url('associations', f'{from_type}/{to_type}')}/batch/read"
            while waiting:
                some, waiting = waiting[: settings.ASSOCIATION_IDS], waiting[settings.ASSOCIATION_IDS :]
                batch: AssociationBatch = self._ask("POST", url, AssociationBatch, {"inputs": some})
                self._check(f"associations of {from_type}", batch.errors)
                yield [
                    self._association(from_name, row.from_.id, to_name, target.toObjectId, kind)
                    for row in batch.results
                    for target in row.to
                    for kind in target.associationTypes
                ]
                # A record with very many associations has pages of its own.
                waiting += [
                    {"id": row.from_.id, "after": row.paging.next.after}
                    for row in batch.results
                    if row.paging is not None and row.paging.next is not None
                ]

    def _association(self, from_name: str, from_id: str, to_name: str, to_id: int | str, kind: dict[str, Any]) -> bytes:
        ends: dict[str, Any] = {"fromType": from_name, "fromId": from_id, "toType": to_name, "toId": str(to_id)}
        return msgspec.json.encode(ends | kind | {"label": self._names.label(kind.get("label"))})

    # --- requests

    def _ask(
        self,
        method: str,
        url: str,
        type: Any,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        session = self._searching if url.endswith("/search") else self._session
        try:
            return session.json(method, url, type=type, json=body, params=params)
        except PermanentError as error:
            if f"({settings.DAILY})" in str(error):
                raise TransientError(
                    "hubspot: the account has used up its requests of the day; run again after midnight in its time zone"
                ) from None
            raise

    def _check(self, what: str, errors: Sequence[BatchError]) -> None:
        """Raises TransientError for an error in a partly successful batch other than a record that is not there."""
        for error in errors:
            if error.category != settings.NOT_FOUND:
                raise TransientError(f"hubspot: a batch of {what} was read in part ({error.category}); run again")

    def _url(self, api: str, path: str) -> str:
        """The address of one of the CRM's APIs; associations are a version ahead of the others before dated versions."""
        version = "v4" if api == "associations" and self._version == "v3" else self._version
        if version.startswith("v"):
            return f"{self._base}/crm/{version}/{api}/{path}"
        return f"{self._base}/crm/{api}/{version}/{path}"

    def _objects_url(self, object_type: str) -> str:
        return self._url("objects", object_type)

    def _account_url(self) -> str:
        return f"{self._base}/account-info/{self._version}/details"


def _session(auth: AuthBase, min_interval: float) -> VendorSession:
    return VendorSession(
        settings.SYSTEM,
        auth,
        headers={"Accept": "application/json"},
        min_interval=min_interval,
        is_transient=_is_transient,
        describe=describe_error,
        # HubSpot does not say how long to wait; its rolling limit looks back ten seconds.
        backoff_seconds=1.0,
    )


def _is_transient(response: requests.Response) -> bool:
    """Everything that passes within a run: a used-up day does not."""
    if response.status_code == 429:
        return bool(response.json().get("policyName") != settings.DAILY)
    return response.status_code in TRANSIENT_STATUS | settings.TRANSIENT_STATUS


def describe_error(response: requests.Response) -> str:
    """The message of HubSpot's error with its category or, of a rate limit, its policy; and the scopes that are missing."""
    body = response.json()
    kind = body.get("category") or body.get("policyName")
    contexts = (error.get("context") or {} for error in body.get("errors") or [])
    scopes = [scope for context in contexts for scope in context.get("requiredGranularScopes", [])]
    words = [str(body.get("message") or "no readable error"), f"({kind})" if kind else ""]
    return " ".join([*words, f"needs {', '.join(scopes)}" if scopes else ""]).strip()


def _chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    waiting = iter(items)
    while some := list(islice(waiting, size)):
        yield some
