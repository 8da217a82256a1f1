"""The operations of Human_Resources: what a request asks for, and the answer as XML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from ingestion.sandbox.systems.workday.soap import WD, Fault, all_of, element, find, ids, is_true, local, words

if TYPE_CHECKING:
    from ingestion.sandbox.systems.workday import System

Record = dict[str, Any]
Event = tuple[str, datetime, datetime]
DEFAULT_COUNT, MAX_COUNT = 100, 999
# Blocks of a worker that are sent only when the response group asks for them.
WORKER_BLOCKS = {
    "Personal_Data": "Include_Personal_Information",
    "Employment_Data": "Include_Employment_Information",
    "Organization_Data": "Include_Organizations",
    "Management_Chain_Data": "Include_Management_Chain_Data",
    "Transaction_Log_Entry_Data": "Include_Transaction_Log_Data",
}
EXCLUDED_TYPES = {
    "Exclude_Cost_Centers": "Cost_Center",
    "Exclude_Cost_Center_Hierarchies": "Cost_Center_Hierarchy",
    "Exclude_Companies": "Company",
    "Exclude_Company_Hierarchies": "Company_Hierarchy",
    "Exclude_Pay_Groups": "Pay_Group",
    "Exclude_Regions": "Region",
    "Exclude_Region_Hierarchies": "Region_Hierarchy",
    "Exclude_Supervisory_Organizations": "Supervisory",
}
WHEN_TERMINATED = ("Termination_Date", "Termination_Last_Day_of_Work")


def get_workers(system: System, request: ET.Element) -> ET.Element:
    """Employees and contingent workers, terminated ones too, as they are on the effective date."""
    criteria = find(request, "Request_Criteria")
    as_of, entered = _clock(system, request)
    rows = []
    for row in _referenced(system.tables()["workers"], request, "Worker"):
        hired, terminated = row["_hired_on"], row["_terminated_on"]
        is_active = terminated is None or as_of <= terminated
        if hired and hired > as_of:
            continue
        if not _matches(row["_events"], all_of(criteria, "Transaction_Log_Criteria_Data"), entered):
            continue
        kind = "Exclude_Employees" if row["_kind"] == "employee" else "Exclude_Contingent_Workers"
        if is_true(criteria, kind) or (is_true(criteria, "Exclude_Inactive_Workers") and not is_active):
            continue
        if (units := all_of(criteria, "Organization_Reference")) and not _is_member(row, units):
            continue
        rows.append(row)
    group = find(request, "Response_Group")
    asked = system.default_groups if group is None else {local(g.tag) for g in group if g.text in ("1", "true")}
    return _answer(request, "Get_Workers_Response", "Worker", rows, lambda row: _worker(row, asked, as_of))


def get_organizations(system: System, request: ET.Element) -> ET.Element:
    """Organizations of all types; inactive ones only when they are asked for."""
    criteria = find(request, "Request_Criteria")
    _, entered = _clock(system, request)
    wanted = {value.lower() for one in all_of(criteria, "Organization_Type_Reference") for _, value in ids(one)}
    rows = [
        row
        for row in _referenced(system.tables()["organizations"], request, "Organization")
        if (is_true(criteria, "Include_Inactive") or not row["_inactive"])
        and (not wanted or row["_type"].lower() in wanted)
        and _matches(row["_events"], all_of(criteria, "Transaction_Log_Criteria"), entered)
    ]
    has_hierarchy = is_true(find(request, "Response_Group"), "Include_Hierarchy_Data")

    def shown(row: Record) -> Record:
        hidden = () if has_hierarchy else ("Hierarchy_Data",)
        data = {k: v for k, v in row["Organization_Data"].items() if k not in hidden}
        return {**_public(row), "Organization_Data": data}

    return _answer(request, "Get_Organizations_Response", "Organization", rows, shown)


def get_server_timestamp(system: System, request: ET.Element) -> ET.Element:
    """The tenant's clock."""
    return element("Server_Timestamp", {"Server_Timestamp_Data": system.local(system.now)})


OPERATIONS: dict[str, Callable[[System, ET.Element], ET.Element]] = {
    "Get_Workers_Request": get_workers,
    "Get_Organizations_Request": get_organizations,
    "Server_Timestamp_Get": get_server_timestamp,
}


def _answer(
    request: ET.Element, name: str, kind: str, rows: list[Record], shown: Callable[[Record], Record]
) -> ET.Element:
    """One page of ``rows``; the request's blocks are repeated in front of it."""
    page = _number(request, "Page", 1)
    count = _number(request, "Count", DEFAULT_COUNT)
    if page < 1:
        raise Fault.validation(
            "Page Number cannot be zero.", f"/wd:{local(request.tag)}[1]/wd:Response_Filter[1]/wd:Page[1]"
        )
    if not 1 <= count <= MAX_COUNT:
        raise Fault.validation(f"Count must be between 1 and {MAX_COUNT}.")
    part = rows[(page - 1) * count : page * count]
    answer = ET.Element(f"{{{WD}}}{name}")
    answer.extend(list(request))
    results = {
        "Total_Results": len(rows),
        "Total_Pages": -(-len(rows) // count),
        "Page_Results": len(part),
        "Page": page,
    }
    answer.append(element("Response_Results", results))
    if part:
        data = ET.SubElement(answer, f"{{{WD}}}Response_Data")
        data.extend(element(kind, shown(row)) for row in part)
    return answer


def _worker(row: Record, asked: set[str], as_of: date) -> Record:
    data = {k: v for k, v in row["Worker_Data"].items() if WORKER_BLOCKS.get(k) is None or WORKER_BLOCKS[k] in asked}
    if data.get("Employment_Data") and (row["_terminated_on"] and as_of <= row["_terminated_on"]):
        status = {k: v for k, v in data["Employment_Data"]["Worker_Status_Data"].items() if k not in WHEN_TERMINATED}
        status |= {"Active": True, "Terminated": False, "Active_Status_Date": status["Hire_Date"]}
        data["Employment_Data"] = {**data["Employment_Data"], "Worker_Status_Data": status}
    if data.get("Organization_Data"):
        hidden = {kind.lower() for flag, kind in EXCLUDED_TYPES.items() if flag in asked}
        shown = [m for m in data["Organization_Data"]["Worker_Organization_Data"] if _type_of(m) not in hidden]
        data["Organization_Data"] = {"Worker_Organization_Data": shown}
    public = _public(row)
    if "Include_Reference" not in asked:
        del public["Worker_Reference"]
    return {**public, "Worker_Data": data}


def _public(row: Record) -> Record:
    return {k: v for k, v in row.items() if not k.startswith("_")}


def _type_of(membership: Record) -> str:
    kind: str = membership["Organization_Data"]["Organization_Type_Reference"]["ID"][-1]["#text"]
    return kind.lower()


def _is_member(row: Record, units: Iterable[ET.Element]) -> bool:
    asked = {value for unit in units for _, value in ids(unit)}
    memberships = row["Worker_Data"]["Organization_Data"]["Worker_Organization_Data"]
    return any(one["#text"] in asked for m in memberships for one in m["Organization_Reference"]["ID"])


def _referenced(rows: list[Record], request: ET.Element, kind: str) -> Iterator[Record]:
    """The rows that the request names, all where it names none."""
    references = all_of(request, f"Request_References/{kind}_Reference")
    if not references:
        yield from rows
        return
    by_id = {(one["@type"], one["#text"]): row for row in rows for one in row[f"{kind}_Reference"]["ID"]}
    skip = find(request, "Request_References").get(f"{{{WD}}}Skip_Non_Existing_Instances")  # type: ignore[union-attr]
    for reference in references:
        for id_type, value in ids(reference):
            if (id_type, value) in by_id:
                yield by_id[id_type, value]
            elif skip not in ("1", "true"):
                raise Fault.validation(f"Invalid ID value. '{value}' is not a valid ID value for type = '{id_type}'")


def _matches(events: list[Event], criteria: list[ET.Element], entered: datetime) -> bool:
    """Whether a record existed at the entry moment, and one of its transactions lies in one of the date ranges."""
    known = [event for event in events if event[2] <= entered]
    ranges = [found for one in criteria if (found := find(one, "Transaction_Date_Range_Data")) is not None]
    return bool(known) and (not ranges or any(_in_range(event, one) for event in known for one in ranges))


def _in_range(event: Event, range_: ET.Element) -> bool:
    _, effective, entry = event
    return all(
        bound is None or (moment >= bound if end == "From" else moment <= bound)
        for kind, moment in (("Updated", entry), ("Effective", effective))
        for end in ("From", "Through")
        for bound in [_moment(range_, f"{kind}_{end}")]
    )


def _clock(system: System, request: ET.Element) -> tuple[date, datetime]:
    """The effective date and the entry moment that the answer is given for."""
    day = words(request, "Response_Filter/As_Of_Effective_Date")
    entered = _moment(request, "Response_Filter/As_Of_Entry_DateTime") or system.now
    try:
        return (date.fromisoformat(day[:10]) if day else system.local(system.now).date()), entered
    except ValueError:
        raise Fault.validation(f"Invalid value for date: {day}") from None


def _moment(node: ET.Element, path: str) -> datetime | None:
    text = words(node, path)
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise Fault.validation(f"Invalid value for dateTime: {text}") from None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _number(request: ET.Element, name: str, default: int) -> int:
    text = words(request, f"Response_Filter/{name}")
    try:
        return int(text) if text else default
    except ValueError:
        raise Fault.validation(f"Invalid value for decimal: {text}") from None
