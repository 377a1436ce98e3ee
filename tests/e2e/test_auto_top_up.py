"""Auto top-up in a real browser, over every service: a pack is bought by itself, once."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

SETTLE_MS = 45_000


def test_a_pack_is_bought_by_itself_and_no_second_one(page: Page) -> None:
    """Paid once on a page, the card pays by itself; the month's bound holds although few credits are left."""
    page.goto("/signup")
    page.get_by_label("Email").fill(f"e2e-{uuid4().hex[:10]}@example.com")
    page.get_by_label("Password").fill("a sentence is a good password")
    page.get_by_role("button", name="Create account").click()
    expect(page.locator("#balance")).to_contain_text("1,000", timeout=SETTLE_MS)

    page.goto("/billing")
    expect(page.get_by_role("heading", name="Auto top-up")).to_have_count(0)
    page.get_by_role("button", name="Buy Starter").click()
    page.get_by_role("button", name=re.compile("^Pay \\$")).click()
    expect(page.locator("#balance")).to_contain_text("2,000", timeout=SETTLE_MS)

    page.goto("/billing")
    top_up = page.get_by_role("region", name="Auto top-up")
    expect(top_up).to_contain_text("card that ends in 4242")
    top_up.get_by_label("When fewer credits are left than").fill("0")
    top_up.get_by_label("Packs a month at most").fill("1")
    top_up.get_by_role("button", name="Turn on").click()
    expect(top_up).to_contain_text("A whole number from 1 on, such as 200.")
    top_up.get_by_label("When fewer credits are left than").fill("5000")
    top_up.get_by_role("button", name="Turn on").click()
    expect(page.locator("#balance")).to_contain_text("3,000", timeout=SETTLE_MS)
    page.reload()
    expect(top_up).to_contain_text("1 pack was bought this month.")
    expect(top_up).not_to_contain_text("One is on its way.")
    expect(page.locator("#balance")).to_contain_text("3,000")

    top_up.get_by_role("button", name="Turn off").click()
    expect(top_up.get_by_role("button", name="Turn on")).to_be_visible()
