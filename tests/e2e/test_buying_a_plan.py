"""A plan, from its price to its credits, on the payment page's stand-in: with JavaScript and without."""

import re
from uuid import uuid4

import pytest
from axe import violations
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

SETTLE_MS = 45_000
PAGES = (
    "/billing",
    "/pricing",
    "/pricing?interval=year",
    "/premium",
    "/business",
    "/billing/plan?to=pro&interval=month",
    "/billing/plan/cancel",
    "/billing/invoices",
    "/account",
)


def sign_up(page: Page) -> None:
    """A new person, on the studio's page."""
    page.goto("/signup")
    page.get_by_label("Email").fill(f"plans-{uuid4().hex[:10]}@example.com")
    page.get_by_label("Password").fill("a sentence is a good password")
    page.get_by_role("button", name="Create account").click()
    expect(page).not_to_have_url(re.compile("/signup"))


def until_shown(page: Page, path: str, selector: str, words: str) -> None:
    """Load a page again until it says so: without a script nothing comes by itself."""
    for _ in range(40):
        page.goto(path)
        if words in page.locator(selector).inner_text():
            return
        page.wait_for_timeout(1_000)
    raise AssertionError(f"{path} never said {words!r}: {page.locator(selector).inner_text()}")


def buy(page: Page, plan: str, *, interval: str = "Monthly") -> None:
    """From the prices to the payment page, and pay."""
    page.goto("/pricing")
    page.get_by_role("link", name=interval, exact=True).click()
    page.get_by_role("button", name=f"Get {plan}").click()
    page.get_by_role("button", name="Subscribe", exact=True).click()
    expect(page).to_have_url(re.compile(r"/billing\?checkout=chk_"), timeout=SETTLE_MS)


def test_a_plan_and_its_credits(any_page: Page) -> None:
    """Pricing, payment page, pay: the plan is there, has its credits and is not sold again."""
    sign_up(any_page)
    any_page.goto("/premium")
    expect(any_page.get_by_role("link", name="See Pro")).to_be_visible()
    buy(any_page, "Pro")
    until_shown(any_page, "/billing", "#plan", "active")
    plan = any_page.locator("#plan")
    expect(plan.get_by_role("heading", name="Pro")).to_be_visible()
    expect(plan).to_contain_text("$29.00")
    until_shown(any_page, "/billing", "#wallet", "From your plan")
    expect(any_page.locator("#wallet")).to_contain_text("3,000")
    any_page.goto("/pricing")
    expect(any_page.get_by_role("button", name=re.compile("^Get "))).to_have_count(0)
    expect(any_page.locator("#plans").get_by_text("Your plan", exact=True)).to_be_visible()
    any_page.goto("/premium")
    expect(any_page.get_by_text("Your plan opens this page.")).to_be_visible()
    any_page.goto("/business")
    expect(any_page.get_by_role("link", name="See Business")).to_be_visible()


def test_the_page_that_waits_is_told(page: Page) -> None:
    """A year's plan: on the billing page it begins, and the balance changes, without loading it again."""
    sign_up(page)
    buy(page, "Business", interval="Yearly")
    expect(page.locator("#plan")).to_contain_text("active", timeout=SETTLE_MS)
    expect(page.locator("#plan")).to_contain_text("$590.00")
    expect(page.locator("#balance")).to_contain_text("7,000", timeout=SETTLE_MS)


def test_a_plan_is_changed_ended_and_kept(page: Page) -> None:
    """Each after a page that explains it; all pages about plans are for everybody, invoices included."""
    sign_up(page)
    buy(page, "Business")
    plan = page.locator("#plan")
    expect(plan).to_contain_text("active", timeout=SETTLE_MS)
    for path in PAGES:
        page.goto(path)
        assert violations(page) == [], path
    page.goto("/billing/invoices")
    expect(page.get_by_role("link", name=re.compile("as PDF$"))).to_be_visible()
    page.goto("/pricing")
    page.get_by_role("link", name="Change to Pro").click()
    expect(page.get_by_text("It begins on")).to_be_visible()
    page.get_by_role("button", name="Change to Pro").click()
    expect(plan).to_contain_text("it becomes Pro", timeout=SETTLE_MS)
    page.get_by_role("button", name="Keep it as it is").click()
    expect(plan).not_to_contain_text("it becomes Pro", timeout=SETTLE_MS)
    plan.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Cancel Business").click()
    expect(plan).to_contain_text("It ends on", timeout=SETTLE_MS)
    page.get_by_role("button", name="Keep it as it is").click()
    expect(plan).not_to_contain_text("It ends on", timeout=SETTLE_MS)
    expect(plan).to_contain_text("active")
    page.get_by_role("button", name="Payment methods and address").click()
    expect(page).not_to_have_url(re.compile("/billing"))
