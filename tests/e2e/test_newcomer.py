"""What a newcomer sees at first: the whole form, what to begin with, and nothing that is dead."""

from collections.abc import Iterator

import pytest
from customer import WELCOME, Customer
from playwright.sync_api import Browser, expect
from tintype_local.state import StackState
from visitor import IN_TIME_MS, is_at, new_customer, signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

PHONE = {"width": 390, "height": 844}
SMALL_DESK = {"width": 1280, "height": 800}
EXAMPLE = "Paper lanterns on a slow river at dusk"


@pytest.fixture
def newcomer(stack: StackState) -> Iterator[Customer]:
    """Somebody with the welcome credits, who has made nothing."""
    arrived = new_customer(stack)
    yield arrived
    arrived.api.close()


def test_a_small_desk_holds_the_whole_form(stack: StackState, browser: Browser, newcomer: Customer) -> None:
    """Of every model: nothing has to be scrolled to before the price."""
    models = [model["id"] for model in newcomer.api.get("/v1/models").json()["data"]]
    assert models
    with signed_in(browser, newcomer, stack.url("gateway"), viewport=SMALL_DESK) as context:
        page = context.new_page()
        for model in models:
            page.goto(f"/generate?model={model}")
            form = page.locator(".composer-scroll")
            expect(form).to_be_visible()
            assert form.evaluate("form => form.scrollHeight <= form.clientHeight"), model


def test_a_phone_shows_what_to_begin_with(stack: StackState, browser: Browser, newcomer: Customer) -> None:
    """On the first screen, and a touch fills it in. At a desk they stand where things will appear."""
    with signed_in(browser, newcomer, stack.url("gateway"), viewport=PHONE, has_touch=True) as context:
        page = context.new_page()
        page.goto("/generate")
        example = page.get_by_role("link", name=EXAMPLE)
        expect(example).to_have_count(1)
        expect(example).to_be_in_viewport()
        example.tap()
        expect(page.get_by_label("Prompt")).to_have_value(EXAMPLE)
    with signed_in(browser, newcomer, stack.url("gateway"), viewport=SMALL_DESK) as context:
        page = context.new_page()
        page.goto("/generate")
        expect(page.get_by_role("link", name=EXAMPLE)).to_have_count(1)
        expect(page.locator("#nothing").get_by_role("link", name=EXAMPLE)).to_be_visible()


def test_without_a_script_nothing_is_shown_that_needs_one(
    stack: StackState, browser: Browser, newcomer: Customer
) -> None:
    """A button that only a script answers is not there; an example is a link, and fills the form in."""
    made = newcomer.generate("local/sketch", prompt="A heron")
    newcomer.wait_for(available=WELCOME - 5)
    with signed_in(browser, newcomer, stack.url("gateway"), java_script_enabled=False) as context:
        page = context.new_page()
        pages = (
            "/generate",
            "/library",
            f"/library/{made}",
            f"/library/{made}/share",
            "/billing",
            "/usage",
            "/account",
        )
        for path in pages:
            page.goto(path)
            expect(page.locator("main")).to_be_visible()
            expect(page.locator("button[type=button]:visible")).to_have_count(0)
        page.goto(f"/library/{made}/share")
        page.get_by_role("button", name="Make a link").click()
        expect(page.locator("#share-link")).to_be_visible()
        expect(page.locator("button[type=button]:visible")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_failed_tile_shows_all_that_it_says(
    stack: StackState, browser: Browser, newcomer: Customer, width: int
) -> None:
    """What was asked for, how it ended and what to do: none of it is cut off, whatever its shape."""
    prompt = "A violin that is made of rain and of nothing else"
    newcomer.generate("local/sketch", prompt=prompt, ratio="9:16", simulate="fail")
    viewport = {"width": width, "height": 800}
    with signed_in(browser, newcomer, stack.url("gateway"), viewport=viewport) as context:
        page = context.new_page()
        page.goto("/library")
        tile = page.get_by_role("article", name=prompt)
        expect(tile).to_contain_text("not charged", timeout=IN_TIME_MS)
        expect(tile.get_by_text(prompt)).to_be_visible()
        around = tile.locator("..").bounding_box()
        assert around
        for part in (
            tile.locator(".asked"),
            tile.locator(".status"),
            tile.get_by_role("link", name="Edit and"),
        ):
            box = part.bounding_box()
            assert box
            assert around["y"] <= box["y"]
            assert box["y"] + box["height"] <= around["y"] + around["height"]
            assert around["x"] <= box["x"]
            assert box["x"] + box["width"] <= around["x"] + around["width"]


def test_what_today_has_cost_is_said_as_it_comes(
    stack: StackState, browser: Browser, newcomer: Customer
) -> None:
    """The first picture of the day is added up once it is there, and the page is not loaded again."""
    with signed_in(browser, newcomer, stack.url("gateway"), viewport=SMALL_DESK) as context:
        page = context.new_page()
        page.goto("/generate")
        page.evaluate("window.isTheSamePage = true")
        page.get_by_label("Prompt").fill("A heron")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("heading", name="Today 5 credits")).to_be_visible(timeout=IN_TIME_MS)
        assert page.evaluate("window.isTheSamePage") is True


def test_a_phone_has_a_line_for_a_date(stack: StackState, browser: Browser, newcomer: Customer) -> None:
    """Of a purchase and in the history each is read in one, said once; what leads on keeps its name."""
    newcomer.buy()
    made = newcomer.generate("local/sketch", prompt="A heron")
    is_at(newcomer, made, "succeeded")
    with signed_in(browser, newcomer, stack.url("gateway"), viewport=PHONE) as context:
        page = context.new_page()
        page.goto("/billing")
        # In one go: the history is drawn anew whenever an event tells of it.
        heights, lines = page.evaluate(
            """() => {
                const history = document.querySelector("#history");
                const seen = [...history.querySelectorAll("time")].filter((time) => time.checkVisibility());
                return [seen.map((time) => time.getClientRects().length),
                        history.querySelectorAll("tbody tr").length];
            }"""
        )
        assert heights
        assert set(heights) == {1}
        assert len(heights) == lines
        page.get_by_role("link", name="see what it was for").first.click()
        expect(page).to_have_url(f"{stack.url('gateway')}/library/{made}")
