"""Names of scenario facts: which fields refer to which facts, and a name space per scenario.

Many scenarios share one firm, so every id, code, e-mail, number and name carries its scenario's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

# kind -> {field path: kind referred to}; a dot enters the records of a nested list.
REFERENCES: dict[str, dict[str, str]] = {
    "customers": {"parent": "customers", "merged_into": "customers", "represents": "legal_entities"},
    "opportunities": {"customer": "customers"},
    "contracts": {"customer": "customers", "legal_entity": "legal_entities", "opportunity": "opportunities"},
    "contract_lines": {"contract": "contracts", "rate_card": "rate_cards", "billing_calendar": "billing_calendars"},
    "rate_cards": {"lines.resource": "resources"},
    "change_orders": {"contract": "contracts", "contract_line": "contract_lines"},
    "retainers": {"contract_line": "contract_lines"},
    "resources": {
        "legal_entity": "legal_entities",
        "manager": "resources",
        "org_unit": "org_units",
        "work_calendar": "work_calendars",
    },
    "org_units": {"parent": "org_units", "manager": "resources"},
    "leaves": {"resource": "resources"},
    "projects": {
        "customer": "customers",
        "contract_line": "contract_lines",
        "merged_into": "projects",
        "parent": "projects",
        "manager": "resources",
    },
    "assignments": {"project": "projects", "resource": "resources"},
    "time_entries": {"project": "projects", "resource": "resources", "change_order": "change_orders"},
    "expenses": {"project": "projects", "resource": "resources"},
    "purchase_orders": {"supplier": "suppliers", "project": "projects"},
    "supplier_invoices": {"supplier": "suppliers", "purchase_order": "purchase_orders", "lines.project": "projects"},
    "milestones": {"contract_line": "contract_lines", "project": "projects"},
    "progress_reports": {"contract_line": "contract_lines", "project": "projects"},
    "invoices": {
        "customer": "customers",
        "legal_entity": "legal_entities",
        "original_invoice": "invoices",
        "lines.contract_line": "contract_lines",
        "lines.project": "projects",
        "lines.resource": "resources",
        "lines.items.customer": "customers",
    },
    "payments": {"invoice": "invoices"},
    "disputes": {"invoice": "invoices"},
    "write_offs": {"invoice": "invoices"},
    "revenue_schedules": {"contract_line": "contract_lines"},
    "contract_balances": {"contract": "contracts"},
    "wip_postings": {"contract_line": "contract_lines"},
    "project_costs": {"project": "projects"},
}
SCOPES = {"contract_line": "contract_lines", "contract": "contracts", "customer": "customers"}
POLICY_SCOPES = {"contract_line": "contract_lines", "customer": "customers", "legal_entity": "legal_entities"}
# Ids of facts that are given none: the letters and the position in the list.
PREFIXES = {
    "legal_entities": "LE", "customers": "C", "opportunities": "O", "contracts": "K", "contract_lines": "CL",
    "rate_cards": "RC", "change_orders": "CO", "resources": "R", "projects": "P", "assignments": "A",
    "time_entries": "T", "expenses": "E", "suppliers": "S", "purchase_orders": "PO", "supplier_invoices": "SI",
    "milestones": "M", "billing_calendars": "B", "invoices": "INV", "payments": "PAY", "revenue_schedules": "RS",
    "project_costs": "PC", "org_units": "OU", "work_calendars": "WC", "leaves": "LV",
    "retainers": "RT", "progress_reports": "PR", "disputes": "D", "write_offs": "WO", "sync_events": "SE",
    "contract_balances": "CB", "wip_postings": "WP",
}  # fmt: skip
NAMED = (
    "legal_entities", "customers", "opportunities", "contracts", "contract_lines", "rate_cards", "resources",
    "projects", "suppliers", "milestones", "billing_calendars", "org_units", "work_calendars",
)  # fmt: skip
NUMBERED = ("change_orders", "purchase_orders", "supplier_invoices", "invoices")


def qualified(scenario: str, fact_id: str) -> str:
    """``T1`` of S01 as ``S01:T1``; of a share, ``M1/C2`` as ``S01:M1/S01:C2``."""
    return "/".join(f"{scenario}:{part}" for part in fact_id.split("/"))


def policy_references(row: Mapping[str, Any]) -> dict[str, str]:
    """The columns of a policy row that name a fact, and the kind of that fact."""
    columns = {"from_legal_entity": "legal_entities", "to_legal_entity": "legal_entities"}
    if row.get("scope_type") in POLICY_SCOPES:
        columns["scope_id"] = POLICY_SCOPES[row["scope_type"]]
    return {column: kind for column, kind in columns.items() if row.get(column) is not None}


def holders(record: dict[str, Any], path: str) -> Iterator[tuple[dict[str, Any], str, str]]:
    """The records that hold the last field of ``path``, that field, and where they stand inside ``record``."""
    head, _, rest = path.partition(".")
    if not rest:
        yield record, head, head
        return
    for n, nested in enumerate(record.get(head) or []):
        if isinstance(nested, dict):
            for holder, field, where in holders(nested, rest):
                yield holder, field, f"{head}[{n}].{where}"


def add_namespace(scenario: str, facts: dict[str, list[dict[str, Any]]]) -> None:
    """Put the scenario's name into every id and every key that systems share, in place."""
    people = {r["id"] for r in facts.get("resources", [])}

    def rename(value: Any) -> Any:
        return qualified(scenario, value) if isinstance(value, str) else value

    for kind, records in facts.items():
        for record in records:
            for path in REFERENCES.get(kind, {}):
                for holder, field, _ in holders(record, path):
                    _change(holder, field, rename)
            _special_fields(scenario, kind, record, people, rename)
            if kind in PREFIXES:
                record["id"] = rename(record["id"])


def _special_fields(
    scenario: str, kind: str, record: dict[str, Any], people: set[str], rename: Callable[[Any], Any]
) -> None:
    own = record.get("id", "")
    if kind in NAMED:
        record["name"] = f"{scenario} {record.get('name') or own}"
    if kind in NUMBERED:
        record["number"] = f"{scenario}-{record.get('number') or own}"
    _other_names(scenario, record)
    if kind == "projects":
        record["code"] = "".join(c for c in f"{scenario}{record.get('code') or own}".upper() if c.isalnum())
    elif kind == "org_units" and record.get("code"):
        record["code"] = f"{scenario}-{record['code']}"
    elif kind == "resources":
        record["email"] = _email(scenario, record.get("email") or own)
    elif kind == "rate_cards" and record.get("scope") in SCOPES:
        _change(record, "scope_id", rename)
    elif kind == "time_entries" and record.get("approver") in people:
        _change(record, "approver", rename)
    elif kind == "expenses" and record.get("receipt_hash"):
        record["receipt_hash"] = f"{scenario}-{record['receipt_hash']}"
    elif kind == "disputes":
        _change(record, "line", rename)
    elif kind == "sync_events":
        _change(record, "record", rename)
    elif kind == "wip_postings":
        _change(record, "item", rename)
    elif kind == "milestones" and isinstance(record.get("shares"), dict):
        record["shares"] = {rename(customer): share for customer, share in record["shares"].items()}
    for line in record.get("lines") or []:
        _change(line, "id", rename)
        for item in line.get("items") or []:
            _change(item, "item", rename)


def _other_names(scenario: str, record: dict[str, Any]) -> None:
    """What a record is called in other systems or was called before, and its registrations."""
    for fields in [record, *_mappings(record.get("known_as"))]:
        for field, named in (("former_names", _text(scenario)), ("email_aliases", lambda a: _email(scenario, str(a)))):
            if isinstance(fields.get(field), list):
                fields[field] = [named(value) for value in fields[field]]
        _change(fields, "tax_id", lambda number: f"{scenario}-{number}")
    for fields in _mappings(record.get("known_as")):
        _change(fields, "name", _text(scenario))
        _change(fields, "email", lambda address: _email(scenario, str(address)))
        # A code keeps how it is written here; one with spaces is a text that somebody typed instead of a code.
        _change(fields, "code", lambda code: f"{scenario} {code}" if " " in str(code) else f"{scenario}{code}")


def _text(scenario: str) -> Callable[[Any], str]:
    return lambda value: f"{scenario} {value}"


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [v for v in value.values() if isinstance(v, dict)] if isinstance(value, dict) else []


def _change(record: dict[str, Any], field: str, change: Callable[[Any], Any]) -> None:
    if record.get(field) is not None:
        record[field] = change(record[field])


def _email(scenario: str, address: str) -> str:
    local, _, domain = address.lower().partition("@")
    plain = "".join(c if c.isalnum() or c in "._+-" else "." for c in local)
    return f"{scenario.lower()}.{plain}@{domain or 'firm.example'}"
