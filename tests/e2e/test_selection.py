"""Many at once in a browser: selected, deleted and brought back, with a script and without."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer import Customer
from PIL import Image
from playwright.sync_api import Browser, expect
from tintype_local.state import StackState
from visitor import is_at, new_customer, signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def owner(stack: StackState) -> Iterator[Customer]:
    """Somebody with three pictures."""
    customer = new_customer(stack)
    for prompt in ("A fox", "A heron", "A lighthouse"):
        is_at(customer, customer.generate("local/sketch", prompt=prompt), "succeeded")
    yield customer
    customer.api.close()


@pytest.mark.parametrize("has_script", [True, False])
def test_many_are_deleted_and_brought_back(
    stack: StackState, browser: Browser, owner: Customer, has_script: bool
) -> None:
    """Two are ticked; the page asks; one button takes it back. The third stays all the time."""
    with signed_in(browser, owner, stack.url("gateway"), java_script_enabled=has_script) as context:
        page = context.new_page()
        page.goto("/library")
        tiles, bar = page.locator(".tile"), page.get_by_role("group", name="Selection")
        expect(tiles).to_have_count(3)
        if has_script:
            expect(bar).to_be_hidden()
        page.get_by_role("checkbox", name="Select: A fox").check()
        page.get_by_role("checkbox", name="Select: A heron").check()
        expect(bar).to_be_visible()
        if has_script:
            expect(bar).to_contain_text("2 selected")
        bar.get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", name="Delete these 2?")).to_be_visible()
        expect(page.get_by_role("listitem").filter(has_text="A lighthouse")).to_have_count(0)
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("2 deleted.")).to_be_visible()
        expect(tiles).to_have_count(1)
        page.get_by_role("button", name="Undo").click()
        expect(tiles).to_have_count(3)


def test_a_selection_is_cleared_by_escape(stack: StackState, browser: Browser, owner: Customer) -> None:
    """All of a page by a button, none by a key."""
    with signed_in(browser, owner, stack.url("gateway")) as context:
        page = context.new_page()
        page.goto("/library")
        page.get_by_role("checkbox", name="Select: A fox").check()
        page.get_by_role("button", name="Select all on this page").click()
        expect(page.locator(".pick:checked")).to_have_count(3)
        page.keyboard.press("Escape")
        expect(page.locator(".pick:checked")).to_have_count(0)
        expect(page.get_by_role("group", name="Selection")).to_be_hidden()


@pytest.mark.parametrize("has_script", [True, False])
def test_two_are_compared(stack: StackState, browser: Browser, owner: Customer, has_script: bool) -> None:
    """Side by side; with a script the button is there for two alone."""
    with signed_in(browser, owner, stack.url("gateway"), java_script_enabled=has_script) as context:
        page = context.new_page()
        page.goto("/library")
        button = page.get_by_role("button", name="Compare")
        page.get_by_role("checkbox", name="Select: A fox").check()
        if has_script:
            expect(button).to_be_hidden()
        page.get_by_role("checkbox", name="Select: A heron").check()
        button.click()
        expect(page.get_by_role("heading", name="Compare")).to_be_visible()
        expect(page.get_by_role("article")).to_have_count(2)


@pytest.mark.parametrize("has_script", [True, False])
def test_two_are_downloaded(
    stack: StackState, browser: Browser, owner: Customer, has_script: bool, tmp_path: Path
) -> None:
    """One file with both pictures in it, as they are in the store; the page stays where it is."""
    with signed_in(browser, owner, stack.url("gateway"), java_script_enabled=has_script) as context:
        page = context.new_page()
        page.goto("/library")
        page.get_by_role("checkbox", name="Select: A fox").check()
        page.get_by_role("checkbox", name="Select: A heron").check()
        with page.expect_download() as started:
            page.get_by_role("button", name="Download").click()
        file = tmp_path / "all.zip"
        started.value.save_as(file)
        assert started.value.suggested_filename.startswith("tintype-")
        with zipfile.ZipFile(file) as archive:
            assert archive.testzip() is None
            names = archive.namelist()
            pictures = [Image.open(archive.open(name)) for name in names]
        assert sorted(name.partition(" ")[2] for name in names) == ["A fox.png", "A heron.png"]
        assert all(picture.width > 100 for picture in pictures)
        expect(page).to_have_url(f"{stack.url('gateway')}/library")


def test_whoever_only_looked_comes_back_to_their_selection(
    stack: StackState, browser: Browser, owner: Customer
) -> None:
    """From comparing, by the way back and by the link; not on another visit, nor once it was done."""
    with signed_in(browser, owner, stack.url("gateway")) as context:
        page = context.new_page()
        page.goto("/library")
        chosen, bar = page.locator(".pick:checked"), page.get_by_role("group", name="Selection")
        for prompt in ("A fox", "A heron"):
            page.get_by_role("checkbox", name=f"Select: {prompt}").check()
        bar.get_by_role("button", name="Compare").click()
        expect(page.get_by_role("heading", name="Compare")).to_be_visible()
        page.go_back()
        expect(bar).to_contain_text("2 selected")
        bar.get_by_role("button", name="Compare").click()
        page.get_by_role("main").get_by_role("link", name="Library").click()
        expect(bar).to_contain_text("2 selected")
        page.goto("/library")
        expect(page.locator(".tile")).to_have_count(3)
        expect(chosen).to_have_count(0)
        page.get_by_role("checkbox", name="Select: A fox").check()
        bar.get_by_role("button", name="Add to a collection").click()
        page.get_by_label("New collection").fill("Beasts")
        page.get_by_role("button", name="Make and add").click()
        expect(page.get_by_role("checkbox", name="Select: A fox")).to_be_visible()
        expect(chosen).to_have_count(0)


def test_the_keyboard_comes_to_the_bar_by_one_key(
    stack: StackState, browser: Browser, owner: Customer
) -> None:
    """Enter on a tick leads there and does nothing else; Escape leads back to it."""
    with signed_in(browser, owner, stack.url("gateway")) as context:
        page = context.new_page()
        page.goto("/library")
        last = page.get_by_role("checkbox", name="Select: A fox")
        last.focus()
        page.keyboard.press("Enter")
        expect(last).to_be_focused()
        page.keyboard.press("Space")
        expect(page.get_by_text("Enter leads here")).to_be_visible()
        page.keyboard.press("Enter")
        bar = page.get_by_role("group", name="Selection")
        expect(bar.get_by_role("button", name="Delete")).to_be_focused()
        expect(page).to_have_url(f"{stack.url('gateway')}/library")
        page.keyboard.press("Escape")
        expect(last).to_be_focused()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_said_in_passing_covers_the_bar(
    stack: StackState, browser: Browser, owner: Customer, width: int
) -> None:
    """On a phone and on a desktop both are whole."""
    with signed_in(browser, owner, stack.url("gateway"), viewport={"width": width, "height": 844}) as context:
        page = context.new_page()
        page.goto("/library?note=taken-out")
        page.get_by_role("checkbox", name="Select: A fox").check()
        note = page.locator("#notes").get_by_role("status").bounding_box()
        bar = page.get_by_role("group", name="Selection").bounding_box()
        assert note is not None
        assert bar is not None
        assert note["y"] >= 0
        assert note["y"] + note["height"] <= bar["y"]


def test_a_tick_covers_no_word(stack: StackState, browser: Browser, owner: Customer) -> None:
    """While others are selected, what a text was asked for is read whole, also with a mouse."""
    is_at(owner, owner.generate("openai/chat", prompt="A postcard from the sea"), "succeeded")
    with signed_in(browser, owner, stack.url("gateway")) as context:
        page = context.new_page()
        page.goto("/library")
        page.get_by_role("checkbox", name="Select: A fox").check()
        tick = page.get_by_role("checkbox", name="Select: A postcard from the sea").bounding_box()
        words = page.evaluate(
            """() => {
              const range = document.createRange();
              range.selectNodeContents(document.querySelector(".words .asked"));
              return range.getBoundingClientRect().left;
            }"""
        )
        assert tick is not None
        assert words >= tick["x"] + tick["width"]
