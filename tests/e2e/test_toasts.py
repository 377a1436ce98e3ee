"""What a page says in passing: long enough to read, and longer for whoever needs it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tintype_local.state import StackState
from visitor import new_customer, signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(120)]
SECOND_MS = 1_000


@pytest.fixture
def account(stack: StackState, browser: Browser) -> Iterator[Page]:
    """A page that has just been saved, on a clock that is told the time."""
    customer = new_customer(stack)
    with signed_in(browser, customer, stack.url("gateway")) as context:
        page = context.new_page()
        page.clock.install()
        page.goto("/account?note=saved")
        yield page
    customer.api.close()


def test_it_goes_away_by_itself_and_waits_for_a_pointer(account: Page) -> None:
    """After four seconds it is there; pointed at, it stays as long as it is; let go, it is gone in ten."""
    note = account.get_by_role("status")
    expect(note).to_have_text("Saved.")
    account.clock.fast_forward(4 * SECOND_MS)
    expect(note).to_be_visible()
    note.hover()
    account.clock.fast_forward(60 * SECOND_MS)
    expect(note).to_be_visible()
    account.mouse.move(5, 5)
    account.clock.run_for(10 * SECOND_MS)
    expect(note).to_have_count(0)


def test_it_waits_for_the_keyboard_and_is_put_away_by_it(account: Page) -> None:
    """While its button has the focus it stays; Escape puts it away, and the focus is on the page."""
    account.get_by_role("button", name="Dismiss").focus()
    account.clock.fast_forward(60 * SECOND_MS)
    expect(account.get_by_role("status")).to_be_visible()
    account.keyboard.press("Escape")
    account.clock.run_for(SECOND_MS)
    expect(account.get_by_role("status")).to_have_count(0)
    expect(account.get_by_role("main")).to_be_focused()


def test_what_was_copied_is_said(stack: StackState, browser: Browser) -> None:
    """And what was copied is the text, whole."""
    with signed_in(
        browser, new_customer(stack), stack.url("gateway"), permissions=["clipboard-read", "clipboard-write"]
    ) as context:
        page = context.new_page()
        page.goto("/console/components")
        page.get_by_role("group", name="A key").get_by_role("button", name="Copy").click()
        expect(page.locator("#notes").get_by_role("status")).to_have_text("Copied.")
        assert str(page.evaluate("navigator.clipboard.readText()")).startswith("tt_live_")
