"""A new password for somebody who is signed in: one click, and the page says what happens."""

import re

import pytest
from gateway_world import HTML, Door, enter

FORM = re.compile(r'<form method="post" action="/forgot-password">(.*?)</form>', re.DOTALL)
SIGNED_IN = 'action="/logout"'


async def test_the_account_mails_a_link_and_says_so(door: Door) -> None:
    """The address is known; the person stays where they are, and signed in."""
    await enter(door)
    (form,) = FORM.findall((await door.http.get("/account", headers=HTML)).text)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert fields == {"email": "ada@example.com", "next": "/account"}
    before = len(door.world.identity.mailed["ada@example.com"])
    answer = await door.http.post("/forgot-password", data=fields, headers=HTML)
    assert answer.headers["location"] == "/account?note=reset-sent"
    assert len(door.world.identity.mailed["ada@example.com"]) == before + 1
    page = (await door.http.get(answer.headers["location"], headers=HTML)).text
    assert "a mail with a link is on its way" in page
    assert SIGNED_IN in page


async def test_signed_out_it_leads_to_the_sign_in(door: Door) -> None:
    """As before, and to nowhere else, whatever the form says."""
    form = {"email": "ada@example.com", "next": "https://evil.example/"}
    answer = await door.http.post("/forgot-password", data=form, headers=HTML)
    assert answer.headers["location"] == "/login?note=reset-sent"
    await enter(door)
    answer = await door.http.post("/forgot-password", data=form, headers=HTML)
    assert answer.headers["location"].startswith("/")
    assert "evil" not in answer.headers["location"]


@pytest.mark.parametrize("path", ["/forgot-password", "/reset-password?token=x", "/verify-email?token=x"])
async def test_pages_of_mailed_links_are_of_whom_is_signed_in(door: Door, path: str) -> None:
    """They say who that is, and whom the mail goes to."""
    assert SIGNED_IN not in (await door.http.get(path, headers=HTML)).text
    await enter(door)
    page = (await door.http.get(path, headers=HTML)).text
    assert SIGNED_IN in page
    if path == "/forgot-password":
        assert 'name="email" type="email" value="ada@example.com"' in page


async def test_a_dead_link_leads_to_a_new_one(door: Door) -> None:
    """Not to a form that can't succeed; a password that is too short keeps the form of a link that lives."""
    form = {"token": "nonsense", "password": "another long sentence"}
    page = (await door.http.post("/reset-password", data=form, headers=HTML)).text
    assert "was used before or has expired" in page
    assert 'href="/forgot-password">Ask for a new link' in page
    assert 'name="password"' not in page
    await enter(door)
    door.http.cookies.clear()
    await door.http.post("/forgot-password", data={"email": "ada@example.com"}, headers=HTML)
    token = door.world.identity.mailed["ada@example.com"][-1]
    page = (
        await door.http.post("/reset-password", data={"token": token, "password": "short"}, headers=HTML)
    ).text
    assert 'name="password"' in page
    assert "Ask for a new link" not in page


async def test_a_dead_confirmation_is_mailed_again(door: Door) -> None:
    """By a button where it is known for whom; a stranger signs in first."""
    page = (await door.http.post("/verify-email", data={"token": "nonsense"}, headers=HTML)).text
    assert "was used before or has expired" in page
    assert 'action="/verify-email' not in page
    assert 'href="/login?next=/account"' in page
    await enter(door)
    page = (await door.http.post("/verify-email", data={"token": "nonsense"}, headers=HTML)).text
    assert 'action="/verify-email/again"' in page
    assert 'name="token"' not in page
