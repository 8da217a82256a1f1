"""Dagster's page as people see it: the layers in their order, what is red and why, how fresh and how well checked it is.

Each test leaves a screenshot in the folder ``screenshots`` of pytest's temporary files (``--basetemp DIR`` says where).
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import READ, STOPPED

pytestmark = pytest.mark.chromium

LAYERS = ("ingestion", "staging", "mapping", "canonical", "ledger", "marts", "published")
FEEDS = f'/asset-groups~key:"*feed" and (kind:{READ} or kind:{STOPPED})'


def node(page: Page, name: str) -> Locator:
    """A group or an asset in the graph."""
    return page.locator("foreignObject.group").filter(has=page.get_by_text(name, exact=True))


def colour(tag: Locator) -> str:
    """The strongest part of the background of the first of Dagster's tags."""
    found = tag.evaluate("element => getComputedStyle(element).backgroundColor")
    parts = dict(zip(("red", "green", "blue"), map(float, re.findall(r"[\d.]+", found)), strict=False))
    return max(parts, key=parts.__getitem__)


def test_the_graph_reads_left_to_right_by_layer(page: Page, screenshots: Path) -> None:
    page.goto("/asset-groups")
    for layer in (*LAYERS, "policies"):
        expect(node(page, layer)).to_be_visible()
    page.screenshot(path=screenshots / "layers.png")
    places = {layer: node(page, layer).bounding_box() for layer in LAYERS}
    for left, right in pairwise(LAYERS):
        one, next_one = places[left], places[right]
        assert one and next_one and one["x"] + one["width"] < next_one["x"], f"{left} stands before {right}"


def test_a_stopped_vendor_is_red_and_the_others_are_not(page: Page, screenshots: Path) -> None:
    page.goto(FEEDS)
    node(page, "ingestion").click()
    tags = {name: node(page, name).locator(".BaseTag") for name in (READ, STOPPED)}
    for tag in tags.values():
        expect(tag).to_have_text("1")
    page.screenshot(path=screenshots / "stopped_vendor.png")
    assert {name: colour(tag) for name, tag in tags.items()} == {READ: "green", STOPPED: "red"}


def test_its_asset_says_in_words_what_is_wrong(page: Page, screenshots: Path) -> None:
    page.goto(f"/assets/raw/{STOPPED}/feed?view=events")
    problem = page.get_by_text("Kantata OX could not be read")
    expect(problem).to_contain_text("its PSA data stay as of")
    expect(problem).to_contain_text("pmo answers for it. Reason: kantata:")
    expect(page.get_by_text("failed, and did not materialize this asset")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)
    page.screenshot(path=screenshots / "business_message.png")


def test_freshness_and_checks_are_on_the_asset(page: Page, screenshots: Path) -> None:
    page.goto(f"/assets/raw/{READ}/feed")
    expect(page.get_by_text("Passing").first).to_be_visible()
    expect(page.get_by_text("Fails if more than 26 hours since last materialization")).to_be_visible()
    expect(page.get_by_text("finance", exact=True).first).to_be_visible()
    page.screenshot(path=screenshots / "freshness.png")
    page.goto(f"/assets/raw/{READ}/feed?view=checks")
    expect(page.get_by_text("Every declared column has its declared, exact type.")).to_be_visible()
    expect(page.get_by_text("Passed", exact=True)).to_be_visible()
    page.screenshot(path=screenshots / "checks.png")
    page.goto("/assets/ledger/ledger__items?view=checks")
    expect(page.get_by_text("reconciles_time_in_ledger").first).to_be_visible()
    page.screenshot(path=screenshots / "reconciliation.png")
