"""The library in a browser: filters, an endless list that keeps its place, hearts."""

from collections.abc import Iterator

import pytest
from customer import Customer
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tintype_local.state import StackState
from visitor import is_at, new_customer, signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

MANY = 60


@pytest.fixture(scope="module")
def owner(stack: StackState) -> Iterator[Customer]:
    """Somebody with 60 jobs that cost nothing in the end, and two pictures."""
    customer = new_customer(stack)
    for number in range(MANY):
        customer.generate("local/sketch", prompt=f"Rain number {number}", simulate="fail")
    for prompt in ("A lighthouse at dusk", "Füchse im Schnee"):
        is_at(customer, customer.generate("local/sketch", prompt=prompt), "succeeded")
    yield customer
    customer.api.close()


@pytest.fixture
def context(stack: StackState, browser: Browser, owner: Customer) -> Iterator[BrowserContext]:
    """Their browser."""
    with signed_in(browser, owner, stack.url("gateway")) as opened:
        yield opened


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of their browser, at the library."""
    opened = context.new_page()
    opened.goto("/library")
    return opened


def test_filters_change_the_results_and_the_address(page: Page) -> None:
    """Words as they are typed, a kind as it is chosen; loaded anew, the page is the same."""
    tiles = page.locator(".tile")
    page.get_by_label("Search your prompts").fill("FUCHS")
    expect(tiles).to_have_count(1)
    expect(page).to_have_url("/library?search=FUCHS")
    expect(page.get_by_label("Search your prompts")).to_be_focused()
    page.reload()
    expect(tiles).to_have_count(1)
    page.get_by_text("Films").click()
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    expect(page).to_have_url("/library?search=FUCHS&kind=video")
    page.get_by_role("link", name="Clear filters").click()
    expect(page).to_have_url("/library")
    expect(tiles).to_have_count(24)
    page.get_by_text("More filters").click()
    page.get_by_label("Done").check()
    expect(tiles).to_have_count(2)
    expect(page).to_have_url("/library?state=done")


def test_the_list_goes_on_and_comes_back(page: Page) -> None:
    """What is scrolled to is fetched once; back from a picture, one is where one was."""
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(24)
    while tiles.count() < MANY + 2:
        before = tiles.count()
        page.locator(".older").scroll_into_view_if_needed()
        page.wait_for_function("(before) => document.querySelectorAll('.tile').length > before", arg=before)
    expect(tiles).to_have_count(MANY + 2)
    expect(page.locator(".older")).to_have_count(0)
    expect(page.get_by_role("heading", name="Today")).to_have_count(1)
    ids = tiles.evaluate_all("(all) => all.map((tile) => tile.dataset.generation)")
    assert len(set(ids)) == MANY + 2
    page.wait_for_url("**/library?shown=*")
    last = tiles.last
    last.scroll_into_view_if_needed()
    was = page.evaluate("scrollY")
    assert was > 0
    last.get_by_role("link", name="Rain number 0").first.click()
    expect(page.get_by_role("heading", name="Rain number 0")).to_be_visible()
    page.go_back()
    expect(tiles).to_have_count(MANY + 2)
    page.wait_for_function("(was) => Math.abs(scrollY - was) < innerHeight", arg=was)


def test_a_heart_is_kept(page: Page) -> None:
    """Pressed on a tile by the keyboard, seen in the viewer, found by its filter."""
    page.goto("/library?search=lighthouse")
    heart = page.locator(".tile").get_by_role("button", name="Favourite")
    heart.focus()
    page.keyboard.press("Enter")
    expect(heart).to_have_attribute("aria-pressed", "true")
    expect(heart).to_be_focused()
    page.goto("/library?favourite=on")
    expect(page.locator(".tile")).to_have_count(1)
    page.locator(".tile a.frame").click()
    button = page.get_by_role("button", name="Favourite")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.goto("/library?favourite=on")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()


def test_all_of_it_works_without_a_script(stack: StackState, browser: Browser, owner: Customer) -> None:
    """Filters by their button, older ones by a link, a heart that brings one back."""
    with signed_in(browser, owner, stack.url("gateway"), java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/library")
        page.get_by_role("link", name="Older").click()
        expect(page.locator(".tile")).to_have_count(24)
        page.get_by_role("link", name="Newest").click()
        page.get_by_label("Search your prompts").fill("lighthouse")
        page.get_by_role("button", name="Show").click()
        expect(page.locator(".tile")).to_have_count(1)
        page.get_by_role("button", name="Favourite").click()
        expect(page).to_have_url("/library?search=lighthouse")
        expect(page.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="Favourite").click()
