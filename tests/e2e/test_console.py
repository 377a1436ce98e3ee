"""The console in a real browser, by role and label: the product's main job, as a person does it."""

import re
import time
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

PASSWORD = "a sentence is a good password"
SETTLE_MS = 45_000


def sign_up(page: Page) -> str:
    """Open an account from the landing page; return its address."""
    email = f"e2e-{uuid4().hex[:10]}@example.com"
    page.goto("/")
    page.get_by_role("link", name="Start with 1,000 free credits").click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Studio")).to_be_visible()
    return email


def balance_is(page: Page, shown: str) -> None:
    """Wait until the sidebar shows a balance, by itself."""
    expect(page.locator("#balance")).to_contain_text(shown, timeout=SETTLE_MS)


def wait_for_welcome_credits(page: Page) -> None:
    """Open the page until it shows them: without JavaScript it changes only when it is opened anew."""
    deadline = time.monotonic() + SETTLE_MS / 1000
    while "1,000" not in page.locator("#balance").inner_text():
        assert time.monotonic() < deadline, "the welcome credits never came"
        page.reload()


def test_the_main_job_as_a_person_does_it(page: Page) -> None:
    """Sign up, generate, fail without a charge, run out, buy, and read a history that adds up."""
    sign_up(page)
    balance_is(page, "1,000")

    page.get_by_label("Prompt").fill("A fox crossing fresh snow")
    page.get_by_role("radio", name="2").check()
    page.get_by_label("Prompt").click()
    expect(page.locator("#quote")).to_contain_text("10 credits")
    page.get_by_role("button", name="Generate").click()
    card = page.get_by_role("article", name="A fox crossing fresh snow")
    expect(card).to_contain_text("succeeded", timeout=SETTLE_MS)
    expect(card.get_by_role("img", name="A fox crossing fresh snow")).to_be_visible()
    balance_is(page, "990")

    page.get_by_role("link", name="Studio").click()
    page.get_by_label("Prompt").fill("Rain that never comes")
    page.get_by_text("Test controls").click()
    page.get_by_role("radio", name="fail").check()
    page.get_by_role("button", name="Generate").click()
    failed = page.get_by_role("article", name="Rain that never comes")
    expect(failed).to_contain_text("not charged", timeout=SETTLE_MS)
    balance_is(page, "990")

    page.goto("/generate?model=local/motion")
    page.get_by_label("Prompt").fill("A very long film")
    page.get_by_label("Seconds").fill("12")
    page.get_by_role("radio", name="4", exact=True).check()
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("alert")).to_contain_text("1200 credits are needed")
    page.get_by_role("alert").get_by_role("link", name="Buy credits").click()

    page.get_by_role("button", name="Buy Starter").click()
    page.get_by_role("button", name=re.compile("^Pay \\$")).click()
    expect(page.get_by_role("heading", name="Billing")).to_be_visible()
    balance_is(page, "1,990")
    history = page.locator("table.history")
    for words in ("Credits added", "Held for a job", "Spent", "Returned"):
        expect(history.get_by_text(words, exact=True).first).to_be_visible()
    expect(history.locator("tbody tr").first).to_contain_text("1,990")


def test_a_running_job_is_cancelled_and_a_finished_one_deleted(page: Page) -> None:
    """One click stops it, the credits come back, and a deleted card is gone."""
    sign_up(page)
    balance_is(page, "1,000")
    page.get_by_label("Prompt").fill("Fog that stays")
    page.get_by_text("Test controls").click()
    page.get_by_role("radio", name="stall").check()
    page.get_by_role("button", name="Generate").click()
    page.get_by_role("button", name="Cancel").click()
    card = page.get_by_role("article", name="Fog that stays")
    expect(card).to_contain_text("cancelled", timeout=SETTLE_MS)
    balance_is(page, "1,000")
    card.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_every_form_works_with_and_without_javascript(any_page: Page) -> None:
    """Sign up, generate, profile, theme, sign out and back in, to the page that was asked for."""
    page = any_page
    email = sign_up(page)
    wait_for_welcome_credits(page)
    page.get_by_label("Prompt").fill("Plain paper")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("article", name="Plain paper")).to_be_visible()
    page.get_by_role("link", name="Account").click()
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(page.get_by_label("Name")).to_have_value("Ada")
    page.get_by_label("Your account").click()
    page.get_by_role("banner").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/billing")
    expect(page).to_have_url(re.compile("/login\\?next=/billing"))
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Billing")).to_be_visible()


def test_bad_input_is_told_beside_its_field(page: Page) -> None:
    """A weak password names its rule, and what was typed stays."""
    page.goto("/signup")
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("alert")).to_be_visible()
    rule = re.compile("at least 10 characters")
    expect(page.get_by_label("Password")).to_have_accessible_description(rule)
    expect(page.get_by_label("Email")).to_have_value("ada@example.com")


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_the_screen(page: Page, width: int) -> None:
    """On a phone and on a desktop nothing scrolls sideways."""
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/pricing", "/login", "/signup", "/docs"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    sign_up(page)
    for path in ("/generate", "/library", "/billing", "/account", "/nowhere"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
