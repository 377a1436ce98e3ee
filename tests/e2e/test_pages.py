"""Pages as a browser really shows them: on a phone, with a text, with a picture from elsewhere."""

import base64
import io
import os
from uuid import uuid4

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, Route, expect

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

SETTLE_MS = 45_000
PHONE = {"width": 375, "height": 800}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def sign_up(page: Page) -> None:
    """Open an account, and wait for the credits that it starts with."""
    page.goto("/signup")
    page.get_by_label("Email").fill(f"e2e-{uuid4().hex[:10]}@example.com")
    page.get_by_label("Password").fill("a sentence is a good password")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Studio")).to_be_visible()
    expect(page.locator("#balance")).to_contain_text("1,000", timeout=SETTLE_MS)


def test_a_text_is_read_on_a_phone(page: Page) -> None:
    """The text is in its card and on its page; what it cost is on the screen, and no page is too wide."""
    page.set_viewport_size(PHONE)
    sign_up(page)
    page.get_by_text("Choose a model").locator("..").click()
    page.get_by_role("link", name="Chat").click()
    page.get_by_label("Prompt").fill("What is <b>developed</b> in the dark?")
    page.get_by_role("button", name="Generate").click()
    card = page.get_by_role("article", name="What is <b>developed</b> in the dark?")
    expect(card).to_contain_text("succeeded", timeout=SETTLE_MS)
    expect(card).to_contain_text('"What is <b>developed</b> in the dark?". A stand-in wrote this')
    card.get_by_role("link", name="What is <b>developed</b> in the dark?").last.click()
    expect(page.get_by_label("Text")).to_contain_text("<b>developed</b>")
    page.get_by_role("link", name="Billing", exact=True).click()
    expect(page.get_by_role("columnheader", name="Amount")).to_be_visible()
    # In one step: the table is swapped while the page catches up with what happened meanwhile.
    page.wait_for_function(
        """() => [...document.querySelectorAll("th")].some((head) => head.textContent === "Amount"
            && head.offsetWidth > 0 && head.getBoundingClientRect().right <= innerWidth)"""
    )
    for path in ("/library", "/billing", "/account", "/generate", "/nowhere"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


def test_a_picture_from_elsewhere_is_shown(page: Page) -> None:
    """The avatar loads under the content policy, on each page; one that is gone leaves no hole."""
    found = True

    def answer(route: Route) -> None:
        if found:
            route.fulfill(content_type="image/png", body=PNG)
        else:
            route.fulfill(status=404)

    page.route("https://pictures.example/**", answer)
    sign_up(page)
    page.goto("/account")
    page.get_by_label("Picture address").fill("https://pictures.example/me.png")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("img", name="Your picture")).to_be_visible()
    page.goto("/library")
    avatar = page.locator(".face img")
    expect(avatar).to_be_visible()
    page.wait_for_function("document.querySelector('.face img').naturalWidth === 1")
    found = False
    page.goto("/library?again")
    expect(avatar).to_have_count(0)


def test_a_picture_of_oneself_is_sent_shown_and_removed(page: Page) -> None:
    """A square of it stands in the bar of each page, drawn anew; a drawing that runs is refused by name."""
    sign_up(page)
    page.goto("/account")
    photo = io.BytesIO()
    portrait = Image.radial_gradient("L").resize((900, 1_200))
    Image.merge("RGB", (portrait, Image.new("L", portrait.size, 90), portrait.rotate(180))).save(
        photo, "JPEG"
    )
    chosen: FilePayload = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()}
    page.get_by_label("Your picture").set_input_files(chosen)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("img", name="Your picture")).to_be_visible()
    for path in ("/account", "/library"):
        page.goto(path)
        page.wait_for_function("document.querySelector('.topbar .face img')?.naturalWidth === 256")
    page.goto("/account")
    drawing: FilePayload = {"name": "me.png", "mimeType": "image/png", "buffer": b"<svg><script/></svg>"}
    page.get_by_label("Your picture").set_input_files(drawing)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("the file is an SVG, which is not accepted")).to_be_visible()
    expect(page.get_by_role("img", name="Your picture")).to_be_visible()
    if folder := os.environ.get("TINTYPE_SHOTS"):
        page.screenshot(path=f"{folder}/avatar-desktop.png", full_page=True)
        page.set_viewport_size(PHONE)
        page.screenshot(path=f"{folder}/avatar-phone.png", full_page=True)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Remove picture").click()
    expect(page.locator(".face img")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove picture")).to_have_count(0)


def test_a_page_that_comes_back_sends_under_a_new_key(page: Page) -> None:
    """Pressed again, back from the browser's memory, loaded anew: each press starts one job."""
    sign_up(page)
    jobs = page.get_by_role("article", name="A crane at dusk")
    for made in range(1, 3):
        page.get_by_label("Prompt").fill("A crane at dusk")
        page.get_by_role("button", name="Generate").click()
        expect(jobs).to_have_count(made, timeout=SETTLE_MS)
    page.goto("/library")
    page.go_back()
    page.get_by_label("Prompt").fill("A crane at dusk")
    page.get_by_role("button", name="Generate").click()
    expect(jobs).to_have_count(3, timeout=SETTLE_MS)
    page.goto("/library")
    expect(jobs).to_have_count(3)
