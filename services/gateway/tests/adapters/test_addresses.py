"""`/v1/me/email` and `/account/email`: another address, and the way back to the old one."""

import pytest
from gateway_world import HTML, PASSWORD, Door, assert_problem, enter

NEW = {"email": "ada@new.example", "password": PASSWORD}


async def test_another_address_is_confirmed(door: Door) -> None:
    """By the link alone; the session goes on, and the new address signs in."""
    user_id = await door.sign_up()
    asked = await door.http.post("/v1/me/email", json=NEW)
    assert (asked.status_code, asked.json()) == (202, {"status": "accepted"})
    assert (await door.http.get("/v1/me")).json()["email"] == "ada@example.com"
    (token,) = door.world.identity.changes
    assert (await door.http.post("/v1/auth/email/change", json={"token": token})).status_code == 204
    assert (await door.http.get("/v1/me")).json() | {"id": user_id, "email": NEW["email"]} == (
        await door.http.get("/v1/me")
    ).json()
    assert (await door.http.post("/v1/auth/login", json=NEW)).status_code == 200
    again = await door.http.post("/v1/auth/email/change", json={"token": token})
    assert_problem(again, 422, "INVALID_TOKEN")


async def test_the_old_address_keeps_itself(door: Door) -> None:
    """Everybody is signed out."""
    user_id = await door.sign_up()
    await door.http.post("/v1/me/email", json=NEW)
    (change,), (way_back,) = door.world.identity.changes, door.world.identity.ways_back
    await door.http.post("/v1/auth/email/change", json={"token": change})
    assert (await door.http.post("/v1/auth/email/keep", json={"token": way_back})).status_code == 204
    door.clock.pass_(seconds=1)
    assert_problem(await door.http.get("/v1/me"), 401, "SESSION_ENDED")
    assert door.world.identity.users[user_id].email == "ada@example.com"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (NEW | {"password": "wrong"}, "WRONG_PASSWORD"),
        (NEW | {"email": "no address"}, "INVALID_EMAIL"),
        (NEW | {"email": "ada@example.com"}, "INVALID_FIELD"),
    ],
)
async def test_what_is_wrong_changes_nothing(door: Door, body: dict[str, str], reason: str) -> None:
    """And is named, over REST and in the form."""
    await door.sign_up()
    assert_problem(await door.http.post("/v1/me/email", json=body), 422, reason)
    door.http.headers.pop("Authorization")
    door.http.cookies.clear()
    signed_in = await door.http.post(
        "/login", data={"email": "ada@example.com", "password": PASSWORD}, headers=HTML
    )
    assert signed_in.status_code == 303
    page = await door.http.get("/account/email", headers=HTML)
    csrf = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    refused = await door.http.post("/account/email", data=body | {"csrf_token": csrf}, headers=HTML)
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    assert (door.world.identity.changes, door.world.identity.ways_back) == ({}, {})


async def test_the_console_asks_confirms_and_keeps(door: Door) -> None:
    """A link only shows a page; its button acts."""
    csrf = await enter(door)
    identity = door.world.identity
    assert 'href="/account/email"' in (await door.http.get("/account", headers=HTML)).text
    asked = await door.http.post("/account/email", data=NEW | {"csrf_token": csrf}, headers=HTML)
    assert asked.headers["location"] == "/account?note=email-asked"
    (change,), (way_back,) = identity.changes, identity.ways_back
    for path, token in (("/change-email", change), ("/keep-email", way_back)):
        page = await door.http.get(f"{path}?token={token}", headers=HTML)
        assert f'value="{token}"' in page.text
    assert [user.email for user in identity.users.values()] == ["ada@example.com"]
    confirmed = await door.http.post("/change-email", data={"token": change}, headers=HTML)
    assert confirmed.headers["location"] == "/account?note=email-changed"
    assert [user.email for user in identity.users.values()] == ["ada@new.example"]
    kept = await door.http.post("/keep-email", data={"token": way_back}, headers=HTML)
    assert kept.headers["location"] == "/forgot-password?note=email-kept"
    assert [user.email for user in identity.users.values()] == ["ada@example.com"]
    for path in ("/change-email", "/keep-email"):
        again = await door.http.post(path, data={"token": "used"}, headers=HTML)
        assert (again.status_code, "was used before" in again.text) == (422, True)


async def test_another_site_changes_no_address(door: Door) -> None:
    """A form of a stranger's page, with a token of theirs even."""
    csrf = await enter(door)
    await door.http.post("/account/email", data=NEW | {"csrf_token": csrf}, headers=HTML)
    (change,), (way_back,) = door.world.identity.changes, door.world.identity.ways_back
    foreign = HTML | {"Origin": "https://evil.example"}
    for path, token in (("/change-email", change), ("/keep-email", way_back)):
        assert (await door.http.post(path, data={"token": token}, headers=foreign)).status_code == 403
    assert [user.email for user in door.world.identity.users.values()] == ["ada@example.com"]
