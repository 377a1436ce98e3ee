"""The product's main job by the keyboard alone: nothing here is clicked, and each stop is seen."""

import re
from collections.abc import Iterator

import pytest
from customer import Customer
from playwright.sync_api import Browser, Page, expect
from tintype_local.state import StackState
from visitor import IN_TIME_MS, is_at, new_customer, signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(180)]

STOPS_MAX = 60
# What is drawn around the element that has the focus, or around what stands for it.
_IS_SEEN = """() => {
  const at = document.activeElement;
  const drawn = (part) => {
    const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(part);
    return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
  };
  return [at, at.closest("label"), at.closest("header")].some((part) => part && drawn(part));
}"""
_NAME = """() => {
  const at = document.activeElement;
  return at.getAttribute("aria-label") || at.labels?.[0]?.innerText || at.innerText || at.value || at.id;
}"""


@pytest.fixture(scope="module")
def customer(stack: StackState) -> Iterator[Customer]:
    """Somebody who has made a picture before."""
    arrived = new_customer(stack)
    is_at(arrived, arrived.generate("local/sketch", prompt="An older heron"), "succeeded")
    yield arrived
    arrived.api.close()


@pytest.fixture
def page(stack: StackState, browser: Browser, customer: Customer) -> Iterator[Page]:
    """The studio, signed in."""
    with signed_in(browser, customer, stack.url("gateway"), viewport={"width": 1280, "height": 800}) as own:
        opened = own.new_page()
        opened.goto("/generate")
        yield opened


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is named so (a pattern) has the focus; whatever has it meanwhile shows that."""
    for _ in range(STOPS_MAX):
        page.keyboard.press("Tab")
        said = str(page.evaluate(_NAME)).strip()
        assert page.evaluate(_IS_SEEN), f"nothing shows that {said!r} has the focus"
        if re.fullmatch(name, said):
            return
    raise AssertionError(f"Tab never came to {name!r}")


def test_a_picture_is_made_and_opened(page: Page) -> None:
    """Skip to the content, say it, choose how many, send it with Ctrl+Enter, open it with Enter."""
    page.keyboard.press("Tab")
    assert page.evaluate(_NAME) == "Skip to the content"
    page.keyboard.press("Enter")
    tab_to(page, "Prompt")
    page.keyboard.type("A crane over reeds")
    tab_to(page, "1")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#quote")).to_contain_text("10 credits", timeout=IN_TIME_MS)
    page.keyboard.press("Control+Enter")
    tile = page.get_by_role("article", name="A crane over reeds")
    expect(tile).to_contain_text("succeeded", timeout=IN_TIME_MS)
    tab_to(page, "A crane over reeds")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A crane over reeds")).to_be_visible()


def test_the_palette_goes_somewhere(page: Page) -> None:
    """Ctrl+K, a few letters, Enter; and Escape closes it, with nothing changed."""
    palette = page.get_by_role("combobox", name="Where to, or what to do?")
    page.keyboard.press("Control+k")
    expect(palette).to_be_visible()
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(page.get_by_role("heading", name="Studio")).to_be_attached()
    page.keyboard.press("Control+k")
    page.keyboard.type("went to")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Billing")).to_be_visible()


def test_escape_closes_what_opened(page: Page) -> None:
    """The menu and the dialog of code; the focus is back at what opened them."""
    tab_to(page, "Your account: .+")
    page.keyboard.press("Enter")
    sign_out = page.get_by_role("button", name="Sign out")
    expect(sign_out).to_be_visible()
    page.keyboard.press("Escape")
    expect(sign_out).to_be_hidden()
    assert str(page.evaluate(_NAME)).startswith("Your account")
    tab_to(page, "Show the code for this")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("heading", name="The same, as code")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.evaluate(_NAME) == "Show the code for this"


def test_a_running_job_is_cancelled(page: Page, customer: Customer) -> None:
    """Tab to Cancel, Enter."""
    customer.generate("local/sketch", prompt="Fog that stays", simulate="stall")
    page.reload()
    tab_to(page, "Cancel")
    page.keyboard.press("Enter")
    tile = page.get_by_role("article", name="Fog that stays")
    expect(tile).to_contain_text("cancelled", timeout=IN_TIME_MS)
