"""`/v1/sessions` and `/account/sessions`: where a person is signed in, and how it ends from elsewhere."""

import re

import httpx
import pytest
from gateway_world import HTML, PASSWORD, Door, assert_problem, enter, hidden

CREDENTIALS = {"email": "ada@example.com", "password": PASSWORD}


async def elsewhere(door: Door, name: str = "Phone/1.0") -> dict[str, str]:
    """Sign in once more with another program; returns what its requests are sent with."""
    answer = await door.http.post("/v1/auth/login", json=CREDENTIALS, headers={"User-Agent": name})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def listed(door: Door) -> list[dict[str, object]]:
    """The caller's sessions."""
    answer = await door.http.get("/v1/sessions")
    assert answer.status_code == 200, answer.text
    data: list[dict[str, object]] = answer.json()["data"]
    return data


async def test_a_person_sees_where_they_are_signed_in(door: Door) -> None:
    """With the address, the program, the times, and which of them asks."""
    await door.sign_up()
    door.clock.pass_(minutes=1)
    await elsewhere(door)
    phone, here = await listed(door)
    assert (phone["device"], phone["current"], here["current"]) == ("Phone", False, True)
    assert phone["address"]
    assert str(phone["created_at"]) > str(here["created_at"])


async def test_one_is_ended_everywhere(door: Door) -> None:
    """Within a second, and as often as it is ended; this one goes on."""
    await door.sign_up()
    door.clock.pass_(minutes=1)
    phone = await elsewhere(door)
    assert (await door.http.get("/v1/me", headers=phone)).status_code == 200
    ended = (await listed(door))[0]["id"]
    for _ in range(2):
        assert (await door.http.delete(f"/v1/sessions/{ended}")).status_code == 204
    door.clock.pass_(seconds=1)
    assert_problem(await door.http.get("/v1/me", headers=phone), 401, "SESSION_ENDED")
    assert [one["current"] for one in await listed(door)] == [True]


async def test_all_others_are_ended(door: Door) -> None:
    """Browsers among them, whose cookie opens nothing any more."""
    await door.sign_up()
    browser = httpx.AsyncClient(transport=httpx.ASGITransport(door.app), base_url="http://gateway.test")
    async with browser:
        assert (await browser.post("/login", data=CREDENTIALS, headers=HTML)).status_code == 303
        phone = await elsewhere(door)
        assert (await door.http.delete("/v1/sessions")).json() == {"ended": 2}
        door.clock.pass_(seconds=1)
        assert_problem(await door.http.get("/v1/me", headers=phone), 401, "SESSION_ENDED")
        assert (await browser.get("/account", headers=HTML)).status_code == 303
    assert (await door.http.get("/v1/me")).status_code == 200
    assert door.world.sessions.rows == {}


@pytest.mark.parametrize("session", ["ses_" + "0" * 32, "x", "%00", "ses_" + "0" * 500])
async def test_what_never_was_is_not_found(door: Door, session: str) -> None:
    """Whatever it is called."""
    await door.sign_up()
    assert_problem(await door.http.delete(f"/v1/sessions/{session}"), 404, "SESSION_NOT_FOUND")


async def test_another_persons_is_not_found(door: Door) -> None:
    """And goes on."""
    await door.sign_up("eve@example.com")
    eve, eves = dict(door.http.headers), (await listed(door))[0]["id"]
    await door.sign_up()
    assert_problem(await door.http.delete(f"/v1/sessions/{eves}"), 404, "SESSION_NOT_FOUND")
    assert (await door.http.delete("/v1/sessions")).json() == {"ended": 0}
    door.clock.pass_(seconds=1)
    assert (await door.http.get("/v1/me", headers={"Authorization": eve["authorization"]})).status_code == 200


async def test_the_console_shows_and_ends_them(door: Door) -> None:
    """One after the other, then all others; the account leads there."""
    csrf = await enter(door)
    door.clock.pass_(minutes=1)
    await elsewhere(door, "<b>Phone</b>")
    await elsewhere(door)
    assert 'href="/account/sessions"' in (await door.http.get("/account", headers=HTML)).text
    page = await door.http.get("/account/sessions", headers=HTML)
    assert "&lt;b&gt;Phone&lt;" in page.text
    assert page.text.count('/end"') == 3
    assert page.text.count("this one") == 1
    other = next(one for one, seen in door.world.identity.seen.items() if seen.browser == "Phone")
    form = {"csrf_token": csrf}
    answer = await door.http.post(f"/account/sessions/{other}/end", data=form, headers=HTML)
    assert answer.headers["location"] == "/account/sessions?note=session-ended"
    assert other not in door.world.identity.sessions
    answer = await door.http.post("/account/sessions/end-others", data=form, headers=HTML)
    assert answer.headers["location"] == "/account/sessions?note=others-ended"
    assert len(door.world.identity.sessions) == 1
    page = await door.http.get("/account/sessions", headers=HTML)
    assert "Sign out all others" not in page.text


async def test_ending_this_one_signs_out(door: Door) -> None:
    """And the browser forgets it."""
    csrf = await enter(door)
    (own,) = door.world.identity.sessions
    answer = await door.http.post(f"/account/sessions/{own}/end", data={"csrf_token": csrf}, headers=HTML)
    assert answer.headers["location"] == "/login?note=signed-out"
    assert not door.http.cookies.get("tintype_session")
    door.clock.pass_(seconds=1)
    assert (await door.http.get("/account", headers=HTML)).status_code == 303


async def test_a_form_of_another_site_ends_nothing(door: Door) -> None:
    """Without the token of a page of ours, and of what is another person's."""
    csrf = await enter(door)
    await elsewhere(door)
    refused = await door.http.post("/account/sessions/end-others", data={"csrf_token": "x"}, headers=HTML)
    assert refused.status_code == 403
    assert len(door.world.identity.sessions) == 2
    unknown = await door.http.post("/account/sessions/ses_other/end", data={"csrf_token": csrf}, headers=HTML)
    assert unknown.status_code == 404


async def test_a_refresh_says_where_it_comes_from(door: Door) -> None:
    """Of the console's cookie too: a browser that changed is shown as what it is now."""
    await enter(door)
    door.clock.pass_(minutes=20)
    await door.http.get("/account", headers=HTML | {"User-Agent": "Fox/2"})
    (seen,) = door.world.identity.seen.values()
    assert (seen.browser, seen.last_used_at) == ("Fox", door.clock.now())
    assert hidden(await door.http.get("/account", headers=HTML), "csrf_token")


async def test_the_rooms_of_the_account_lead_to_each_other(door: Door) -> None:
    """Each is there, has the same navigation, and says which one it is."""
    await enter(door)
    page = (await door.http.get("/account", headers=HTML)).text
    rooms = re.findall(r'<a href="([^"]+)"', page.split('<nav class="seg"')[1].split("</nav>")[0])
    assert len(rooms) > 5
    for room in rooms:
        answer = await door.http.get(room, headers=HTML)
        assert answer.status_code == 200, room
        navigation = answer.text.split('<nav class="seg"')[1].split("</nav>")[0]
        assert re.findall(r'<a href="([^"]+)"', navigation) == rooms
        assert re.findall(r'<a href="([^"]+)" aria-current="page"', navigation) == [room]
