"""Welcome credits with the walls of production, over the whole stack."""

import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from another_process import another_gateway, another_identity
from mailed_links import link_in_mail
from playwright.sync_api import Browser, expect
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
PASSWORD = "a password of some length"


@pytest.fixture(scope="module")
def walled(stack: StackState) -> Iterator[str]:
    """A gateway before an identity that runs with its defaults."""
    with (
        another_identity(
            stack, IDENTITY_WELCOME_AFTER_CONFIRMATION="true", IDENTITY_WELCOME_ONCE_PER_MAILBOX="true"
        ) as identity,
        another_gateway(stack, GATEWAY_IDENTITY_TARGET=identity) as gateway,
    ):
        yield gateway


class Alias:
    """An account under one address of a mailbox."""

    def __init__(self, gateway: str, email: str) -> None:
        self.gateway, self.email = gateway, email
        opened = httpx.post(
            f"{gateway}/v1/auth/signup", json={"email": email, "password": PASSWORD}, timeout=20
        ).json()
        self.bearer = {"Authorization": f"Bearer {opened['access_token']}"}

    def read(self, path: str) -> dict[str, object]:
        """What the API says to this account."""
        read: dict[str, object] = httpx.get(f"{self.gateway}{path}", headers=self.bearer, timeout=20).json()
        return read

    def confirm(self, stack: StackState) -> str:
        """Follow the mailed link; returns what became of the welcome."""
        token = link_in_mail(stack, self.email, "/verify-email").partition("token=")[2]
        answer = httpx.post(f"{self.gateway}/v1/auth/email/verify", json={"token": token}, timeout=20)
        welcome: str = answer.json()["user"]["welcome"]
        return welcome

    def available(self) -> object:
        """What it can spend."""
        return self.read("/v1/balance")["available"]


def until_welcomed(account: Alias) -> None:
    """Wait for the credits."""
    deadline = time.monotonic() + 20
    while account.available() != 1000:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_welcome_credits_come_with_the_confirmation_and_once_a_mailbox(
    stack: StackState, walled: str
) -> None:
    """Of three aliases the first that is confirmed is welcomed; the others work, and have nothing."""
    mailbox = f"welcome-{uuid4().hex[:10]}"
    first, second, third = (Alias(walled, f"{mailbox}{tag}@example.com") for tag in ("+1", "+2", ""))
    assert [one.available() for one in (first, second, third)] == [0, 0, 0]
    assert second.read("/v1/me")["welcome"] == "pending"
    assert second.confirm(stack) == "given"
    until_welcomed(second)
    assert [one.confirm(stack) for one in (first, third)] == ["none", "none"]
    # What was told before this one's confirmation has been heard by then.
    stranger = Alias(walled, f"stranger-{mailbox}@example.com")
    assert stranger.confirm(stack) == "given"
    until_welcomed(stranger)
    assert [one.available() for one in (first, second, third)] == [0, 1000, 0]


@pytest.mark.browser
def test_a_page_promises_credits_and_shows_them_when_they_come(
    stack: StackState, walled: str, browser: Browser
) -> None:
    """The sidebar's number changes by itself once the address is confirmed elsewhere."""
    email = f"page-{uuid4().hex[:10]}@example.com"
    context = browser.new_context(base_url=stack.url("gateway"))
    page = context.new_page()
    account = Alias(walled, email)
    page.goto("/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    offer = page.get_by_role("complementary", name="Welcome credits")
    expect(offer).to_contain_text("1,000 credits")
    assert account.confirm(stack) == "given"
    expect(page.locator("summary#balance")).to_contain_text("1,000 credits")
    page.reload()
    expect(offer).to_have_count(0)
    context.close()
