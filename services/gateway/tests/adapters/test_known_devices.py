"""Browsers and clients that identity knows again while strangers guess at an account."""

import pytest
from gateway_world import ORIGIN, PASSWORD, Door, assert_problem, make_door

ADA, EVE = "ada@example.com", "eve@example.com"
FROM_HERE = {"Origin": ORIGIN}
COOKIE, SESSION = "tintype_devices", "tintype_session"


async def enter(door: Door, email: str = ADA, path: str = "/login") -> int:
    """Sign in by the form, then let the session go; returns the status."""
    form = {"email": email, "password": PASSWORD}
    answer = await door.http.post(path, data=form, headers=FROM_HERE)
    door.http.cookies.delete(SESSION) if SESSION in door.http.cookies else None
    return answer.status_code


async def test_a_browser_is_known_again(door: Door) -> None:
    """After one sign-in, though the address is closed to strangers; another browser is one of those."""
    assert await enter(door, path="/signup") == 303
    kept = door.http.cookies[COOKIE]
    door.world.identity.besieged.add(ADA)
    assert await enter(door) == 303
    assert door.http.cookies[COOKIE] == kept
    door.http.cookies.clear()
    assert await enter(door) == 429


async def test_several_people_share_a_browser(door: Door) -> None:
    """Each is known; the one who signed in longest ago is forgotten first."""
    for email in (ADA, EVE, "c@example.com", "d@example.com"):
        assert await enter(door, email, "/signup") == 303
    door.world.identity.besieged |= {ADA, EVE}
    assert [await enter(door, email) for email in (ADA, EVE)] == [303, 303]
    assert await enter(door, "e@example.com", "/signup") == 303
    assert len(door.http.cookies[COOKIE].split("~")) == 4
    assert [await enter(door, email) for email in (ADA, EVE)] == [429, 303]


async def test_a_reset_by_mail_lets_the_owner_in(door: Door) -> None:
    """On a browser that was never seen, while strangers guess."""
    await enter(door, path="/signup")
    door.http.cookies.clear()
    door.world.identity.besieged.add(ADA)
    await door.http.post("/forgot-password", data={"email": ADA}, headers=FROM_HERE)
    form = {"token": door.world.identity.mailed[ADA][-1], "password": PASSWORD}
    assert (await door.http.post("/reset-password", data=form, headers=FROM_HERE)).status_code == 303
    assert await enter(door) == 303


@pytest.mark.exhaustive
@pytest.mark.parametrize("garbage", ["", "~", "~~~~~~", "a b", "x" * 5_000, "\x00", "ä"])
async def test_a_cookie_that_is_none(door: Door, garbage: str) -> None:
    """Whatever a browser sends, the person is only not known."""
    await enter(door, path="/signup")
    door.http.cookies.clear()
    headers = {**FROM_HERE, "Cookie": f"{COOKIE}={garbage}".encode()}
    form = {"email": ADA, "password": PASSWORD}
    answer = await door.http.post("/login", data=form, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 303


async def test_the_cookie_is_out_of_reach() -> None:
    """Of scripts, of other sites and of plain connections; it lasts a year."""
    door = make_door(public_url="https://tintype.test")
    async with door.http:
        form = {"email": ADA, "password": PASSWORD}
        answer = await door.http.post("/signup", data=form, headers={"Origin": "https://tintype.test"})
    (cookie,) = (one for one in answer.headers.get_list("set-cookie") if "devices" in one)
    assert cookie.startswith("__Host-tintype_devices=")
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=31536000"} <= set(cookie.split("; "))


async def test_a_client_sends_its_token_again(door: Door) -> None:
    """It gets one at sign-up and log-in, and no other while that one is good."""
    credentials = {"email": ADA, "password": PASSWORD}
    token = (await door.http.post("/v1/auth/signup", json=credentials)).json()["device_token"]
    assert token
    door.world.identity.besieged.add(ADA)
    assert_problem(await door.http.post("/v1/auth/login", json=credentials), 429, "TOO_MANY_ATTEMPTS")
    for none in ("", "garbage"):
        refused = await door.http.post("/v1/auth/login", json={**credentials, "device_token": none})
        assert_problem(refused, 429, "TOO_MANY_ATTEMPTS")
    known = await door.http.post("/v1/auth/login", json={**credentials, "device_token": token})
    assert (known.status_code, known.json()["device_token"]) == (200, None)
