"""Every page in every state against WCAG 2.0 to 2.2 A and AA, light and dark, on a desktop and on a phone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from axe import PHONE, violations
from customer import Customer
from playwright.sync_api import Browser, BrowserContext, Page, expect
from test_administration import with_role
from tintype_local.state import StackState
from visitor import IN_TIME_MS, is_at, new_customer, signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]


@dataclass(frozen=True)
class People:
    """Nobody's browser, a newcomer's, one of who has made and bought everything, and an administrator's."""

    nobody: BrowserContext
    newcomer: BrowserContext
    regular: BrowserContext
    boss: BrowserContext
    made: dict[str, str]


@pytest.fixture(scope="module")
def people(stack: StackState, browser: Browser) -> Iterator[People]:
    """Made once: what is looked at does not change."""
    newcomer, regular, boss = new_customer(stack), new_customer(stack), with_role(stack, "admin")
    made = _made_by(regular) | {"person": regular.account_id}
    gateway = stack.url("gateway")
    with (
        signed_in(browser, newcomer, gateway) as first,
        signed_in(browser, regular, gateway) as second,
        signed_in(browser, boss, gateway) as third,
    ):
        nobody = browser.new_context(base_url=gateway)
        yield People(nobody=nobody, newcomer=first, regular=second, boss=third, made=made)
        nobody.close()
    # It would keep a worker's place from whoever comes after.
    regular.stop(made["processing picture"])
    newcomer.api.close()
    regular.api.close()
    boss.api.close()


def _made_by(customer: Customer) -> dict[str, str]:
    """Start one of each kind and wait until it stands as it should; returns their ids."""
    customer.buy()
    # At once: what stalls ends by itself after a while.
    stopped = customer.generate("local/sketch", prompt="Smoke", simulate="stall")
    customer.cancel(stopped)
    made = {
        "cancelled picture": stopped,
        "succeeded picture": customer.generate("local/sketch", prompt="A fox crossing fresh snow"),
        "succeeded film": customer.generate("local/motion", prompt="Waves that breathe", duration_s=3),
        "succeeded text": customer.generate("openai/chat", prompt="A postcard from the sea"),
        "failed picture": customer.generate("local/sketch", prompt="Rain that never comes", simulate="fail"),
        "processing picture": customer.generate("local/sketch", prompt="Fog that stays", simulate="stall"),
    }
    for name, generation in made.items():
        is_at(customer, generation, name.partition(" ")[0])
    for name in ("collection", "empty collection"):
        made[name] = customer.api.post("/v1/collections", json={"name": name}).json()["id"]
    filled = {"generations": [made["succeeded picture"], made["succeeded text"]]}
    customer.api.post(f"/v1/collections/{made['collection']}/generations", json=filled)
    return made


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/pricing",
        "/models/local/sketch",
        "/pricing?interval=year",
        "/premium",
        "/login",
        "/signup",
        "/forgot-password",
        "/nowhere",
        "/s/no-such-link",
        "/console/components",
    ],
)
def test_what_anybody_sees(people: People, path: str) -> None:
    """Signed out, and an address that leads nowhere."""
    assert look(people.nobody, path) == []


@pytest.mark.parametrize(
    "path", ["/verify-email?token=x", "/reset-password?token=x", "/login?next=/billing&note=signed-out"]
)
def test_where_a_mail_leads(people: People, path: str) -> None:
    """The forms behind links in mails."""
    assert look(people.nobody, path) == []


@pytest.mark.parametrize(
    "path",
    [
        "/generate",
        "/library",
        "/library/collections",
        "/billing",
        "/usage",
        "/account",
        "/account/keys",
        "/account/webhooks",
        "/account/sign-in",
        "/",
        "/nowhere",
    ],
)
def test_what_a_newcomer_sees(people: People, path: str) -> None:
    """Nothing made, nothing bought."""
    assert look(people.newcomer, path) == []


@pytest.mark.parametrize(
    "path",
    [
        "/generate?note=started",
        "/generate?model=local/motion",
        "/library",
        "/library?search=fox&state=done",
        "/library?search=whale",
        "/billing?note=unpaid",
        "/billing?period=1y&show=lost",
        "/library/{succeeded picture}",
        "/library/{succeeded film}",
        "/library/{succeeded text}",
        "/library/{failed picture}",
        "/library/{processing picture}",
        "/library/{cancelled picture}",
        "/library/{succeeded picture}/delete",
        "/library/{succeeded picture}/share",
        "/library/collections",
        "/library/collections/{collection}",
        "/library?collection={collection}",
        "/library?collection={empty collection}",
        "/library/{succeeded picture}/collections",
        "/library/compare?a={succeeded picture}&b={succeeded text}",
    ],
)
def test_what_a_regular_sees(people: People, path: str) -> None:
    """Pictures, films, texts, what runs, what failed, and purchases."""
    assert look(people.regular, path.format_map(people.made)) == []


@pytest.mark.parametrize(
    "path",
    [
        "/admin",
        "/admin/users",
        "/admin/users/{person}",
        "/admin/users/{person}/statement",
        "/admin/users/{person}/jobs",
        "/admin/users/{person}/purchases",
        "/admin/users/{person}/acts",
        "/admin/audit",
        "/admin/providers",
        "/admin/mails",
        "/admin/dead-letters",
    ],
)
def test_what_an_administrator_sees(people: People, path: str) -> None:
    """Each room, and one person's lists; on a phone, where one is stays in sight."""
    assert look(people.boss, path.format_map(people.made), _where_one_is) == []


def test_a_receipt(people: People) -> None:
    """Of what a regular bought, as its purchase leads to it."""
    page = people.regular.new_page()
    page.goto("/billing")
    page.get_by_role("link", name="Receipt", exact=True).first.click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    assert violations(page) == []
    page.close()


def _where_one_is(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a TypedDict of its own
    assert (
        page.evaluate("""() => [...document.querySelectorAll("main nav [aria-current]")].map((link) => {
        const box = link.getBoundingClientRect(), room = link.parentElement.getBoundingClientRect();
        return box.left >= room.left && box.right <= room.right;
    })""").count(False)
        == 0
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def _bad_input(page: Page) -> None:
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _menu(page: Page) -> None:
    page.get_by_label("Your account").click()


def _palette(page: Page) -> None:
    page.keyboard.press("Control+k")


def _models(page: Page) -> None:
    page.get_by_text("Choose a model").locator("..").click()
    page.get_by_text("Test controls").click()


def _code(page: Page) -> None:
    page.get_by_label("Prompt").fill("A heron")
    page.get_by_label("Show the code for this").click()
    expect(page.locator("#code-samples pre").first).to_be_visible(timeout=IN_TIME_MS)


def _link(page: Page) -> None:
    page.get_by_role("link", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("#share-link")).to_be_visible(timeout=IN_TIME_MS)
    # What the pointer is on is drawn otherwise.
    page.mouse.move(0, 0)


def _closely(page: Page) -> None:
    page.get_by_role("button", name="Larger").click()


def _selected(page: Page) -> None:
    page.get_by_role("checkbox", name="Select: A fox crossing fresh snow").check()
    page.get_by_role("button", name="Select all on this page").click()
    page.mouse.move(0, 0)


def _asked(page: Page) -> None:
    _selected(page)
    page.get_by_role("group", name="Selection").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Delete")).to_be_visible()


def _collected(page: Page) -> None:
    _selected(page)
    page.get_by_role("group", name="Selection").get_by_role("button", name="Add to a collection").click()
    expect(page.get_by_role("button", name="Make and add")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "do"),
    [
        ("/generate", _menu),
        ("/generate", _palette),
        ("/generate", _models),
        ("/generate", _code),
        ("/library/{succeeded picture}", _link),
        ("/library/{succeeded picture}", _closely),
        ("/library", _selected),
        ("/library", _asked),
        ("/library", _collected),
    ],
)
def test_what_opens(people: People, path: str, do: Callable[[Page], None]) -> None:
    """Menus and dialogs while they are open."""
    assert look(people.regular, path.format_map(people.made), do) == []


def test_who_wants_no_motion_has_none(people: People) -> None:
    """No element of a page, and nothing drawn before, after or inside it, slides, fades or turns."""
    page = people.regular.new_page()
    try:
        page.emulate_media(reduced_motion="reduce")
        page.goto("/generate")
        moving = page.evaluate("""() => [...document.querySelectorAll("*")].flatMap((element) =>
            ["", "::before", "::after", "::details-content"].filter((part) => {
                const style = getComputedStyle(element, part || null);
                return style.animationName !== "none" || style.transitionDuration !== "0s";
            }).map((part) => element.tagName + part))""")
        assert moving == []
    finally:
        page.close()


def test_what_is_wrong(people: People) -> None:
    """A form that was refused, with its words beside the field."""
    assert look(people.nobody, "/signup", _bad_input) == []


def look(context: BrowserContext, path: str, do: Callable[[Page], None] | None = None) -> list[str]:
    """Open a page, do something on it, and return what is wrong with what it shows."""
    page = context.new_page()
    try:
        page.goto(path)
        if do:
            do(page)
        return violations(page)
    finally:
        page.close()
