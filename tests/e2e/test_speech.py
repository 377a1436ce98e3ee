"""A text that is read aloud, in a real browser: made from the form, heard in the feed and on its page."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer import Customer
from playwright.sync_api import Browser, Locator, Page, expect
from tintype_local.state import StackState
from visitor import IN_TIME_MS, is_at, new_customer, signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(180)]
TEXT = "Good evening. Tonight: fog on the coast."
# Whether its sound was read and can be played; a browser tells by the length that it found.
CAN_PLAY = """async (player) => {
    player.load();
    if (!(player.duration > 0)) {
        await new Promise((resolve, reject) => {
            player.addEventListener("loadedmetadata", resolve, {once: true});
            player.addEventListener("error", () => reject(player.error.message), {once: true});
        });
    }
    return player.duration;
}"""


@pytest.fixture
def customer(stack: StackState) -> Iterator[Customer]:
    """Somebody new."""
    arrived = new_customer(stack)
    yield arrived
    arrived.api.close()


def keep(page: Page, name: str) -> None:
    """Take a picture for whoever wants to look."""
    if folder := os.environ.get("TINTYPE_LOOK"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def seconds(player: Locator) -> float:
    """How long the sound is that a player has, by the browser."""
    expect(player).to_be_visible(timeout=IN_TIME_MS)
    found: float = player.evaluate(
        CAN_PLAY.replace("player.load();", 'player.preload = "metadata"; player.load();')
    )
    return found


def test_a_text_is_heard(stack: StackState, browser: Browser, customer: Customer) -> None:
    """Its price is for its length; the card and the page play it, and the library finds it among sounds."""
    with signed_in(browser, customer, stack.url("gateway")) as own:
        page = own.new_page()
        page.goto("/generate?model=openai/speech")
        page.get_by_label("Text", exact=True).fill(TEXT)
        expect(page.locator("#quote")).to_contain_text("1 credit", timeout=IN_TIME_MS)
        keep(page, "speech-form")
        page.get_by_role("button", name="Generate").click()
        expect(page.locator("[data-generation]").first).to_be_visible(timeout=IN_TIME_MS)
        job = customer.api.get("/v1/generations").json()["data"][0]
        is_at(customer, job["id"], "succeeded")
        made = customer.api.get(f"/v1/generations/{job['id']}").json()
        (output,) = made["outputs"]
        assert (made["modality"], made["credits"]["charged"], output["media_type"]) == (
            "audio",
            1,
            "audio/mpeg",
        )
        card = page.locator(f'[data-generation="{job["id"]}"] audio').first
        assert seconds(card) == pytest.approx(output["duration_s"], abs=0.3)
        keep(page, "speech-card")
        page.goto(f"/library/{job['id']}")
        assert seconds(page.locator(".stage audio")) == pytest.approx(output["duration_s"], abs=0.3)
        expect(page.locator("figcaption")).to_contain_text("MP3")
        keep(page, "speech-page")
        page.goto("/library?kind=audio")
        expect(page.locator(".tile")).to_have_count(1, timeout=IN_TIME_MS)
        page.goto("/library?kind=image")
        expect(page.locator(".tile")).to_have_count(0, timeout=IN_TIME_MS)
