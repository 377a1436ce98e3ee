"""Sign-in by a provider's word, in a real browser, with the stand-in that answers for Google."""

import re
from uuid import uuid4

import pytest
from customer import Customer
from mailed_links import link_in_mail
from playwright.sync_api import Page, expect
from tintype_local.state import StackState
from visitor import IN_TIME_MS, PASSWORD

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]


def say(page: Page, email: str) -> None:
    """Tell the stand-in who one is."""
    expect(page.get_by_text("This is a stand-in, not Google")).to_be_visible(timeout=IN_TIME_MS)
    page.get_by_label("Email address").fill(email)
    page.get_by_role("button", name="Continue", exact=True).click()


def test_somebody_new_comes_by_google_and_comes_back(page: Page) -> None:
    """The button says that a stand-in answers; both times they end on the page that was wanted."""
    email = f"new-{uuid4().hex[:10]}@example.com"
    page.goto("/login?next=/billing")
    page.get_by_role("link", name="Sign in with Google (stand-in)").click()
    say(page, email)
    expect(page).to_have_url(re.compile("/billing$"), timeout=IN_TIME_MS)
    page.goto("/account/sign-in")
    expect(
        page.get_by_role("listitem").filter(has_text="Password").get_by_text("You have none.")
    ).to_be_visible()
    expect(page.get_by_text("Your only way in.")).to_be_visible()
    expect(page.get_by_role("button", name="Remove Google (stand-in)")).to_have_count(0)
    page.context.clear_cookies()
    page.goto("/signup?next=/account")
    page.get_by_role("link", name="Sign in with Google (stand-in)").click()
    say(page, email)
    expect(page).to_have_url(re.compile("/account$"), timeout=IN_TIME_MS)
    expect(page.get_by_role("main").get_by_text(email).first).to_be_visible()


def test_an_account_is_linked_by_its_owner(page: Page, customer: Customer, stack: StackState) -> None:
    """Who says to be her at the provider signs in as before, has proven the address, and is asked."""
    page.goto("/login?next=/library")
    page.get_by_role("link", name="Sign in with Google (stand-in)").click()
    say(page, customer.email)
    expect(page.get_by_text(f"There is an account with {customer.email} already.")).to_be_visible(
        timeout=IN_TIME_MS
    )
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Link Google (stand-in) with your account?")).to_be_visible(
        timeout=IN_TIME_MS
    )
    expect(page.get_by_text("Confirm your email address first")).to_be_visible()
    expect(page.get_by_role("button", name="Link it")).to_have_count(0)
    token = link_in_mail(stack, customer.email, "verify-email").rpartition("=")[2]
    assert customer.api.post("/v1/auth/email/verify", json={"token": token}).status_code == 200
    page.reload()
    page.get_by_role("button", name="Link it").click()
    expect(page.get_by_role("button", name="Remove Google (stand-in)")).to_be_visible(timeout=IN_TIME_MS)
    page.context.clear_cookies()
    page.goto("/login?next=/library")
    page.get_by_role("link", name="Sign in with Google (stand-in)").click()
    say(page, customer.email)
    expect(page).to_have_url(re.compile("/library$"), timeout=IN_TIME_MS)


def test_who_is_not_vouched_for_or_cancels_reads_why(page: Page, stack: StackState) -> None:
    """On a page of ours, with a form to begin again."""
    page.goto("/login")
    page.get_by_role("link", name="Sign in with Google (stand-in)").click()
    say(page, f"unverified-{uuid4().hex[:10]}@example.com")
    expect(page.get_by_role("alert")).to_contain_text("has not confirmed your email address")
    page.get_by_role("link", name="Sign in with Google (stand-in)").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("The sign-in was cancelled.")
    assert page.url.startswith(stack.url("gateway"))
