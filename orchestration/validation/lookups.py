"""Customers and projects as the published register knows them."""

from __future__ import annotations

from orchestration.validation.answers import ContractLine, CustomerAnswer, DuplicateOf, KnownAs, Money, ProjectAnswer
from orchestration.validation.identity import UnknownError, basis, feeds, identify, not_fresh
from orchestration.validation.snapshot import Reader, Row


def customer(reader: Reader, name: str) -> CustomerAnswer:
    """The customer that ``name`` names; raises UnknownError or AmbiguousError."""
    customer_id = identify(reader, "customer", name)
    found = reader.row("select * from canonical.customer where customer_id = $id", {"id": customer_id})
    if found is None:
        raise UnknownError("customer", name, not_fresh(feeds(reader, "customer")))
    known_as = reader.rows(
        "select source_customer_id as id, match_method, confidence from canonical.customer_xref"
        " where customer_id = $id order by source_customer_id",
        {"id": customer_id},
    )
    lines = reader.rows(
        "select * from canonical.contract_line where customer_id = $id and not is_deleted order by contract_line_id",
        {"id": customer_id},
    )
    records = [("customer", row["id"]) for row in known_as] + [("contract_line", x["contract_line_id"]) for x in lines]
    return CustomerAnswer(
        **{name: found[name] for name in CustomerAnswer.model_fields if name in found},
        known_as=[KnownAs(**row) for row in known_as],
        contract_lines=[contract_line(line) for line in lines],
        basis=basis(reader, reader.register.as_of, feeds(reader, "customer", "contract_line"), records),
    )


def contract_line(line: Row) -> ContractLine:
    """A canonical contract line as it is answered."""
    return ContractLine(
        **{name: line[name] for name in ContractLine.model_fields if name in line},
        cap=Money.of(line["cap_amount"], line["currency"]),
        expense_cap=Money.of(line["expense_cap_amount"], line["currency"]),
    )


def project(reader: Reader, name: str) -> ProjectAnswer:
    """The project that ``name`` names; raises UnknownError or AmbiguousError."""
    project_id = identify(reader, "project", name)
    found = project_row(reader, project_id)
    line = reader.row(
        "select * from canonical.contract_line where contract_line_id = $id", {"id": found["contract_line_id"]}
    )
    duplicate = reader.row(
        "select original_project_id as project_id, reason from ledger.ledger__duplicate_projects where project_id = $id",
        {"id": project_id},
    )
    known_as = reader.rows(
        "select source_project_id as id, match_method, confidence from canonical.project_xref"
        " where project_id = $id order by source_project_id",
        {"id": project_id},
    )
    records = [
        ("project", project_id),
        ("project", found["effective_project_id"]),
        ("contract_line", found["contract_line_id"]),
        ("project", duplicate["project_id"] if duplicate else None),
    ]
    return ProjectAnswer(
        **{name: found[name] for name in ProjectAnswer.model_fields if name in found},
        contract_line=contract_line(line) if line else None,
        duplicate_of=DuplicateOf(**duplicate) if duplicate else None,
        known_as=[KnownAs(**row) for row in known_as],
        basis=basis(reader, reader.register.as_of, feeds(reader, "project", "contract_line"), records),
    )


def project_row(reader: Reader, project_id: str) -> Row:
    """The canonical project, with the state of the one that stands for it; ``is_open`` is None when that is not known."""
    found = reader.row(
        """
        select
          own.*,
          case when standing.is_deleted then 'deleted' else standing.status end as standing_state,
          case standing_state when 'active' then true when 'planned' then false when 'closed' then false
            when 'deleted' then false end as is_open
        from canonical.project as own
        left join canonical.project as standing on own.effective_project_id = standing.project_id
        where own.project_id = $id
        """,
        {"id": project_id},
    )
    if found is None:
        raise UnknownError("project", project_id, not_fresh(feeds(reader, "project")))
    return found
