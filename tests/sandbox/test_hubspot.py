"""HubSpot: the source reads a portal completely, once, exactly, and survives trouble."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion.http import session as http_session
from ingestion.http.errors import PermanentError, TransientError
from ingestion.sandbox.facts import Contract
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.hubspot.access import ACCESS_TOKEN, REFRESH_TOKEN
from ingestion.sources.hubspot import OBJECTS, connect, settings
from tests.hubspot_portal import CUSTOMERS, LATER, NOW, calls, customers, firm, load, portal, record_id, rows, world


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(http_session, "BACKOFF_CAP_SECONDS", 0.001)
    monkeypatch.setattr(settings, "SEARCH_INTERVAL_SECONDS", 0.0)
    return tmp_path


@pytest.fixture
def sandbox(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """A served portal without limits in real time, with its credentials in the environment."""
    with SandboxServer(world()) as server:
        portal(server).access.search_limit = portal(server).access.burst_limit = 10_000
        for name, value in server.credentials().items():
            monkeypatch.setenv(name, value)
        yield server


# --- loading


def test_every_object_arrives_over_several_pages(sandbox, data_dir):
    load()
    assert calls(sandbox, "/objects/companies/batch/read") == 3, "250 companies are read in batches of 100"
    counts = {name: rows(data_dir, f"select count(*) from raw_hubspot.{name}")[0][0] for name in OBJECTS}
    assert counts == {
        "account": 1,
        "deal_stage": 5,
        "company": CUSTOMERS,
        "company_alias": 0,
        "deal": 1,
        "deal_stage_history": 4,
        "statement_of_work": 1,
        "sow_line": 2,
        "rate_card": 2,
        "rate_card_line": 2,
        "change_order": 2,
        "association": 18,
    }
    assert rows(data_dir, "select count(*) from raw_hubspot.quarantine") == [(0,)]
    undeclared = " union all ".join(f"select _extra from raw_hubspot.{n}" for n, o in OBJECTS.items() if o.cursor)
    assert rows(data_dir, f"select distinct _extra from ({undeclared}) order by 1") == [
        ('{"updatedByUserId":4021}',),
        (None,),
    ]


def test_values_are_exact_and_names_come_in_any_script(sandbox, data_dir):
    load("company", "sow_line", "rate_card_line")
    key = record_id(sandbox, "customers", "C1")
    assert rows(data_dir, f"select properties__name from raw_hubspot.company where id = '{key}'") == [
        ("Ørsted 東京 «ПАО»",)
    ]
    assert rows(data_dir, "select properties__amount from raw_hubspot.sow_line order by 1") == [
        (Decimal("5000.0000"),),
        (Decimal("100000.1000"),),
    ]
    assert rows(data_dir, "select properties__hourly_rate from raw_hubspot.rate_card_line order by 1") == [
        (Decimal("180.125000"),),
        (Decimal("220.000000"),),
    ]


def test_second_run_appends_nothing_and_a_change_appends_one_version(sandbox, data_dir):
    load("company")
    load("company")
    assert rows(data_dir, "select count(*) from raw_hubspot.company") == [(CUSTOMERS,)]
    sandbox.world.replace_facts(firm(customers=customers(C7={"name": "New name", "updated_at": LATER})), LATER)
    load("company")
    key = record_id(sandbox, "customers", "C7")
    names = rows(data_dir, f"select properties__name from raw_hubspot.company where id = '{key}' order by updated_at")
    assert names == [("Customer 7",), ("New name",)]
    received = rows(data_dir, "select records_received from raw_hubspot.feed order by _extracted_at")
    assert received == [(CUSTOMERS,), (0,), (1,)], "later runs read their window only"


def test_more_changes_than_a_search_can_page_through_all_arrive(sandbox, data_dir, monkeypatch):
    """Every record gets the same stamp, as after an import; the stand-in refuses to page beyond 100 results."""
    load("company")
    monkeypatch.setattr(settings, "SEARCH_ROWS", 40)
    portal(sandbox).max_results = 100
    stamped = {f"C{n}": {"name": f"Renamed {n}", "updated_at": LATER} for n in range(CUSTOMERS)}
    sandbox.world.replace_facts(firm(customers=customers(**stamped)), LATER)
    load("company")
    assert calls(sandbox, "/companies/search") == 7
    renamed = "select count(distinct id) from raw_hubspot.company where properties__name like 'Renamed %'"
    assert rows(data_dir, renamed) == [(CUSTOMERS,)]


def test_what_the_search_index_shows_late_is_read_by_the_next_run(sandbox, data_dir):
    load("company")
    portal(sandbox).index_lag = timedelta(minutes=10)
    sandbox.world.replace_facts(firm(customers=customers(C7={"name": "Late", "updated_at": LATER})), LATER)
    load("company")
    late = "select count(*) from raw_hubspot.company where properties__name = 'Late'"
    assert rows(data_dir, late) == [(0,)]
    sandbox.world.replace_facts(sandbox.world.facts, LATER + timedelta(minutes=12))
    load("company")
    assert rows(data_dir, late) == [(1,)]


def test_archived_records_keep_their_row_with_the_flag(sandbox, data_dir):
    sandbox.world.replace_facts(firm(customers=customers(C3={"updated_at": NOW, "deleted_at": NOW})), NOW)
    load("company")
    changes = {"C3": {"updated_at": NOW, "deleted_at": NOW}, "C7": {"updated_at": LATER, "deleted_at": LATER}}
    sandbox.world.replace_facts(firm(customers=customers(**changes)), LATER)
    load("company")
    load("company")
    flags = "select archived, archived_at is not null, _is_deleted from raw_hubspot.company where id = '{}' order by 1"
    assert rows(data_dir, flags.format(record_id(sandbox, "customers", "C7"))) == [
        (False, False, False),
        (True, True, False),
    ]
    assert rows(data_dir, flags.format(record_id(sandbox, "customers", "C3"))) == [(True, True, False)]
    assert rows(data_dir, "select count(*) from raw_hubspot.company") == [(CUSTOMERS + 1,)]


def test_merged_companies_keep_their_former_ids(sandbox, data_dir):
    load("company", "company_alias")
    merged = customers(C8={"updated_at": LATER, "merged_into": "C9"})
    sandbox.world.replace_facts(firm(customers=merged), LATER)
    load("company", "company_alias")
    load("company_alias")
    (after,) = rows(data_dir, "select id from raw_hubspot.company where updated_at >= '2026-05-01'")
    former = {record_id(sandbox, "customers", c) for c in ("C8", "C9")}
    assert after[0] not in former, "a merge makes a new record"
    aliases = rows(data_dir, "select id, company_id, _is_deleted from raw_hubspot.company_alias")
    assert sorted(aliases) == sorted((old, after[0], False) for old in former)


def test_an_association_changes_without_its_records(sandbox, data_dir):
    load("statement_of_work", "association")
    moved = firm().contracts[0].model_copy(update={"customer": "C2"})
    sandbox.world.replace_facts(firm(contracts=[moved]), LATER)
    load("statement_of_work", "association")
    assert rows(data_dir, "select count(*) from raw_hubspot.statement_of_work") == [(1,)], "the record did not change"
    to_company = "from raw_hubspot.association where from_type = 'statement_of_work' and to_type = 'company'"
    assert rows(data_dir, f"select to_id, _is_deleted {to_company} order by _is_deleted, _extracted_at") == [
        (record_id(sandbox, "customers", "C1"), False),
        (record_id(sandbox, "customers", "C2"), False),
        (record_id(sandbox, "customers", "C1"), True),
    ]


def test_associations_of_one_record_come_in_pages(sandbox, data_dir, monkeypatch):
    portal(sandbox).associations.page_rows = 2
    monkeypatch.setattr(settings, "RELATIONS", (("company", "statement_of_work"),))
    contracts = [Contract(id=f"K{n}", customer="C1") for n in range(5)]
    sandbox.world.replace_facts(firm(contracts=contracts), NOW)
    load("association")
    assert rows(data_dir, "select count(distinct to_id), count(*) from raw_hubspot.association") == [(5, 5)]
    assert calls(sandbox, "/associations/companies/p_statement_of_work/batch/read") == 3


def test_history_only_grows(sandbox, data_dir):
    load("deal_stage_history")
    deal = firm().opportunities[0]
    shorter = deal.model_copy(update={"stages": deal.stages[-1:], "updated_at": LATER})
    sandbox.world.replace_facts(firm(opportunities=[shorter]), LATER)
    load("deal_stage_history")
    assert rows(data_dir, "select count(*), count_if(_is_deleted) from raw_hubspot.deal_stage_history") == [(4, 0)]


def test_the_dated_version_of_the_api_gives_the_same(sandbox, data_dir, monkeypatch):
    some = ("account", "deal_stage", "company_alias", "sow_line", "association")
    load(*some)
    monkeypatch.setenv("SOURCES__HUBSPOT__API_VERSION", "2026-09")
    sandbox.log.clear()
    load(*some)
    assert calls(sandbox, "/v3/") == calls(sandbox, "/v4/") == 0
    assert calls(sandbox, "/crm/associations/2026-09/p_sow_line/p_rate_card/batch/read") == 1
    appended = rows(data_dir, "select object, sum(versions_appended) from raw_hubspot.feed group by 1 order by 1")
    once = [("account", 1), ("association", 18), ("company_alias", 0), ("deal_stage", 5), ("sow_line", 2)]
    assert appended == once, "the second reading brought the same bytes"


# --- trouble


def test_oauth_token_is_renewed_once_when_it_expires_in_mid_load(sandbox, data_dir, monkeypatch):
    monkeypatch.delenv("SOURCES__HUBSPOT__ACCESS_TOKEN")
    for name, value in portal(sandbox).oauth_credentials(f"{sandbox.url}/hubspot").items():
        monkeypatch.setenv(name, value)
    sandbox.faults.append(Fault("hubspot", "expire_token", path="/batch/read", skip=1))
    load("company")
    assert rows(data_dir, "select count(distinct id) from raw_hubspot.company") == [(CUSTOMERS,)]
    assert calls(sandbox, "/oauth/v1/token") == 2


def test_a_refused_grant_is_told_without_the_secret(sandbox, data_dir, monkeypatch):
    monkeypatch.delenv("SOURCES__HUBSPOT__ACCESS_TOKEN")
    for name, value in portal(sandbox).oauth_credentials(f"{sandbox.url}/hubspot").items():
        monkeypatch.setenv(name, value.replace(REFRESH_TOKEN, "na1-someone-elses"))
    with pytest.raises(PermanentError, match=r"hubspot: .*/oauth/v1/token answered 400: invalid_grant; ") as error:
        load("company")
    assert "na1-someone-elses" not in str(error.value)
    assert calls(sandbox, "/oauth/v1/token") == 1


def test_a_revoked_token_is_told_without_retrying_or_showing_it(sandbox, data_dir, monkeypatch):
    monkeypatch.setenv("SOURCES__HUBSPOT__ACCESS_TOKEN", "pat-na1-revoked")
    with pytest.raises(PermanentError, match=r"401: .*not valid\. \(INVALID_AUTHENTICATION\)") as error:
        load("company")
    assert "pat-na1-revoked" not in str(error.value)
    assert sandbox.requests["hubspot"] == 1


def test_missing_credentials_are_named(data_dir, monkeypatch):
    monkeypatch.delenv("SOURCES__HUBSPOT__ACCESS_TOKEN", raising=False)
    with pytest.raises(PermanentError, match="access_token not configured.*REFRESH_TOKEN"):
        load("company")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("hubspot", "throttle", path="/objects/companies", times=4),
        Fault("hubspot", "status", path="/batch/read", times=2, status=502),
        Fault("hubspot", "status", path="/batch/read", status=477, body="{}"),
        Fault("hubspot", "status", path="/batch/read", status=423, body="{}"),
        Fault("hubspot", "truncate", path="/batch/read"),
        Fault("hubspot", "reset", path="/objects/companies"),
    ],
    ids=["rolling limit", "502 twice", "account moves", "locked", "truncated JSON", "broken connection"],
)
def test_passing_trouble_costs_nothing(sandbox, data_dir, fault):
    fault.hits = 0
    sandbox.faults.append(fault)
    load("company")
    assert fault.hits >= fault.times
    assert rows(data_dir, "select count(*), count(distinct id) from raw_hubspot.company") == [(CUSTOMERS, CUSTOMERS)]


def test_throttle_storm_ends_as_transient_and_the_next_run_is_complete(sandbox, data_dir):
    sandbox.faults.append(Fault("hubspot", "throttle", path="/batch/read", times=http_session.MAX_ATTEMPTS))
    with pytest.raises(
        TransientError, match=r"429: .*ten_secondly_rolling limit\. \(TEN_SECONDLY_ROLLING\).*run again"
    ):
        load("company")
    load("company")
    assert rows(data_dir, "select count(*), count(distinct id) from raw_hubspot.company") == [(CUSTOMERS, CUSTOMERS)]


def test_a_used_up_day_is_transient_and_not_retried(sandbox, data_dir):
    portal(sandbox).access.daily_limit = 3
    with pytest.raises(TransientError, match="used up its requests of the day; run again after midnight"):
        load("company")
    assert sandbox.requests["hubspot"] == 4


def test_searches_keep_their_limit_in_real_time(sandbox, data_dir, monkeypatch):
    """Nine objects in a row search: with the pace of the source, the stand-in's five a second refuse none."""
    load("company")
    portal(sandbox).access.search_limit = 5
    monkeypatch.setattr(settings, "SEARCH_INTERVAL_SECONDS", 0.25)
    monkeypatch.setattr(settings, "SEARCH_ROWS", 28)
    stamped = {f"C{n}": {"name": "again", "updated_at": LATER} for n in range(CUSTOMERS)}
    sandbox.world.replace_facts(firm(customers=customers(**stamped)), LATER)
    load("company")
    assert calls(sandbox, "/companies/search") == 9


def test_missing_scopes_are_named(sandbox, data_dir):
    portal(sandbox).access.missing_scopes = {"/properties/companies": "crm.schemas.companies.read"}
    with pytest.raises(PermanentError, match=r"403: .*\(MISSING_SCOPES\) needs crm.schemas.companies.read; check the"):
        load("company")


def test_a_batch_that_was_read_in_part_is_transient(sandbox, data_dir):
    body = '{"status":"COMPLETE","results":[],"numErrors":1,"errors":[{"status":"error","category":"INTERNAL_ERROR"}]}'
    sandbox.faults.append(Fault("hubspot", "status", path="/batch/read", status=207, body=body))
    with pytest.raises(TransientError, match="batch of companies was read in part .INTERNAL_ERROR."):
        load("company")


# --- drift and names


def test_renamed_and_new_properties_go_to_extra(sandbox, data_dir, caplog):
    def drift(record: dict[str, Any]) -> dict[str, Any]:
        held = dict(record["properties"])
        held["days_to_pay"] = held.pop("payment_terms_days")
        return record | {"properties": held | {"region": "EMEA", "notes": ""}}

    portal(sandbox).tamper["companies"] = drift
    load("company")
    key = record_id(sandbox, "customers", "C7")
    extra = rows(data_dir, f"select properties__payment_terms_days, _extra from raw_hubspot.company where id = '{key}'")
    assert extra == [(None, '{"properties":{"days_to_pay":"30","region":"EMEA"}}')], "a cleared text is no value"
    assert "companies has no payment_terms_days" in caplog.text


def test_retyped_values_are_quarantined_with_the_reason(sandbox, data_dir):
    broken = record_id(sandbox, "customers", "C7")

    def drift(record: dict[str, Any]) -> dict[str, Any]:
        value = "thirty" if record["id"] == broken else record["properties"]["payment_terms_days"]
        return record | {"properties": record["properties"] | {"payment_terms_days": value}}

    portal(sandbox).tamper["companies"] = drift
    load("company")
    assert rows(data_dir, "select count(*) from raw_hubspot.company") == [(CUSTOMERS - 1,)]
    assert rows(data_dir, "select record_key, reason from raw_hubspot.quarantine") == [
        (broken, "properties.payment_terms_days: declared decimal, got 'thirty'")
    ]


def test_a_missing_property_that_verdicts_depend_on_stops_the_load(sandbox, data_dir):
    def drift(record: dict[str, Any]) -> dict[str, Any]:
        held = dict(record["properties"])
        held["worth"] = held.pop("amount")
        return record | {"properties": held}

    portal(sandbox).tamper["p_sow_line"] = drift
    with pytest.raises(PermanentError, match="p_sow_line has no property amount .* property_names for sow_line.amount"):
        load("sow_line")


def test_names_of_a_portal_are_configurable(sandbox, data_dir, monkeypatch):
    def renamed(record: dict[str, Any]) -> dict[str, Any]:
        held = dict(record["properties"])
        held["worth"] = held.pop("amount")
        return record | {"properties": held}

    portal(sandbox).object_names = {"p_sow_line": "p_deal_line"}
    portal(sandbox).tamper["p_sow_line"] = renamed
    names = '{"sow_line": "p_deal_line", "change_order": "", "rate_card": "2-3000003"}'
    monkeypatch.setenv("SOURCES__HUBSPOT__OBJECT_NAMES", names)
    monkeypatch.setenv("SOURCES__HUBSPOT__PROPERTY_NAMES", '{"sow_line.amount": "worth"}')
    monkeypatch.setenv("SOURCES__HUBSPOT__ASSOCIATION_LABELS", '{"Applies to": "Scope of"}')
    load("sow_line", "rate_card", "change_order", "association")
    amounts = rows(data_dir, "select properties__amount, _extra from raw_hubspot.sow_line order by 1")
    assert amounts == [(Decimal("5000.0000"), None), (Decimal("100000.1000"), None)]
    assert rows(data_dir, "select count(*) from raw_hubspot.change_order") == [(0,)], "left out, but its table exists"
    labels = rows(
        data_dir, "select distinct label from raw_hubspot.association where from_type = 'sow_line' order by 1"
    )
    assert labels == [("Agreed rates",), ("Applies to",), (None,)]
    assert rows(data_dir, "select count(*) from raw_hubspot.association where from_type = 'change_order'") == [(0,)]


def test_an_unknown_object_type_names_the_remedy(sandbox, data_dir, monkeypatch):
    monkeypatch.setenv("SOURCES__HUBSPOT__OBJECT_NAMES", '{"sow_line": "p_nothing"}')
    with pytest.raises(PermanentError, match="no object type p_nothing; set object_names for sow_line"):
        load("sow_line")


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("OBJECT_NAMES", '{"widget": "p_widget"}', "object_names renames widget, which is not read"),
        ("PROPERTY_NAMES", '{"company.nope": "x"}', "property_names renames company.nope"),
        ("ASSOCIATION_LABELS", '{"Nope": "x"}', "association_labels renames Nope"),
    ],
)
def test_names_of_nothing_that_is_read_are_refused(monkeypatch, setting, value, message):
    monkeypatch.setenv("SOURCES__HUBSPOT__ACCESS_TOKEN", ACCESS_TOKEN)
    monkeypatch.setenv(f"SOURCES__HUBSPOT__{setting}", value)
    with pytest.raises(PermanentError, match=message):
        connect()


def test_the_portal_tells_the_time(sandbox, data_dir):
    assert connect().server_time() == datetime(2026, 4, 30, 18, tzinfo=UTC)
