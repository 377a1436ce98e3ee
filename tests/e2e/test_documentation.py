"""The documentation's page sends requests with the key of whoever reads it."""

import pytest
from axe import violations
from customer import WELCOME, Customer
from playwright.sync_api import Browser, Locator, Page, expect
from tintype_local.state import StackState
from visitor import IN_TIME_MS

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def key(customer: Customer) -> str:
    """An API key of a new customer's."""
    scopes = ["billing:read", "generations:read", "generations:write"]
    made = customer.api.post("/v1/api-keys", json={"name": "Docs", "scopes": scopes})
    assert made.status_code == 201, made.text
    return str(made.json()["key"])


def operation(page: Page, name: str) -> Locator:
    """Open an operation as a link does."""
    page.goto(f"/docs#{name}")
    page.reload()
    return page.locator(f"details#{name}")


def send(one: Locator) -> Locator:
    """Press the button; returns what is shown of the answer."""
    one.get_by_role("button", name="Send").click()
    expect(one.locator(".status")).to_contain_text("ms", timeout=IN_TIME_MS)
    return one.locator(".answer")


def test_a_key_is_typed_and_the_balance_is_answered(page: Page, key: str) -> None:
    """Without one it is refused; with one it is the balance, and the key stands in no text."""
    one = operation(page, "read_balance")
    expect(send(one)).to_contain_text("401")
    page.get_by_label("Your API key").fill(key)
    answer = send(one)
    expect(answer).to_contain_text("200 OK")
    expect(answer.get_by_label("The answer")).to_contain_text(f'"available": {WELCOME}')
    one.get_by_text("As curl").click()
    shown = one.get_by_label("The request as curl")
    expect(shown).to_contain_text("/v1/balance")
    expect(shown).to_contain_text("Bearer $TINTYPE_TOKEN")
    assert key not in page.content()
    # It is forgotten with the page.
    page.reload()
    expect(page.get_by_label("Your API key")).to_have_value("")


def test_a_generation_is_started_and_followed(page: Page, key: str) -> None:
    """The example in the form is a good one; what it waits for is answered."""
    one = operation(page, "create_generation")
    page.get_by_label("Your API key").fill(key)
    one.get_by_label("prefer").fill("wait=60")
    answer = send(one)
    expect(answer).to_contain_text("201 Created")
    expect(answer).to_contain_text("preference-applied: wait=60")
    expect(answer.get_by_label("The answer")).to_contain_text('"status": "succeeded"')


def test_a_refusal_is_shown_as_it_is(page: Page, key: str) -> None:
    """A place that is asked for stands in the address, whatever is in it; a key does what it may."""
    one = operation(page, "read_generation")
    page.get_by_label("Your API key").fill(key)
    one.get_by_label("generation").fill("../balance?x=<b>")
    answer = send(one)
    expect(answer).to_contain_text("404")
    expect(answer.get_by_label("The answer")).to_contain_text('"reason": "NOT_FOUND"')
    closed = operation(page, "list_api_keys")
    page.get_by_label("Your API key").fill(key)
    expect(send(closed)).to_contain_text("KEYS_NOT_ADMITTED")


def test_a_stream_is_shown_and_stopped(page: Page, key: str) -> None:
    """Events as they come, until somebody has seen enough."""
    one = operation(page, "follow_events")
    page.get_by_label("Your API key").fill(key)
    answer = send(one)
    expect(answer.get_by_label("The answer")).to_contain_text("retry: 2000", timeout=IN_TIME_MS)
    one.get_by_role("button", name="Stop").click()
    expect(answer).to_contain_text("stopped")


def test_everybody_can_read_it(browser: Browser, stack: StackState) -> None:
    """WCAG on a phone, with an operation open; nothing scrolls sideways."""
    context = browser.new_context(base_url=stack.url("gateway"), viewport={"width": 390, "height": 800})
    page = context.new_page()
    one = operation(page, "create_generation")
    expect(send(one)).to_contain_text("401")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
