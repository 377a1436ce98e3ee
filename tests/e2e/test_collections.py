"""Collections in a browser: filled from the library and from the viewer, with a script and without."""

from collections.abc import Iterator

import pytest
from axe import violations
from customer import Customer
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
def test_a_collection_from_its_name_to_its_end(
    stack: StackState, browser: Browser, owner: Customer, has_script: bool
) -> None:
    """Two are added to a new one; one goes out and comes back; renamed, then deleted: all are still there."""
    with signed_in(browser, owner, stack.url("gateway"), java_script_enabled=has_script) as context:
        page = context.new_page()
        page.goto("/library")
        tiles, bar = page.locator(".tile"), page.get_by_role("group", name="Selection")
        page.get_by_role("checkbox", name="Select: A fox").check()
        page.get_by_role("checkbox", name="Select: A heron").check()
        bar.get_by_role("button", name="Add to a collection").click()
        expect(page.get_by_text("2 are selected.")).to_be_visible()
        page.get_by_label("New collection").fill("Album covers")
        page.get_by_role("button", name="Make and add").click()
        expect(page.get_by_role("heading", name="Album covers")).to_be_visible()
        expect(page.get_by_text("2 items")).to_be_visible()
        expect(tiles).to_have_count(2)
        page.get_by_role("checkbox", name="Select: A fox").check()
        bar.get_by_role("button", name="Remove from this collection").click()
        expect(tiles).to_have_count(1)
        page.get_by_role("button", name="Undo").click()
        expect(tiles).to_have_count(2)
        page.get_by_role("link", name="Rename or delete").click()
        page.get_by_label("Name").fill("Sleeves")
        page.get_by_role("button", name="Rename").click()
        expect(page.get_by_role("heading", name="Sleeves")).to_be_visible()
        page.goto("/library/collections")
        page.get_by_role("link", name="Sleeves 2 items").click()
        expect(tiles).to_have_count(2)
        page.get_by_role("link", name="Rename or delete").click()
        page.get_by_role("button", name="Delete the collection").click()
        expect(page.get_by_role("heading", name="No collections yet")).to_be_visible()
        page.goto("/library")
        expect(tiles).to_have_count(3)


def test_the_viewer_puts_one_in_by_the_keyboard(stack: StackState, browser: Browser, owner: Customer) -> None:
    """The dialog says what it is in; a button keeps the focus; the library's filter follows, and its bar."""
    made = owner.api.post("/v1/collections", json={"name": "Birds"}).json()
    with signed_in(browser, owner, stack.url("gateway")) as context:
        page = context.new_page()
        page.goto("/library")
        page.get_by_role("link", name="A heron").first.click()
        page.get_by_role("link", name="Add to a collection").focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Add to a collection")
        choice = dialog.get_by_role("button", name="Birds")
        expect(choice).to_have_attribute("aria-pressed", "false")
        choice.focus()
        page.keyboard.press("Enter")
        expect(choice).to_have_attribute("aria-pressed", "true")
        expect(choice).to_be_focused()
        assert violations(page) == []
        dialog.get_by_label("New collection").fill("birds")
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_have_text("You have a collection of that name already.")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        page.goto("/library")
        chosen, tiles = page.get_by_label("Collection", exact=True), page.locator(".tile")
        chosen.focus()
        chosen.select_option("Birds")
        expect(tiles).to_have_count(1)
        expect(page).to_have_url(f"/library?collection={made['id']}")
        expect(chosen).to_be_focused()
        page.get_by_role("checkbox", name="Select: A heron").check()
        expect(page.get_by_role("button", name="Remove from this collection")).to_be_visible()
        chosen.select_option("All collections")
        expect(tiles).to_have_count(3)
        expect(page).to_have_url("/library")
        expect(page.get_by_role("button", name="Remove from this collection")).to_have_count(0)
        page.goto(f"/library?collection={made['id']}")
        page.get_by_label("Search your prompts").fill("lighthouse")
        expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
        expect(page).to_have_url(f"/library?search=lighthouse&collection={made['id']}")
