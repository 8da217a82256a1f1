"""The check of the policies: every kind of mistake, planted in a copy of the seeds, gives exactly its sentence."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from orchestration import policies
from orchestration.policies import project
from orchestration.policies.declared import declared_seeds
from tests.planted import Case, added, replaced, said, shows

KNOWN_DOMAINS = "crm, psa, erp, hr, expense, procurement or bank"
SLA = "invoice_sla,global,,5,business_days,2000-01-01,,FIN"
BEGINS = "begin this row on 2018-01-01"
ENDS = "give the first day on which it no longer holds, or leave it empty"
TWO_AT_ONCE = "let one of them end (valid_to) on the day on which the other begins, or remove it"


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """A copy of the project's seeds."""
    return Path(shutil.copytree(policies.SEEDS, tmp_path / "seeds"))


def test_the_projects_own_seeds_are_in_order() -> None:
    assert said(policies.SEEDS) == []
    policies.require_valid()


def test_a_firms_own_file_is_checked_in_the_place_of_the_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKAGE_POLICIES_DIR", str(tmp_path))
    (tmp_path / "holidays.csv").write_text("holiday_date,name\n2026-05-01,Labour Day\n", "utf-8")
    assert policies.check() == []
    (tmp_path / "holidays.csv").write_text("holiday_date,name\n2026-25-12,Christmas\n", "utf-8")
    (tmp_path / "hollidays.csv").write_text("holiday_date,name\n", "utf-8")
    assert [str(problem) for problem in policies.check()] == [
        "holidays.csv line 2: holiday_date 2026-25-12 is not a day of the calendar; write it as 2026-04-30",
        "hollidays.csv: no seed of this name is known; remove it or call it holidays.csv",
    ]


COLUMNS = ", ".join(declared_seeds()["policies"].columns)
FILES: dict[str, Case] = {
    "missing column": (
        "policies",
        replaced(",owner,note", ",note"),
        [f"1: the column owner is missing; the columns are {COLUMNS}"],
    ),
    "unknown column": (
        "policies",
        replaced("valid_to,owner", "valid_until,owner"),
        [
            f"1: the column 'valid_until' is unknown; the columns are {COLUMNS}",
            f"1: the column valid_to is missing; the columns are {COLUMNS}",
        ],
    ),
    "column twice": (
        "policies",
        replaced("owner,note", "owner,note,note"),
        ["1: the column note is there twice; keep one of them"],
    ),
    "semicolons": (
        "policies",
        lambda text: text.replace(",", ";"),
        ["1: the columns are not separated by commas; save the file with commas"],
    ),
    "comma in a text": (
        "policies",
        added("invoice_sla,customer,c1,7,business_days,2026-01-01,,FIN,late, as agreed"),
        [
            "{line[invoice_sla,customer]}: 10 value(s) for 9 columns; put quotes around a value that holds a comma, "
            "and keep the commas of empty ones"
        ],
    ),
    "open quote": (
        "policies",
        added('invoice_sla,customer,c1,7,business_days,2026-01-01,,FIN,"late', "invoice_sla,customer,c2,7,days"),
        ['{line[invoice_sla,customer]}: quotes that do not pair; close them, and write " inside a quoted value as ""'],
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_read(seeds: Path, case: str) -> None:
    found, expected = shows(seeds, FILES[case])
    assert found == expected


def test_files_that_are_absent_unknown_or_in_another_encoding(seeds: Path) -> None:
    (seeds / "holidays.csv").unlink()
    (seeds / "tax_rate.csv").write_text("a\n")
    (seeds / "legal_forms.csv").write_bytes("form,legal_form,placement\nLtd,ltd,suffix\nÉ,e,suffix\n".encode("latin-1"))
    assert said(seeds) == [
        "holidays.csv: the file is missing; put it back; without rows it is its header alone",
        "legal_forms.csv line 3: the text is not UTF-8; save the file as CSV UTF-8",
        "tax_rate.csv: no seed of this name is known; remove it or call it tax_rates.csv",
    ]


def test_what_a_spreadsheet_writes_is_read(seeds: Path) -> None:
    """A mark of the byte order, line ends of Windows, a text of two lines, an empty line at the end."""
    text = (seeds / "policies.csv").read_text("utf-8")
    rows = 'invoice_sla,customer,c1,7,business_days,2026-01-01,,FIN,"as agreed,\nsee ""terms"""\n\nx\n'
    (seeds / "policies.csv").write_bytes(("\ufeff" + text + rows).replace("\n", "\r\n").encode())
    last = text.count("\n") + 4
    assert said(seeds) == [
        f"policies.csv line {last}: 1 value(s) for 9 columns; put quotes around a value that holds a comma, "
        "and keep the commas of empty ones"
    ]


ROWS: dict[str, Case] = {
    "unknown policy": (
        "policies",
        added("invoice_slo,customer,c1,5,business_days,2026-01-01,,FIN,"),
        [
            "{line[invoice_slo]}: policy_key 'invoice_slo' is unknown; write invoice_sla, if that is meant, or remove the row"
        ],
    ),
    "unknown scope": (
        "policies",
        added("invoice_sla,team,t1,5,business_days,2026-01-01,,FIN,"),
        [
            "{line[invoice_sla,team]}: scope_type 'team' is unknown; write global, legal_entity, customer, "
            "contract_line or domain"
        ],
    ),
    "scope that no model reads": (
        "policies",
        added("fx_max_age,customer,c1,9,days,2026-01-01,,FIN,"),
        ["{line[fx_max_age,customer]}: scope_type 'customer' is not read for fx_max_age; write global"],
    ),
    "domain for a contract's policy": (
        "policies",
        added("invoice_sla,domain,erp,9,business_days,2026-01-01,,FIN,"),
        [
            "{line[invoice_sla,domain]}: scope_type 'domain' is not read for invoice_sla; "
            "write global, legal_entity, customer or contract_line"
        ],
    ),
    "unknown domain": (
        "policies",
        added("feed_max_age,domain,erb,9,hours,2026-01-01,,IT,"),
        [f"{{line[feed_max_age,domain]}}: scope_id 'erb' is no domain; write {KNOWN_DOMAINS}"],
    ),
    "scope without id": (
        "policies",
        added("invoice_sla,legal_entity,,5,business_days,2026-01-01,,FIN,"),
        ["{line[invoice_sla,legal_entity]}: scope_type legal_entity without a scope_id; name the legal entity"],
    ),
    "id without scope": (
        "policies",
        replaced(SLA, SLA.replace("global,,", "global,c1,")),
        [
            "{line[invoice_sla]}: scope_id 'c1' with scope_type global; "
            "leave it empty, or write whose id it is as scope_type"
        ],
    ),
    "no number": (
        "policies",
        replaced(SLA, SLA.replace(",5,", ",five,")),
        ["{line[invoice_sla]}: policy_value 'five' is not a number; write it in digits with a point, as 1234.56"],
    ),
    "decimal comma": (
        "policies",
        replaced("carry_rate,global,,8,", 'carry_rate,global,,"8,5",'),
        ["{line[carry_rate]}: policy_value '8,5' is not a number; write it in digits with a point, as 1234.56"],
    ),
    "too precise": (
        "policies",
        replaced("allocation_tolerance,global,,0.005,", "allocation_tolerance,global,,0.0000005,"),
        [
            "{line[allocation_tolerance]}: policy_value 0.0000005 has too many digits; "
            "there is room for 12 before and 6 after the point"
        ],
    ),
    "half a day": (
        "policies",
        replaced(SLA, SLA.replace(",5,", ",1.5,")),
        ["{line[invoice_sla]}: policy_value 1.5 is no whole number of days; give whole days"],
    ),
    "negative": (
        "policies",
        replaced(SLA, SLA.replace(",5,", ",-5,")),
        ["{line[invoice_sla]}: policy_value -5 is less than 0; give 0 or more"],
    ),
    "share beyond its end": (
        "policies",
        replaced("cap_warning,global,,80,", "cap_warning,global,,180,"),
        ["{line[cap_warning]}: policy_value 180 is more than 100; give a value from 0 to 100"],
    ),
    "other unit": (
        "policies",
        replaced(SLA, SLA.replace("business_days", "days")),
        ["{line[invoice_sla]}: unit 'days' is not that of invoice_sla; give it in business_days"],
    ),
    "empty": (
        "policies",
        replaced(SLA, SLA.replace(",5,", ",,")),
        ["{line[invoice_sla]}: policy_value is empty; give a value"],
    ),
    "owner": (
        "policies",
        replaced(SLA, SLA.replace("FIN", "CFO")),
        ["{line[invoice_sla]}: owner 'CFO' is unknown; write FIN, PMO, SVC, SOP, IT or PROC"],
    ),
    "space": (
        "policies",
        added("invoice_sla,customer, c1,5,business_days,2026-01-01,,FIN,"),
        ["{line[invoice_sla,customer]}: scope_id ' c1' has spaces around it; remove them"],
    ),
    "no date": (
        "policies",
        added("invoice_sla,customer,c1,5,business_days,01/02/2026,,FIN,"),
        ["{line[invoice_sla,customer]}: valid_from '01/02/2026' is not a date; write it as 2026-04-30"],
    ),
    "no day": (
        "policies",
        added("invoice_sla,customer,c1,5,business_days,2026-02-30,,FIN,"),
        ["{line[invoice_sla,customer]}: valid_from 2026-02-30 is not a day of the calendar; write it as 2026-04-30"],
    ),
    "ends before it begins": (
        "policies",
        added("invoice_sla,customer,c1,5,business_days,2026-02-01,2026-01-01,FIN,"),
        [f"{{line[invoice_sla,customer]}}: valid_to 2026-01-01 is not after valid_from 2026-02-01; {ENDS}"],
    ),
    "overlap": (
        "policies",
        added(
            "invoice_sla,customer,c1,5,business_days,2026-01-01,2026-06-01,FIN,",
            "invoice_sla,customer,c2,5,business_days,2026-05-31,,FIN,",
            "invoice_sla,customer,c1,6,business_days,2026-05-31,,FIN,",
        ),
        [
            "{line[invoice_sla,customer,c1,6]}: it holds at the same time as line {line[invoice_sla,customer,c1,5]} "
            f"for invoice_sla, customer, c1; {TWO_AT_ONCE}"
        ],
    ),
    "hidden in a longer one": (
        "policies",
        added(
            "invoice_sla,customer,c1,5,business_days,2026-01-01,,FIN,",
            "invoice_sla,customer,c1,6,business_days,2026-02-01,2026-03-01,FIN,",
            "invoice_sla,customer,c1,7,business_days,2026-04-01,2026-05-01,FIN,",
        ),
        [
            f"{{line[invoice_sla,customer,c1,{n}]}}: it holds at the same time as line "
            f"{{line[invoice_sla,customer,c1,5]}} for invoice_sla, customer, c1; {TWO_AT_ONCE}"
            for n in (6, 7)
        ],
    ),
    "one after the other": (
        "policies",
        added(
            "invoice_sla,customer,c1,5,business_days,2026-01-01,2026-06-01,FIN,",
            "invoice_sla,customer,c1,6,business_days,2026-06-01,,FIN,",
        ),
        [],
    ),
    "gap": (
        "policies",
        lambda text: added("invoice_sla,global,,7,business_days,2026-03-01,,FIN,")(
            replaced(SLA, SLA.replace("2000-01-01,", "2000-01-01,2026-01-01"))(text)
        ),
        [
            "{line[invoice_sla,global,,7]}: no global row of invoice_sla holds from 2026-01-01 to 2026-02-28; "
            "begin this row on 2026-01-01 or let line {line[invoice_sla]} end later"
        ],
    ),
    "gap at the end": (
        "policies",
        replaced(SLA, SLA.replace("2000-01-01,", "2000-01-01,2026-01-01")),
        [
            "{line[invoice_sla]}: no global row of invoice_sla holds from 2026-01-01 on; "
            "leave valid_to empty or add the row that follows"
        ],
    ),
    "gap at the beginning": (
        "policies",
        replaced(SLA, SLA.replace("2000-01-01", "2020-01-01")),
        [f"{{line[invoice_sla]}}: no global row of invoice_sla holds from 2018-01-01 to 2019-12-31; {BEGINS}"],
    ),
    "no global row": (
        "policies",
        replaced(SLA, SLA.replace("global,,", "customer,c1,")),
        ["invoice_sla has no global row; add one that is valid from 2018-01-01 or earlier"],
    ),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_row_that_cannot_be_used(seeds: Path, case: str) -> None:
    found, expected = shows(seeds, ROWS[case])
    assert found == expected


def test_all_problems_are_told_at_once(seeds: Path) -> None:
    for seed, row in (
        ("policies", "x,team,,-1,weeks,soon,,CFO,"),
        ("holidays", "2026-13-01,"),
        ("tax_rates", "UK,,-1,,,"),
    ):
        path = seeds / f"{seed}.csv"
        path.write_text(path.read_text("utf-8") + row + "\n", "utf-8")
    problems = policies.check(seeds)
    assert [problem.file for problem in problems] == ["holidays.csv"] + ["policies.csv"] * 6 + ["tax_rates.csv"] * 3
    with pytest.raises(policies.PolicyError) as caught:
        policies.require_valid(seeds)
    assert str(caught.value).splitlines() == [str(problem) for problem in problems]


def sql() -> dict[str, str]:
    """The SQL of the project's models and macros, without comments and the definitions of policies."""
    found = {}
    for path in (project.PROJECT / "models").rglob("*.sql"):
        found[path.stem] = path.read_text("utf-8")
    for path in (project.PROJECT / "macros").glob("*.sql"):
        found[path.stem] = re.sub(r"{% macro policy_definitions.*?endmacro %}", "", path.read_text("utf-8"), flags=re.S)
    return {name: re.sub(r"{#.*?#}|--[^\n]*", "", text, flags=re.S) for name, text in found.items()}


def test_the_definitions_and_the_models_name_the_same_policies() -> None:
    """The firm's policies are asked for by name, those of contract lines are columns of ledger__contract_line_policies."""
    defined, texts = project.policy_definitions(), sql()
    asked = set(re.findall(r"global_policy\('(\w+)'\)|policy_key = '(\w+)'", "\n".join(texts.values())))
    named = {one or other for one, other in asked}
    known = {name for names in defined.values() for name in names}
    assert named <= known
    assert {*defined["domain"], *defined["global"]} <= named
    readers = "\n".join(text for text in texts.values() if "ref('ledger__contract_line_policies')" in text)
    read = set(re.findall(r"\bpolic(?:y|ies)\.(\w+)|'(\w+)'", readers))
    assert set(defined["contract_line"]) <= {one or other for one, other in read}
    # What a reader takes from the policies of a contract line is one of its columns.
    columns = set(re.findall(r"\bpolicies\.(\w+)", readers)) - {"contract_line_id", "engagement_id"}
    assert columns <= set(defined["contract_line"])


def test_dbt_reads_the_same_definitions() -> None:
    """The macro is evaluated as dbt does, and not only read as text."""
    from jinja2 import Environment

    returned: list[object] = []
    environment = Environment(extensions=["jinja2.ext.do"])
    text = (project.PROJECT / "macros" / "policies.sql").read_text("utf-8")
    template = environment.from_string(text, globals={"return": returned.append})
    template.module.policy_definitions()  # type: ignore[attr-defined]
    assert returned == [project.policy_definitions()]


def test_the_calendar_begins_where_the_ledgers_does() -> None:
    assert date(2018, 1, 1) == project.CALENDAR_BEGINS
    assert "date_spine('day', \"cast('2018-01-01' as date)\"" in sql()["ledger__calendar_days"]
