"""Mail, end to end: what is sent arrives in the mailbox, and its links work once."""

from uuid import uuid4

import pytest
from mailed_links import link_in_mail
from playwright.sync_api import Page, expect
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(120)]


def test_address_confirmed_and_password_reset_by_mail(page: Page, stack: StackState) -> None:
    """Both links work in the browser, and a used one is refused."""
    email = f"mail-{uuid4().hex[:10]}@example.com"
    page.goto("/signup")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("the first long password")
    page.get_by_role("button", name="Create account").click()
    page.goto(link_in_mail(stack, email, "/verify-email"))
    page.get_by_role("button", name="Confirm my address").click()
    expect(page.get_by_text("confirmed", exact=True)).to_be_visible()
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()

    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("status")).to_contain_text("on its way")
    link = link_in_mail(stack, email, "/reset-password")
    for used in (False, True):
        page.goto(link)
        page.get_by_label("New password").fill("the second long password")
        page.get_by_role("button", name="Set the password").click()
        if used:
            expect(page.get_by_role("alert")).to_be_visible()
        else:
            expect(page.get_by_role("status")).to_contain_text("new password is set")
