"""Pictures as inputs in a real browser: chosen, refused, taken from what was made."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer import Customer
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect
from tintype_local.state import StackState
from visitor import IN_TIME_MS, is_at, new_customer, signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(180)]


def picture(colour: str, name: str = "photo.png") -> FilePayload:
    """A picture of one colour, as a person has it."""
    target = io.BytesIO()
    Image.new("RGB", (600, 400), colour).save(target, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": target.getvalue()}


@pytest.fixture
def customer(stack: StackState) -> Iterator[Customer]:
    """Somebody new."""
    arrived = new_customer(stack)
    yield arrived
    arrived.api.close()


@pytest.fixture(params=["with a script", "without a script"])
def context(
    request: pytest.FixtureRequest, stack: StackState, browser: Browser, customer: Customer
) -> Iterator[BrowserContext]:
    """Signed in, with JavaScript and without."""
    scripted = request.param == "with a script"
    with signed_in(browser, customer, stack.url("gateway"), java_script_enabled=scripted) as own:
        yield own


def keep(page: Page, name: str) -> None:
    """Take a picture for whoever wants to look."""
    if folder := os.environ.get("TINTYPE_LOOK"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_picture_is_edited(context: BrowserContext, customer: Customer) -> None:
    """Chosen by its input, whether it is sent at once or with the form; it stands in the job."""
    page = context.new_page()
    page.goto("/generate?model=tintype/edit")
    keep(page, "drop-zone")
    page.get_by_label("Choose up to 3 pictures").set_input_files([picture("red"), picture("blue")])
    page.get_by_label("Prompt", exact=True).fill("black and white")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("[data-generation]").first).to_be_visible(timeout=IN_TIME_MS)
    job = customer.api.get("/v1/generations").json()["data"][0]
    assert len(job["input"]["images"]) == 2
    is_at(customer, job["id"], "succeeded")


def test_what_is_chosen_is_seen_and_removed_by_keys(
    stack: StackState, browser: Browser, customer: Customer
) -> None:
    """A preview from the store of files, a price, one too many, what is no picture, and the space bar."""
    with signed_in(browser, customer, stack.url("gateway")) as own:
        page = own.new_page()
        page.goto("/generate?model=tintype/edit")
        field = page.get_by_role("group", name="Pictures")
        files = page.get_by_label("Choose up to 3 pictures")
        files.set_input_files([picture("red"), picture("green"), picture("blue")])
        expect(field.get_by_role("checkbox")).to_have_count(3, timeout=IN_TIME_MS)
        assert page.evaluate("[...document.querySelectorAll('.media-chosen img')].every((i) => i.complete)")
        expect(field.locator("img").first).to_be_visible()
        keep(page, "chosen")
        files.set_input_files([picture("black")])
        expect(field.get_by_role("alert")).to_contain_text("no more pictures")
        field.get_by_role("checkbox").first.focus()
        page.keyboard.press("Space")
        expect(field.get_by_role("checkbox")).to_have_count(2)
        expect(files).to_be_focused()
        files.set_input_files([{"name": "a.svg", "mimeType": "image/png", "buffer": b"<svg onload='x()'/>"}])
        expect(field.get_by_role("alert")).to_contain_text("an SVG", timeout=IN_TIME_MS)
        keep(page, "refused")
        expect(field.get_by_role("checkbox")).to_have_count(2)


def test_what_was_made_is_made_something_of(stack: StackState, browser: Browser, customer: Customer) -> None:
    """From the viewer, on a phone, in Spanish: it stands in the form, and the job is made from it."""
    made = customer.generate("local/sketch", prompt="A heron")
    is_at(customer, made, "succeeded")
    phone = {"width": 390, "height": 844}
    with signed_in(browser, customer, stack.url("gateway"), viewport=phone, locale="es-ES") as own:
        page = own.new_page()
        page.goto(f"/library/{made}")
        page.get_by_role("link", name="Usar como entrada").click()
        field = page.get_by_role("group", name="Imágenes").first
        expect(field.get_by_role("checkbox")).to_have_count(1)
        expect(field.locator("img")).to_be_visible()
        keep(page, "phone")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_label("Prompt", exact=True).or_(page.locator("#prompt")).first.fill("sepia")
        page.get_by_role("button", name="Generar").click()
        expect(page.locator(f"[data-generation]:not([data-generation='{made}'])").first).to_be_visible()
    output = customer.api.get(f"/v1/generations/{made}").json()["outputs"][0]["id"]
    newest = customer.api.get("/v1/generations").json()["data"][0]
    assert newest["input"]["images"] == [output]
    is_at(customer, newest["id"], "succeeded")
