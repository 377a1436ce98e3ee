"""What a page does when something is in the way: an ended session, a server that is away, a small screen."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from another_process import another_gateway
from customer import Customer, until
from embedded.tcp_proxy import Link, TcpProxy
from playwright.sync_api import Browser, Page, Route, expect
from tintype_local.state import StackState
from visitor import IN_TIME_MS, PASSWORD, is_at, new_customer, signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

SMALLEST = {"width": 320, "height": 640}
LOOK_EVERY_MS = 15_000


@pytest.fixture(scope="module")
def customer(stack: StackState) -> Iterator[Customer]:
    """Somebody with the welcome credits."""
    arrived = new_customer(stack)
    yield arrived
    arrived.api.close()


@contextmanager
def behind_a_cable(
    stack: StackState, browser: Browser, customer: Customer
) -> Iterator[tuple[TcpProxy, Page]]:
    """The studio, over a cable that can be cut or pulled."""
    with (
        TcpProxy(stack.ports["gateway"]) as cable,
        signed_in(browser, customer, stack.url("gateway")) as context,
    ):
        page = context.new_page()
        page.clock.install()
        # Cookies know no ports: who signed in at the gateway is signed in here.
        page.goto(f"http://{cable.address}/generate")
        yield cable, page


@pytest.mark.parametrize("link", [Link.CUT, Link.STALLED])
def test_a_page_catches_up_when_the_server_is_back(
    stack: StackState, browser: Browser, customer: Customer, link: Link
) -> None:
    """The page says that it may be old; what happened meanwhile shows by itself, in the same page."""
    prompt = f"A crane behind a {link} cable"
    with behind_a_cable(stack, browser, customer) as (cable, page):
        expect(page.locator("#balance")).to_contain_text("credits", timeout=IN_TIME_MS)
        away = page.get_by_text("The server can't be reached")
        expect(away).to_be_hidden()
        running = customer.generate("local/sketch", prompt=prompt, simulate="stall")
        page.reload()
        tile = page.get_by_role("article", name=prompt)
        expect(tile).to_contain_text("credits held", timeout=IN_TIME_MS)
        page.evaluate("window.isTheSamePage = true")
        with cable.broken(link):
            if link is Link.STALLED:
                page.clock.fast_forward(LOOK_EVERY_MS)
            expect(away).to_be_visible(timeout=IN_TIME_MS)
            customer.cancel(running)
            is_at(customer, running, "cancelled")
            expect(tile).to_contain_text("credits held")
        expect(away).to_be_hidden(timeout=IN_TIME_MS)
        expect(tile).to_contain_text("cancelled", timeout=IN_TIME_MS)
        assert page.evaluate("window.isTheSamePage") is True


def test_a_session_that_ends_while_a_page_is_open(
    stack: StackState, browser: Browser, customer: Customer
) -> None:
    """Signed out in another tab, the page asks for a new session, and comes back to where it was."""
    with signed_in(browser, customer, stack.url("gateway")) as context:
        page, other = context.new_page(), context.new_page()
        with page.expect_response("**/v1/events"):
            page.goto("/billing?cursor=")
        other.goto("/account")
        other.get_by_label("Your account").click()
        other.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(re.compile("/login\\?next=/billing"), timeout=IN_TIME_MS)
        page.get_by_label("Email").fill(customer.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Billing")).to_be_visible()


def test_too_much_at_once_keeps_the_form(stack: StackState, browser: Browser, customer: Customer) -> None:
    """What was typed stays, and the page says when to try again."""
    with (
        another_gateway(stack, GATEWAY_GENERATIONS_LIMIT="1/minute") as address,
        signed_in(browser, customer, address) as context,
    ):
        page = context.new_page()
        page.goto("/generate")
        for prompt in ("A heron", "A second heron"):
            page.get_by_label("Prompt").fill(prompt)
            page.keyboard.press("Control+Enter")
            if prompt == "A heron":
                expect(page.get_by_role("article", name="A heron")).to_be_visible(timeout=IN_TIME_MS)
        refused = page.get_by_role("alert")
        expect(refused).to_contain_text(
            re.compile(r"Try again in \d+ (second|minute)s?\."), timeout=IN_TIME_MS
        )
        expect(page.get_by_label("Prompt")).to_have_value("A second heron")
        expect(page.get_by_role("article", name="A second heron")).to_have_count(0)


def test_a_part_that_fails_stays_as_it_is(stack: StackState, browser: Browser, customer: Customer) -> None:
    """With the service behind it away, a press of Cancel is answered in the corner; the tile stays."""
    running = customer.generate("local/sketch", prompt="Fog that stays", simulate="stall")
    with (
        TcpProxy(stack.ports["generation_grpc"]) as behind,
        another_gateway(stack, GATEWAY_GENERATION_TARGET=behind.address) as address,
        signed_in(browser, customer, address) as context,
    ):
        page = context.new_page()
        page.goto("/generate")
        tile = page.get_by_role("article", name="Fog that stays")
        with behind.broken():
            tile.get_by_role("button", name="Cancel").click()
            note = page.locator("#notes").get_by_role("alert")
            expect(note).to_be_visible(timeout=IN_TIME_MS)
            expect(tile.get_by_role("button", name="Cancel")).to_be_visible()
            note.get_by_role("button", name="Dismiss").click()
            expect(note).to_have_count(0)
    customer.stop(running)


def test_nothing_moves_for_who_asked_for_that(
    stack: StackState, browser: Browser, customer: Customer
) -> None:
    """With reduced motion no animation runs, not even of a picture that develops."""
    running = customer.generate("local/sketch", prompt="Mist", simulate="stall")
    is_at(customer, running, "processing")
    with signed_in(browser, customer, stack.url("gateway"), reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto("/generate")
        expect(page.get_by_role("article", name="Mist")).to_be_visible()
        assert page.evaluate("document.getAnimations().length") == 0
        page.emulate_media(reduced_motion="no-preference")
        assert page.evaluate("document.getAnimations().length") > 0
    customer.stop(running)


@pytest.mark.parametrize("java_script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_nothing_is_wider_than_the_smallest_screen(
    stack: StackState, browser: Browser, customer: Customer, java_script: bool
) -> None:
    """320 pixels wide, signed out and in, with a word that has no place to break."""
    made = customer.generate("local/sketch", prompt="a" * 300)
    is_at(customer, made, "succeeded")
    with signed_in(
        browser, customer, stack.url("gateway"), viewport=SMALLEST, java_script_enabled=java_script
    ) as context:
        page = context.new_page()
        for path in (
            "/generate",
            "/library",
            "/billing",
            "/account",
            f"/library/{made}",
            f"/library/{made}/delete",
        ):
            assert width_of(page, path) <= SMALLEST["width"], path
        # A page of an ended session goes to sign in by itself.
        page.close()
        context.clear_cookies()
        page = context.new_page()
        for path in ("/", "/pricing", "/login", "/signup", "/forgot-password", "/nowhere"):
            assert width_of(page, path) <= SMALLEST["width"], path


def width_of(page: Page, path: str) -> int:
    """How wide a page is in the end."""
    page.goto(path)
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def test_a_prompt_is_read_in_its_own_direction(
    stack: StackState, browser: Browser, customer: Customer
) -> None:
    """Arabic runs from right to left in the form, on a tile and beside the picture; the page does not."""
    prompt = "ثعلب يعبر الثلج"
    made = customer.generate("local/sketch", prompt=prompt)
    is_at(customer, made, "succeeded")
    with signed_in(browser, customer, stack.url("gateway")) as context:
        page = context.new_page()
        page.goto(f"/generate?again={made}")
        places = [page.get_by_label("Prompt"), page.locator(".veil p", has_text=prompt)]
        assert [direction_of(place) for place in places] == ["rtl", "rtl"]
        page.goto(f"/library/{made}")
        assert direction_of(page.get_by_role("heading", name=prompt)) == "rtl"
        page.goto(f"/library/{made}/delete")
        assert direction_of(page.locator("bdi", has_text=prompt)) == "rtl"
        assert direction_of(page.locator("body")) == "ltr"


def direction_of(place: object) -> str:
    """Which way an element's text runs."""
    found: str = place.evaluate("(part) => getComputedStyle(part).direction")  # type: ignore[attr-defined]
    return found


def test_a_stream_that_is_refused_leaves_the_page(
    stack: StackState, browser: Browser, customer: Customer
) -> None:
    """In one tab too many the page is whole, and works without its stream."""
    with (
        another_gateway(stack, GATEWAY_STREAMS_PER_USER_MAX="1") as address,
        signed_in(browser, customer, address) as context,
    ):
        first, second = context.new_page(), context.new_page()
        with first.expect_response("**/v1/events"):
            first.goto("/library")
        with second.expect_response("**/v1/events") as told:
            second.goto("/library")
        assert told.value.status == 429
        expect(second.get_by_role("heading", name="Library")).to_be_visible()
        expect(second.get_by_text("TOO_MANY_STREAMS")).to_have_count(0)
        with second.expect_response(
            lambda answer: "/v1/events" in answer.url and answer.ok, timeout=IN_TIME_MS
        ):
            first.close()


HEARS = """() => { window.heard = []; document.addEventListener("generation.updated",
    (told) => window.heard.push(JSON.parse(told.detail.data).status)); }"""


def test_a_tile_that_comes_late_is_asked_for_again(
    stack: StackState, browser: Browser, customer: Customer
) -> None:
    """What it says was true when it was asked for; when it comes, the page has heard of the end."""
    prompt = "A heron that comes late"
    with signed_in(browser, customer, stack.url("gateway")) as context:
        page = context.new_page()
        running = customer.generate("local/sketch", prompt=prompt, simulate="stall")
        is_at(customer, running, "processing")
        with page.expect_response("**/v1/events"):
            page.goto("/generate")
        tile = page.get_by_role("article", name=prompt)
        expect(tile).to_contain_text("developing", timeout=IN_TIME_MS)
        page.evaluate(HEARS)
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route(re.compile(rf"/library/{running}/card"), hold, times=1)
        page.evaluate(f"htmx.trigger('[data-generation={running}]', 'refresh')")
        # Whatever is asked of the page lets what it asked for be seen here.
        until(lambda: page.evaluate("1") and bool(held), "the tile to be asked for")
        answer = held[0].fetch()
        customer.cancel(running)
        page.wait_for_function("() => window.heard.includes('cancelled')")
        assert "developing" in answer.text()
        held[0].fulfill(response=answer)
        expect(tile).to_contain_text("cancelled", timeout=5_000)


def test_a_generation_appears_on_its_own_page(
    stack: StackState, browser: Browser, customer: Customer
) -> None:
    """As the page says, without anybody's doing."""
    with signed_in(browser, customer, stack.url("gateway")) as context:
        page = context.new_page()
        running = customer.generate("local/motion", prompt="A heron on a page of its own", duration_s=2)
        with page.expect_response("**/v1/events"):
            page.goto(f"/library/{running}")
        expect(page.get_by_role("link", name="Download").first).to_be_visible(timeout=IN_TIME_MS)
        expect(page.get_by_text("It appears here when it is done.")).to_have_count(0)
