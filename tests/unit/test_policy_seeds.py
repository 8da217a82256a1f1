"""Mistakes in the seeds beside policies.csv: detectors, rates, reasons, authorities, identity."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from orchestration import policies
from tests.planted import Case, added, replaced, shows

KNOWN_DOMAINS = "crm, psa, erp, hr, expense, procurement or bank"
TWO_AT_ONCE = "let one of them end (valid_to) on the day on which the other begins, or remove it"


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """A copy of the project's seeds."""
    return Path(shutil.copytree(policies.SEEDS, tmp_path / "seeds"))


ROWS: dict[str, Case] = {
    "unknown detector": (
        "detectors",
        added("L99,lost_pens,,false,FIN,at_risk,false,true,2000-01-01,pens"),
        ["{line[L99]}: no model finds lost_pens as detector L99; remove the row or correct detector_id"],
    ),
    "detector of another category": (
        "detectors",
        replaced("L24,invoice_stuck,", "L24,invoice_delayed,"),
        ["detector L24 invoice_stuck has no row; put the row back; is_enabled false switches the detector off"]
        + ["{line[L24]}: no model finds invoice_delayed as detector L24; its category is invoice_stuck"]
        + [
            f"recoverability.csv line {{recoverability[invoice_stuck,{day}]}}: category 'invoice_stuck' is not in "
            "detectors.csv; correct it or remove the row"
            for day in (0, 61)
        ],
    ),
    "another detector's category": (
        "detectors",
        replaced("L24,invoice_stuck,", "l24,invoice_stuck,"),
        [
            "detector_inputs.csv line {detector_inputs[L24]}: detector_id 'L24' is not in detectors.csv; "
            "correct it or remove the row"
        ]
        + ["{line[l24]}: detector_id 'l24' is not that of invoice_stuck; write L24"],
    ),
    "category that no model knows": (
        "detectors",
        added(",lost_pens,,false,FIN,not_leakage,false,true,2000-01-01,pens"),
        ["{line[,lost_pens]}: no model knows the category lost_pens; correct it or remove the row"],
    ),
    "class": (
        "detectors",
        replaced("L24,invoice_stuck,,false,FIN,timing_delay", "L24,invoice_stuck,,false,FIN,loss"),
        [
            "{line[L24]}: money_class 'loss' is unknown; write at_risk, timing_delay, confirmed_loss, overbilling, "
            "compliance, control_gap, indeterminate, not_yet_due or not_leakage"
        ],
    ),
    "no owner": (
        "detectors",
        replaced("L24,invoice_stuck,,false,FIN", "L24,invoice_stuck,,false,"),
        ["{line[L24]}: detector L24 has no owner; name who acts on its findings"],
    ),
    "no switch": (
        "detectors",
        replaced(
            "L24,invoice_stuck,,false,FIN,timing_delay,false,true", "L24,invoice_stuck,,false,FIN,timing_delay,false,no"
        ),
        ["{line[L24]}: is_enabled 'no' is neither true nor false; write true or false"],
    ),
    "two in one place": (
        "detectors",
        replaced("not_judged,40,", "not_judged,30,"),
        ["{line[,not_judged]}: claim_sequence 30 is in line {line[L05]} already; keep one of them"],
    ),
    "claims without a place": (
        "detectors",
        replaced("not_judged,40,", "not_judged,,"),
        ["{line[,not_judged]}: claims_money without a claim_sequence for not_judged; give its place in the order"],
    ),
    "claims that nothing makes": (
        "detectors",
        replaced("L24,invoice_stuck,,false", "L24,invoice_stuck,999,true"),
        ["{line[L24]}: no model claims money for invoice_stuck; write false as claims_money"],
    ),
    "claims switched off": (
        "detectors",
        replaced("not_judged,40,true", "not_judged,,false"),
        ["{line[,not_judged]}: the ledger serves claims of not_judged; write true as claims_money"],
    ),
    "place without claims": (
        "detectors",
        replaced("L24,invoice_stuck,,false", "L24,invoice_stuck,1.5,false"),
        ["{line[L24]}: claim_sequence '1.5' is not a whole number; write it in up to nine digits, as 30"],
    ),
    "category twice": (
        "detectors",
        added(",not_judged,999,true,IT,indeterminate,false,true,2000-01-01,again"),
        ["{line[,not_judged,999]}: category not_judged is in line {line[,not_judged]} already; keep one of them"],
    ),
    "claims that lost their row": (
        "detectors",
        lambda text: re.sub(r",rounding,.*\n", "", text),
        ["rounding, which claims money, has no row; put the row back"],
    ),
    "input of no detector": (
        "detector_inputs",
        added("L98,time_entry,crm"),
        ["{line[L98]}: detector_id 'L98' is not in detectors.csv; correct it or remove the row"],
    ),
    "input of no domain": (
        "detector_inputs",
        added("L01,time_entry,ftp"),
        [f"{{line[L01,time_entry,ftp]}}: domain 'ftp' is unknown; write {KNOWN_DOMAINS}"],
    ),
    "input twice": (
        "detector_inputs",
        added("L41,payment,erp", "L27,project,psa"),
        [
            "{last}: detector_id and subject_type and domain L27, project, psa is in line {line[L27,project]} already; "
            "keep one of them"
        ],
    ),
    "treatment": (
        "credit_reasons",
        added("gift,free"),
        ["{line[gift]}: treatment 'free' is unknown; write concession, rebill or correction"],
    ),
    "reason in capitals": (
        "credit_reasons",
        added("Gift,concession"),
        ["{line[Gift]}: reason_code 'Gift' is not in lower case, so it never matches; write gift"],
    ),
    "reason twice": (
        "rejection_reasons",
        added("missing_receipt,true"),
        ["{last}: reason_code missing_receipt is in line {line[missing_receipt]} already; keep one of them"],
    ),
    "days that no band has": (
        "loss_probability",
        replaced("61,90,25,61-90", "65,90,25,65-90"),
        ["{line[65,90]}: no row speaks of the days 61 to 64; begin this one at 61 or add a row"],
    ),
    "days in two bands": (
        "recoverability",
        replaced("dispute_open,61,", "dispute_open,60,"),
        ["{line[dispute_open,60]}: days from 60 on of dispute_open are in a row before; begin this one at 61"],
    ),
    "days after the last band": (
        "recoverability",
        replaced("dispute_open,61,999999", "dispute_open,61,120"),
        [
            "{line[dispute_open,61]}: no row speaks of the days from 121 on of dispute_open; let the last one end at 999999"
        ],
    ),
    "band that ends before it begins": (
        "recoverability",
        replaced("missing_time,0,999999", "missing_time,9,5"),
        [
            "{line[missing_time]}: days_to 5 is less than days_from 9; give the last day of the row",
            "{line[missing_time]}: no row speaks of the days from 0 on of missing_time; let the last one end at 999999",
        ],
    ),
    "recoverable beyond all": (
        "recoverability",
        replaced("missing_time,0,999999,50", "missing_time,0,999999,150"),
        ["{line[missing_time]}: recoverable_pct 150 is more than 100; give a value from 0 to 100"],
    ),
    "recoverable of nothing": (
        "recoverability",
        added("lost_pens,0,999999,50,0"),
        ["{line[lost_pens]}: category 'lost_pens' is not in detectors.csv; correct it or remove the row"],
    ),
    "rollout of a detector that is none": (
        "rollout",
        added("L99,country,DE,shadow,2026-01-01,,FIN,"),
        ["{last}: detector_id 'L99' is not in detectors.csv; correct it or leave it empty for all"],
    ),
    "rollout in no country": (
        "rollout",
        added("L12,country,Germany,shadow,2026-01-01,,FIN,"),
        ["{last}: scope_id 'Germany' is no ISO 3166 code; write a country in two letters, as GB"],
    ),
    "rollout twice at once": (
        "rollout",
        added(",country,DE,shadow,2026-01-01,,FIN,", ",country,DE,live,2026-03-01,,FIN,"),
        [
            "{last}: it holds at the same time as line 3 for country, DE; let one of them end (valid_to) on the day on "
            "which the other begins, or remove it"
        ],
    ),
    "rollout that says nothing for a while": (
        "rollout",
        replaced(",global,,live,2000-01-01,,", ",global,,live,2026-01-01,,"),
        [
            "{line[,global]}: no global row of the rollout of all detectors holds from 2018-01-01 to 2025-12-31; begin this "
            "row on 2018-01-01"
        ],
    ),
    "holiday twice": (
        "holidays",
        added("2026-12-25,Christmas", "2026-12-25,Boxing Day"),
        ["{last}: holiday_date 2026-12-25 is in line {line[2026-12-25]} already; keep one of them"],
    ),
    "role in capitals": (
        "approval_authorities",
        added("CEO,,,2000-01-01,"),
        ["{line[CEO]}: approver_role 'CEO' is not in lower case, so it never matches; write ceo"],
    ),
    "two limits": (
        "approval_authorities",
        added("controller,20000,,2026-01-01,"),
        [
            "{line[controller,20000]}: it holds at the same time as line {line[controller]} for controller; "
            + TWO_AT_ONCE
        ],
    ),
    "two taxes": (
        "tax_rates",
        added("DE,DE,19,2007-01-01,,MwSt", "DE,,0,2007-01-01,,export", "DE,DE,16,2020-07-01,2021-01-01,MwSt"),
        [f"{{line[DE,DE,16]}}: it holds at the same time as line {{line[DE,DE,19]}} for DE, DE; {TWO_AT_ONCE}"],
    ),
    "country": (
        "tax_rates",
        added("UK,,20,2011-01-04,,VAT"),
        ["{line[UK]}: seller_country 'UK' is no ISO 3166 code; write a country in two letters, as GB"],
    ),
    "tax above all": (
        "tax_rates",
        added("GB,GB,120,2011-01-04,,VAT"),
        ["{line[GB]}: tax_pct 120 is more than 100; give a value from 0 to 100"],
    ),
    "currency": (
        "transfer_prices",
        added("netsuite:1,netsuite:2,,90,,EURO,2026-01-01,"),
        ["{line[netsuite:1]}: currency 'EURO' is no ISO 4217 code; write a currency as EUR"],
    ),
    "price without currency": (
        "transfer_prices",
        added("netsuite:1,netsuite:2,,90,,,2026-01-01,"),
        ["{line[netsuite:1]}: hourly_rate without a currency; name the currency of the price"],
    ),
    "share with currency": (
        "transfer_prices",
        added("netsuite:1,netsuite:2,,,80,EUR,2026-01-01,"),
        ["{line[netsuite:1]}: a currency with rate_pct; leave it empty: the share is in the currency of the rate"],
    ),
    "price and share": (
        "transfer_prices",
        added("netsuite:1,netsuite:2,,90,80,EUR,2026-01-01,"),
        ["{line[netsuite:1]}: both an hourly_rate and a rate_pct; give one of them"],
    ),
    "no price": (
        "transfer_prices",
        added("netsuite:1,netsuite:2,,,,,2026-01-01,"),
        ["{line[netsuite:1]}: neither an hourly_rate nor a rate_pct; give one of them"],
    ),
    "one company": (
        "transfer_prices",
        added("netsuite:1,netsuite:1,,,80,,2026-01-01,"),
        ["{line[netsuite:1]}: netsuite:1 charges itself; name two different companies"],
    ),
    "two prices": (
        "transfer_prices",
        added(",,,,80,,2026-01-01,", ",,Partner,,90,,2026-01-01,", ",,,90,,EUR,2026-06-01,"),
        [f"{{line[,,,90]}}: it holds at the same time as line {{line[,,,,80]}} for everything; {TWO_AT_ONCE}"],
    ),
    "rule that no model knows": (
        "identity_rules",
        added("project,colour,70,low,true,same colour"),
        [
            "{line[project,colour]}: rule 'colour' is unknown for project; write confirmed, name, name_customer, "
            "project_code, project_code_spelling or reference"
        ],
    ),
    "rule without a row": (
        "identity_rules",
        lambda text: re.sub(r"project,name,.*\n", "", text),
        ["rule name of project has no row; put the row back; is_enabled false switches the rule off"],
    ),
    "rules in one place": (
        "identity_rules",
        replaced("project,name,50,", "project,name,40,"),
        [
            "{line[project,name,40]}: entity_type and sequence project, 40 is in line {line[project,name_customer]} "
            "already; keep one of them"
        ],
    ),
    "decision about an unknown system": (
        "identity_decisions",
        added("customer,sapp,1,netsuite,2,true,Ann,2026-01-01,"),
        ["{line[customer,sapp]}: source_system 'sapp' is unknown; write {systems}"],
    ),
    "decision about one record": (
        "identity_decisions",
        added("customer,netsuite,2,netsuite,2,true,Ann,2026-01-01,"),
        ["{line[customer,netsuite]}: netsuite 2 is compared with itself; name the other record as the target"],
    ),
    "decided twice": (
        "identity_decisions",
        added(
            "customer,netsuite,1,hubspot,2,true,Ann,2026-01-01,", "customer,netsuite,1,hubspot,2,false,Ann,2026-01-02,"
        ),
        [
            "{last}: entity_type and source_system and source_id and target_system and target_source_id customer, "
            "netsuite, 1, hubspot, 2 is in line {line[customer,netsuite,1]} already; keep one of them"
        ],
    ),
    "month": (
        "fiscal_calendars",
        added("legal_entity,netsuite:1,13,last_month,2026-01-01,"),
        ["{line[legal_entity]}: first_month 13 is more than 12; give a value from 1 to 12"],
    ),
    "fiscal year of no company": (
        "fiscal_calendars",
        added("legal_entity,,4,last_month,2026-01-01,"),
        ["{line[legal_entity]}: scope_type legal_entity without a scope_id; name the legal entity"],
    ),
    "fiscal years of two kinds": (
        "fiscal_calendars",
        added("global,,4,last_month,2026-04-01,"),
        [f"{{line[global,,4]}}: it holds at the same time as line {{line[global]}} for global; {TWO_AT_ONCE}"],
    ),
    "fiscal year in the middle of a month": (
        "fiscal_calendars",
        added("legal_entity,netsuite:1,4,last_month,2026-04-06,"),
        ["{line[legal_entity]}: valid_from 2026-04-06 is in the middle of a month; give its first day"],
    ),
    "no fiscal year of the firm": (
        "fiscal_calendars",
        replaced("global,,1", "legal_entity,netsuite:1,1"),
        ["the fiscal calendar has no global row; add one that is valid from 2018-01-01 or earlier"],
    ),
    "kind of exceptions": (
        "exception_rules",
        replaced("stale_feed,true", "stale_feeds,true"),
        [
            "stale_feed has no row; put the row back; is_queued false keeps it out of the queue",
            "{line[stale_feeds]}: kind 'stale_feeds' is unknown; write stale_feed, if that is meant, or remove the row",
        ],
    ),
    "word that nothing fills": (
        "exception_rules",
        replaced("{money} more than was", "{amount} more than was"),
        [
            "{line[duplicate_billing]}: sentence holds {{amount}}, which nothing fills; "
            "write money, month, customer, subject, count or detail in braces"
        ],
    ),
    "form twice": (
        "legal_forms",
        added("GmbH,ltd,suffix"),
        ["{last}: form and placement GmbH, suffix is in line {line[GmbH]} already; keep one of them"],
    ),
    "placement": (
        "legal_forms",
        added("GmbH,gmbh,infix"),
        ["{last}: placement 'infix' is unknown; write suffix, prefix or joined"],
    ),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_row_that_cannot_be_used(seeds: Path, case: str) -> None:
    found, expected = shows(seeds, ROWS[case])
    assert found == expected
