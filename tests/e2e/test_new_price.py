"""A price that changes while somebody looks at it, over the whole stack and in a browser."""

import re
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest
import stripe
from playwright.sync_api import Page, expect
from tintype_local.secrets_file import load_or_make
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

PACK, USUAL, DEARER = "production", 5000, 5500
WAIT_S = 60


@pytest.fixture
def costs(stack: StackState) -> Iterator[Callable[[int], None]]:
    """Have the pack cost something else in Stripe's dashboard, until the test is over."""
    key = load_or_make(stack.data_folder / "secrets.json")["stripe_key"]
    dashboard = stripe.StripeClient(
        key, base_addresses={"api": stack.url("stripe")}, max_network_retries=0
    ).v1

    def cost(price_minor: int) -> None:
        dashboard.prices.create(
            {
                "product": f"tintype_{PACK}",
                "unit_amount": price_minor,
                "currency": "usd",
                "lookup_key": f"tintype_{PACK}",
                "transfer_lookup_key": True,
            }
        )
        deadline = time.monotonic() + WAIT_S
        while shown(stack) != price_minor:
            assert time.monotonic() < deadline, "the new price is not shown"
            time.sleep(0.2)

    yield cost
    cost(USUAL)


def shown(stack: StackState) -> int:
    """What the pack costs, as everybody is told."""
    packs = httpx.get(f"{stack.url('gateway')}/v1/packs").raise_for_status().json()["data"]
    return next(int(pack["price_minor"]) for pack in packs if pack["id"] == PACK)


def test_whoever_looked_at_the_old_price_is_asked_again(any_page: Page, costs: Callable[[int], None]) -> None:
    """The button of the page that is open sells nothing; the page that answers sells at the new price."""
    page = any_page
    page.goto("/signup")
    page.get_by_label("Email").fill(f"price-{uuid4().hex[:10]}@example.com")
    page.get_by_label("Password").fill("a sentence is a good password")
    page.get_by_role("button", name="Create account").click()
    expect(page).not_to_have_url(re.compile("/signup"))
    page.goto("/billing")
    pack = page.get_by_role("article").filter(has_text="Production")
    expect(pack).to_contain_text("$50.00")
    costs(DEARER)
    page.get_by_role("button", name="Buy Production").click()
    expect(page.get_by_role("alert")).to_contain_text("The price has just changed to $55.00")
    expect(pack).to_contain_text("$55.00")
    page.get_by_role("button", name="Buy Production").click()
    expect(page.get_by_role("button", name="Pay $55.00")).to_be_visible()
