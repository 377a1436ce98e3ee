"""Paying in a real browser while Stripe's webhooks are held back: nobody waits for them."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect
from tintype_local.secrets_file import load_or_make
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

SETTLE_MS = 45_000


@pytest.fixture
def held_back(stack: StackState) -> Iterator[None]:
    """No webhook goes out until the test is over."""
    key = load_or_make(stack.data_folder / "secrets.json")["stripe_key"]

    def hold(**mode: Any) -> None:
        url = f"{stack.url('stripe')}/_test/deliveries/mode"
        httpx.post(url, json=mode, headers={"Authorization": f"Bearer {key}"}).raise_for_status()

    hold(paused=True)
    yield
    hold(paused=False)


def buy(page: Page) -> None:
    """Sign up and go to the payment page of a pack."""
    page.goto("/signup")
    page.get_by_label("Email").fill(f"pays-{uuid4().hex[:10]}@example.com")
    page.get_by_label("Password").fill("a sentence is a good password")
    page.get_by_role("button", name="Create account").click()
    expect(page.locator("#balance")).to_contain_text("1,000", timeout=SETTLE_MS)
    page.goto("/billing")
    page.get_by_role("button", name="Buy Starter").click()


@pytest.mark.usefixtures("held_back")
def test_a_payment_is_there_when_its_buyer_comes_back(page: Page) -> None:
    """The page says so at once, and the credits follow."""
    buy(page)
    page.get_by_role("button", name=re.compile("^Pay \\$")).click()
    expect(page).to_have_url(re.compile("/billing\\?checkout=chk_"))
    expect(page.locator("#checkout")).to_contain_text("your payment arrived", timeout=SETTLE_MS)
    expect(page.locator("#balance")).to_contain_text("2,000", timeout=SETTLE_MS)


@pytest.mark.usefixtures("held_back")
def test_a_bank_debit_that_fails_says_so(page: Page) -> None:
    """On its way at first; when the bank has refused, nothing was charged and nothing was bought."""
    buy(page)
    page.get_by_role("button", name="Pay later (debit that fails)").click()
    said = page.locator("#checkout")
    expect(said).to_contain_text(re.compile("may take a few days|payment failed"))
    expect(said).to_contain_text("Your payment failed", timeout=SETTLE_MS)
    expect(page.locator("#balance")).to_contain_text("1,000")
