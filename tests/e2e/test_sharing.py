"""Sharing and looking closely, in a real browser: a stranger sees it until it is taken back."""

import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect
from test_console import SETTLE_MS, sign_up, wait_for_welcome_credits

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

PROMPT = "A heron at first light"


def made(page: Page) -> None:
    """A picture, opened in the viewer; without JavaScript a page changes only when it is opened anew."""
    sign_up(page)
    wait_for_welcome_credits(page)
    page.get_by_label("Prompt").fill(PROMPT)
    page.get_by_role("button", name="Generate").click()
    page.get_by_role("link", name=PROMPT).click()
    share = page.get_by_role("link", name="Share")
    deadline = time.monotonic() + SETTLE_MS / 1000
    while not share.count():
        assert time.monotonic() < deadline, "it never came out"
        page.reload()


def test_a_stranger_sees_it_until_it_is_taken_back(any_page: Page, browser: Browser) -> None:
    """A link is made, followed without an account, and withdrawn, with JavaScript and without."""
    made(any_page)
    any_page.get_by_role("link", name="Share").click()
    any_page.get_by_role("radio", name="1 hour").check()
    any_page.get_by_role("checkbox", name="Show the prompt too").check()
    any_page.get_by_role("button", name="Make a link").click()
    link = any_page.locator("#share-link").inner_text()
    stranger = browser.new_context()
    try:
        page = stranger.new_page()
        page.goto(link)
        expect(page.get_by_role("heading", name=PROMPT)).to_be_visible()
        picture = page.get_by_role("img", name=PROMPT)
        expect(picture).to_be_visible()
        assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
        assert {cookie["name"] for cookie in stranger.cookies()} <= {"tintype_zone"}
        any_page.get_by_role("button", name=re.compile("^Withdraw the link")).click()
        expect(any_page.get_by_role("button", name=re.compile("^Withdraw the link"))).to_have_count(0)
        page.reload()
        expect(page.get_by_role("heading", name="This link has ended")).to_be_visible()
        expect(page.get_by_role("img", name=PROMPT)).to_have_count(0)
    finally:
        stranger.close()


def test_a_picture_is_looked_at_closely_by_the_keyboard(page: Page) -> None:
    """Where the focus is on it, and nowhere else; 0 is back to the whole."""
    made(page)
    shown = page.get_by_role("group", name="Zoom").locator("output")
    page.keyboard.press("+")
    expect(shown).to_have_text("100%")
    page.get_by_role("img", name=PROMPT).locator("..").focus()
    width = page.get_by_role("img", name=PROMPT).evaluate("picture => picture.clientWidth")
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(shown).to_have_text("200%")
    assert page.get_by_role("img", name=PROMPT).evaluate("picture => picture.clientWidth") == pytest.approx(
        2 * width, abs=2
    )
    page.keyboard.press("-")
    expect(shown).to_have_text("150%")
    page.keyboard.press("0")
    expect(shown).to_have_text("100%")
    assert page.get_by_role("img", name=PROMPT).evaluate("picture => picture.clientWidth") == pytest.approx(
        width, abs=1
    )


def test_a_picture_that_came_into_an_open_page_is_looked_at_closely(page: Page) -> None:
    """A generation's own page swaps its picture in when it is done: the buttons are there for it as well."""
    made(page)
    page.evaluate(
        "htmx.ajax('GET', location.href, {target: 'main', select: 'main', swap: 'outerHTML'})"
        ".then(() => document.body.dataset.swapped = '')"
    )
    expect(page.locator("body[data-swapped]")).to_be_attached()
    zoom = page.get_by_role("group", name="Zoom")
    zoom.get_by_role("button", name="Larger").click()
    expect(zoom.locator("output")).to_have_text("150%")
