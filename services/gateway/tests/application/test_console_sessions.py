"""Console sessions: refreshed once, ended for good, and no use to another site."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from gateway.adapters.inbound.deps import Deps
from gateway.application.log_in import LogIn
from gateway.application.open_console_session import OpenedSession
from gateway.application.sign_up import SignUp
from gateway.bootstrap.parts import wire
from gateway.domain.client import Client
from gateway.domain.errors import Unauthenticated, Unavailable
from gateway_world import ORIGIN, PASSWORD, Door, assert_problem, make_door

COOKIE = "tintype_session"


@pytest.fixture
def console(door: Door) -> Deps:
    """The use cases over the door's memory, with sessions of an hour, and of eight at most."""
    ports = replace(door.world.ports, session_idle=timedelta(hours=1), session_lifetime=timedelta(hours=8))
    return wire(ports)


@pytest.fixture
async def opened(console: Deps) -> OpenedSession:
    """Ada, signed up in the console."""
    return await console.sign_up(SignUp(email="ada@example.com", password=PASSWORD, full_name="Ada"))


async def test_log_in_and_out(console: Deps, opened: OpenedSession, door: Door) -> None:
    """A cookie stands for a user until log-out, which ends the session at identity too."""
    again = await console.log_in(
        LogIn(email="ada@example.com", password=PASSWORD, client=Client(address="x"))
    )
    assert again.cookie != opened.cookie
    current = await console.resume_session(again.cookie)
    assert current is not None
    assert current.email == "ada@example.com"
    await console.log_out(again.cookie)
    assert await console.resume_session(again.cookie) is None
    with pytest.raises(Unauthenticated):
        await door.world.identity.refresh(again.session.refresh_token)
    assert await console.resume_session(opened.cookie) is not None


@pytest.mark.parametrize("cookie", ["", "x", "x" * 43, "../../etc/passwd", "x" * 5000, "ä" * 43])
async def test_cookies_that_are_none(console: Deps, opened: OpenedSession, cookie: str) -> None:
    """Anything but a cookie of ours stands for nobody."""
    assert await console.resume_session(cookie) is None
    await console.log_out(cookie)
    assert await console.resume_session(opened.cookie) is not None


async def test_parallel_requests_refresh_once(console: Deps, opened: OpenedSession, door: Door) -> None:
    """Requests that all find an expired token lead to one refresh, and all get the new one."""
    door.clock.pass_(minutes=20)
    found = await asyncio.gather(*(console.resume_session(opened.cookie) for _ in range(10)))
    assert door.world.identity.refreshes == 1
    tokens = {one.access_token for one in found if one is not None}
    assert len(found) == 10
    assert len(tokens) == 1
    assert tokens != {opened.session.access_token}
    assert {one.access_expires_at for one in found if one} == {door.clock.now() + timedelta(minutes=15)}


async def test_idle_and_absolute_end(console: Deps, opened: OpenedSession, door: Door) -> None:
    """Use keeps a session alive, but not for ever; without use it ends sooner."""
    for _ in range(8):
        door.clock.pass_(minutes=55)
        assert await console.resume_session(opened.cookie) is not None
    door.clock.pass_(minutes=55)
    assert await console.resume_session(opened.cookie) is None
    other = await console.log_in(
        LogIn(email="ada@example.com", password=PASSWORD, client=Client(address="x"))
    )
    door.clock.pass_(minutes=61)
    assert await console.resume_session(other.cookie) is None
    assert door.world.sessions.rows == {}


async def test_a_session_never_outlives_its_refresh_token(door: Door) -> None:
    """However long the console would keep it: what can't be refreshed at identity is over here."""
    days = timedelta(days=90)
    console = wire(replace(door.world.ports, session_idle=days, session_lifetime=days))
    opened = await console.sign_up(SignUp(email="ada@example.com", password=PASSWORD, full_name="Ada"))
    end = door.clock.now() + timedelta(days=30)
    assert (opened.session.expires_at, opened.session.idle_expires_at) == (end, end)
    door.clock.pass_(days=30)
    assert await console.resume_session(opened.cookie) is None
    assert door.world.sessions.rows == {}


async def test_a_session_is_over_at_its_end(console: Deps, opened: OpenedSession, door: Door) -> None:
    """At the moment itself and not after it; and then it is over at identity too."""
    assert opened.session.idle_expires_at == door.clock.now() + timedelta(hours=1)
    door.clock.pass_(minutes=60)
    assert await console.resume_session(opened.cookie) is None
    with pytest.raises(Unauthenticated):
        await door.world.identity.refresh(opened.session.refresh_token)


async def test_use_never_moves_the_absolute_end(console: Deps, opened: OpenedSession, door: Door) -> None:
    """Shortly before it the idle end is the absolute end; before that it is an hour from the last use."""
    end = opened.session.expires_at
    for _ in range(7):
        door.clock.pass_(minutes=59)
        current = await console.resume_session(opened.cookie)
        assert current is not None
        assert current.idle_expires_at == door.clock.now() + timedelta(hours=1)
    door.clock.pass_(minutes=59)
    current = await console.resume_session(opened.cookie)
    assert current is not None
    assert (current.idle_expires_at, current.expires_at) == (end, end)
    assert door.world.sessions.rows[opened.session.digest].idle_expires_at == end


@pytest.mark.parametrize(("left_s", "refreshes"), [(61, 0), (60, 1)])
async def test_tokens_are_refreshed_a_minute_early(
    console: Deps, opened: OpenedSession, door: Door, left_s: int, refreshes: int
) -> None:
    """Before that nobody asks identity for new ones."""
    lasts = opened.session.access_expires_at - door.clock.now()
    door.clock.pass_(seconds=lasts.total_seconds() - left_s)
    assert await console.resume_session(opened.cookie) is not None
    assert door.world.identity.refreshes == refreshes


async def test_who_came_late_gives_the_right_to_refresh_back(
    console: Deps, opened: OpenedSession, door: Door
) -> None:
    """The next refresh need not wait for the lease of somebody who had nothing to do."""
    door.clock.pass_(minutes=20)
    await asyncio.gather(*(console.resume_session(opened.cookie) for _ in range(3)))
    now, digest = door.clock.now(), opened.session.digest
    assert await door.world.sessions.claim_refresh(digest, now=now, until=now) is not None


async def test_what_is_over_is_swept_and_nothing_else(
    console: Deps, opened: OpenedSession, door: Door
) -> None:
    """A session that nobody came back to goes, one in use stays."""
    door.clock.pass_(minutes=59)
    other = await console.log_in(
        LogIn(email="ada@example.com", password=PASSWORD, client=Client(address="x"))
    )
    await console.remove_expired_sessions()
    assert set(door.world.sessions.rows) == {opened.session.digest, other.session.digest}
    door.clock.pass_(minutes=1)
    await console.remove_expired_sessions()
    assert set(door.world.sessions.rows) == {other.session.digest}


async def test_a_session_that_identity_ended(console: Deps, opened: OpenedSession, door: Door) -> None:
    """When identity refuses the refresh, the session is over."""
    await door.world.identity.log_out(opened.session.refresh_token)
    door.clock.pass_(minutes=20)
    assert await console.resume_session(opened.cookie) is None
    assert door.world.sessions.rows == {}


async def test_a_session_that_identity_ended_long_before_its_token(
    console: Deps, opened: OpenedSession, door: Door
) -> None:
    """Its access token has minutes left, and the browser is signed out within a second."""
    assert await console.resume_session(opened.cookie) is not None
    await door.world.identity.log_out(opened.session.refresh_token)
    door.clock.pass_(seconds=1)
    assert await console.resume_session(opened.cookie) is None
    assert door.world.sessions.rows == {}


async def test_a_row_from_before_sessions_were_kept(console: Deps, opened: OpenedSession, door: Door) -> None:
    """It learns its session by one refresh, and lives on."""
    rows = door.world.sessions.rows
    rows[opened.session.digest] = replace(opened.session, session_id=None)
    found = await asyncio.gather(*(console.resume_session(opened.cookie) for _ in range(5)))
    assert {one.session_id for one in found if one} == {opened.session.session_id}
    assert len([one for one in found if one]) == 5
    assert door.world.identity.refreshes == 1
    assert rows[opened.session.digest].session_id == opened.session.session_id


async def test_identity_is_down(
    console: Deps, opened: OpenedSession, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When identity can't answer, the session stays for the next try."""

    async def down(_token: str, _client: Client) -> None:
        raise Unavailable("down")

    door.clock.pass_(minutes=20)
    with monkeypatch.context() as patched:
        patched.setattr(door.world.identity, "refresh", down)
        with pytest.raises(Unavailable):
            await console.resume_session(opened.cookie)
    assert await console.resume_session(opened.cookie) is not None


@pytest.fixture
async def browser(console: Deps, opened: OpenedSession, door: Door) -> Door:
    """A browser with Ada's cookie and credits."""
    door.world.ledger.grant(opened.session.user_id, 100)
    door.http.cookies.set(COOKIE, opened.cookie)
    return door


async def ask(door: Door, **headers: str) -> httpx.Response:
    """A request that spends, with the browser's cookie."""
    body = {"model": "local/sketch", "input": {"prompt": "a heron"}}
    return await door.http.post("/v1/generations", json=body, headers=headers)


async def test_the_cookie_opens_the_api(browser: Door, opened: OpenedSession) -> None:
    """The same calls take the console's session, with its CSRF token from our own page."""
    assert (await browser.http.get("/v1/balance")).json()["available"] == 100
    headers = {"X-CSRF-Token": opened.session.csrf_token, "Origin": ORIGIN}
    assert (await ask(browser, **headers)).status_code == 202
    headers = {"X-CSRF-Token": opened.session.csrf_token, "Referer": f"{ORIGIN}/generate"}
    assert (await ask(browser, **headers)).status_code == 202


async def test_other_sites_can_not_use_the_cookie(browser: Door, opened: OpenedSession) -> None:
    """Without the token, with a wrong one or from elsewhere, 403 and nothing is spent."""
    before = browser.state()
    right = opened.session.csrf_token
    for headers in (
        {"Origin": ORIGIN},
        {"Origin": ORIGIN, "X-CSRF-Token": "wrong"},
        {"Origin": ORIGIN, "X-CSRF-Token": right + "x"},
    ):
        assert_problem(await ask(browser, **headers), 403, "CSRF_TOKEN_INVALID")
    for headers in (
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "https://gateway.test"},
        {"Origin": "http://gateway.test.evil.example"},
        {"Referer": "http://evil.example/?http://gateway.test"},
    ):
        assert_problem(await ask(browser, **{"X-CSRF-Token": right, **headers}), 403, "FOREIGN_ORIGIN")
    assert browser.state() == before


async def test_a_token_never_falls_back_to_the_cookie(browser: Door) -> None:
    """A bad token is refused even when the cookie would do."""
    refused = await browser.http.get("/v1/balance", headers={"Authorization": "Bearer nonsense"})
    assert_problem(refused, 401, "INVALID_TOKEN")


async def test_the_cookie_is_held_to_the_host_over_tls() -> None:
    """Over https the cookie's name makes browsers keep it to this host."""
    door = make_door(public_url="https://gateway.test")
    assert door.world.ports.web.cookie_name == "__Host-tintype_session"
    answer = await door.http.get("/healthz")
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    await door.http.aclose()
