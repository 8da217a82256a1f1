"""A record of the web services as JSON.

Elements and attributes keep their names, without namespace. A reference becomes its ids by type, an element that occurs
several times a list, an empty one null; every scalar stays text. So nothing that Workday sends is lost. What lies in
lists, where columns cannot reach, is put beside the record's own blocks under names of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

import msgspec

Record = dict[str, Any]

# XML Schema allows an offset on a date; a date is local, so it says nothing more.
_ZONED_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2})")
_encode = msgspec.json.Encoder().encode


def worker(element: Element) -> bytes:
    """A Worker: with work e-mails, primary job and its manager and organizations, and the last entry of its log."""
    record = _object(element)
    data = _in(record, "Worker_Data")
    employment = _in(data, "Employment_Data")
    jobs = _list(employment.get("Worker_Job_Data"))
    primary = next((job for job in jobs if _is_true(job.get("Primary_Job"))), None)
    if primary is not None:
        record["Primary_Job"] = primary
        employment["Worker_Job_Data"] = [job for job in jobs if job is not primary] or None
        managers = _in(primary, "Position_Data").get("Manager_as_of_last_detected_manager_change_Reference")
        record["Manager"] = next(iter(_list(managers)), None)
    memberships = _in(primary, "Position_Organizations_Data").get("Position_Organization_Data")
    record["Organizations"] = _organizations(_list(memberships))
    emails = _in(_in(data, "Personal_Data"), "Contact_Data").get("Email_Address_Data")
    addresses = _work_emails(_list(emails))
    record["Work_Email"] = next(iter(addresses), None)
    record["Other_Work_Emails"] = ";".join(addresses[1:]) or None
    entries = _list(_in(data, "Transaction_Log_Entry_Data").get("Transaction_Log_Entry"))
    moments = [_in(entry, "Transaction_Log_Data").get("Transaction_Entry_Moment") for entry in entries]
    record["Transaction_Entry_Moment"] = _latest(moments)
    return _encode(record)


def organization(element: Element) -> bytes:
    """An Organization: with the one above it, or the hierarchy that includes it where its kind has none above."""
    record = _object(element)
    hierarchy = _in(_in(record, "Organization_Data"), "Hierarchy_Data")
    above = _list(hierarchy.get("Superior_Organization_Reference"))
    above += _list(hierarchy.get("Included_In_Organization_Reference"))
    record["Parent"] = next(iter(above), None)
    return _encode(record)


def _work_emails(emails: Iterable[Record]) -> list[str]:
    """The addresses for work, the primary one first; private ones are nobody's business here."""
    found = [
        (not _is_true(kind.get("Primary")), str(email["Email_Address"]))
        for email in emails
        for usage in _list(email.get("Usage_Data"))
        for kind in _list(usage.get("Type_Data"))
        if _in(kind, "Type_Reference").get("Communication_Usage_Type_ID") == "WORK" and email.get("Email_Address")
    ]
    return list(dict.fromkeys(address for _, address in sorted(found, key=lambda one: one[0])))


def _organizations(memberships: Iterable[Record]) -> Record:
    """Organizations by their type in lower case, which tenants spell differently; the first one of each type."""
    found: Record = {}
    for membership in memberships:
        data = _in(membership, "Organization_Data")
        kind = _in(data, "Organization_Type_Reference").get("Organization_Type_ID")
        if isinstance(kind, str):
            reference = _in(membership, "Organization_Reference")
            entry = {"WID": reference.get("WID"), "Reference_ID": data.get("Organization_Reference_ID")}
            # A person may belong to a node of a hierarchy as to its members.
            found.setdefault(kind.lower().removesuffix("_hierarchy"), entry)
    return found


def _latest(moments: Iterable[Any]) -> str | None:
    """The latest of the moments that can be read."""
    readable = []
    for text in moments:
        try:
            readable.append((datetime.fromisoformat(text).timestamp(), text))
        except (TypeError, ValueError):
            continue
    return max(readable)[1] if readable else None


# --- XML to JSON


def _object(element: Element) -> Record:
    """The record of an element, also of an empty one."""
    value = _value(element)
    return value if isinstance(value, dict) else {}


def _value(element: Element) -> Any:
    attributes = {_local(name): value for name, value in element.attrib.items()}
    children: Record = {}
    for name, value in _children(element):
        if name in children:
            before = children[name]
            children[name] = [*(before if isinstance(before, list) else [before]), value]
        else:
            children[name] = value
    text = (element.text or "").strip()
    if date := _ZONED_DATE.fullmatch(text):
        text = date.group(1)
    if not attributes and not children:
        return text or None
    if text:
        children["value"] = text
    return {**attributes, **children}


def _children(element: Element) -> Iterator[tuple[str, Any]]:
    for child in element:
        name, kind = _local(child.tag), None
        if name == "ID":
            kind = next((value for attribute, value in child.attrib.items() if _local(attribute) == "type"), None)
        yield (kind, (child.text or "").strip() or None) if kind else (name, _value(child))


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _in(record: Record | None, name: str) -> Record:
    """The object under a name, an empty one when there is none."""
    found = (record or {}).get(name)
    return found if isinstance(found, dict) else {}


def _list(value: Any) -> list[Record]:
    """The objects of a repeated element, however many there are."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _is_true(value: Any) -> bool:
    return value in ("1", "true")
