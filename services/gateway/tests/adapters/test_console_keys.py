"""`/account/keys`: a key is made, shown once and revoked, without a script."""

import re
from datetime import timedelta

import httpx
import pytest
from gateway_world import HTML, SKETCH, Door, enter, hidden


async def make(door: Door, csrf: str, **fields: object) -> httpx.Response:
    """Send the form, as it is when it is opened but for these fields."""
    page = await door.http.get("/account/keys", headers=HTML)
    form = {
        "csrf_token": csrf,
        "once": hidden(page, "once"),
        "name": "Web shop",
        "scopes": ["generations:write", "account:read"],
        "lifetime": "",
        "monthly_credit_limit": "",
    }
    return await door.http.post("/account/keys", data=form | fields, headers=HTML)


def shown(page: httpx.Response) -> str:
    """The key that a page shows."""
    found = re.search(r'id="new-key"[^>]*>(tt_live_[^<]+)<', page.text)
    assert found, page.text
    return found.group(1)


async def test_nothing_yet(door: Door) -> None:
    """The page says what keys are for; the account leads to it."""
    await enter(door)
    assert "No keys yet" in (await door.http.get("/account/keys", headers=HTML)).text
    assert 'href="/account/keys"' in (await door.http.get("/account", headers=HTML)).text


async def test_a_key_is_shown_once(door: Door) -> None:
    """With a call that works; afterwards only its end is shown."""
    csrf = await enter(door)
    made = await make(door, csrf, models=[SKETCH], lifetime="30", monthly_credit_limit="500")
    key = shown(made)
    assert f"export TINTYPE_TOKEN={key}" in made.text
    bearer = {"Authorization": f"Bearer {key}"}
    assert (await door.http.get("/v1/me", headers=bearer)).json()["email"] == "ada@example.com"
    page = await door.http.get("/account/keys", headers=HTML)
    assert key not in page.text
    for said in (
        "Web shop",
        f"…{key[-4:]}",
        "account:read, generations:write",
        SKETCH,
        "500 credits a month",
    ):
        assert said in page.text
    (kept,) = door.world.identity.keys.values()
    assert kept.key.terms.expires_at == door.clock.now() + timedelta(days=30)


async def test_a_form_that_is_sent_twice_makes_one(door: Door) -> None:
    """The second answer says that it was shown before."""
    csrf = await enter(door)
    page = await door.http.get("/account/keys", headers=HTML)
    form = {"csrf_token": csrf, "once": hidden(page, "once"), "name": "Shop", "scopes": "account:read"}
    shown(await door.http.post("/account/keys", data=form, headers=HTML))
    again = await door.http.post("/account/keys", data=form, headers=HTML)
    assert "made a key before" in again.text
    assert "tt_live_" not in again.text
    assert len(door.world.identity.keys) == 1


async def test_a_key_is_revoked(door: Door) -> None:
    """And opens nothing a second later."""
    csrf = await enter(door)
    key = shown(await make(door, csrf))
    (key_id,) = door.world.identity.keys
    revoked = await door.http.post(
        f"/account/keys/{key_id}/revoke", data={"csrf_token": csrf}, headers=HTML, follow_redirects=True
    )
    assert "Whatever uses the key is refused from now on" in revoked.text
    assert "No keys yet" in revoked.text
    door.clock.pass_(seconds=1)
    bearer = {"Authorization": f"Bearer {key}"}
    assert (await door.http.get("/v1/me", headers=bearer)).status_code == 401


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"monthly_credit_limit": "many"}, "Write a whole number, or nothing."),
        ({"monthly_credit_limit": "9" * 11}, "Write a whole number, or nothing."),
        ({"monthly_credit_limit": "\u0663"}, "Write a whole number, or nothing."),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(door: Door, fields: dict[str, str], says: str) -> None:
    """With what was typed, and nothing is made."""
    csrf = await enter(door)
    page = await make(door, csrf, name="My <b>shop</b>", **fields)
    assert page.status_code == 422
    assert says in page.text
    assert "My &lt;b&gt;shop&lt;/b&gt;" in page.text
    assert door.world.identity.keys == {}


async def test_a_form_of_another_site_makes_nothing(door: Door) -> None:
    """Without the session's token, or for nobody."""
    await enter(door)
    page = await make(door, "guessed")
    assert page.status_code == 403
    assert door.world.identity.keys == {}


async def test_nobody_revokes_anothers(door: Door) -> None:
    """It is not there for them."""
    csrf = await enter(door)
    shown(await make(door, csrf))
    (key_id,) = door.world.identity.keys
    door.http.cookies.clear()
    await door.http.post(
        "/signup", data={"email": "eve@example.com", "password": "correct horse battery"}, headers=HTML
    )
    csrf = hidden(await door.http.get("/account", headers=HTML), "csrf_token")
    refused = await door.http.post(f"/account/keys/{key_id}/revoke", data={"csrf_token": csrf}, headers=HTML)
    assert refused.status_code == 404
    assert not door.world.identity.keys[key_id].is_revoked
