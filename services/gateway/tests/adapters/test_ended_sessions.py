"""Sessions that ended open nothing any more, whatever their access tokens still say."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from chassis import nats
from chassis.events import event
from chassis.publisher import Publisher
from embedded.testing import NatsLogin, nats_password
from gateway.adapters.inbound.ended_sessions import hear_of_ended_sessions
from gateway.domain.errors import Unavailable
from gateway_world import PASSWORD, Door, assert_problem
from tintype.identity.v1.events_pb2 import SessionsEnded

End = Callable[[Door, dict[str, Any]], Awaitable[object]]
CREDENTIALS = {"email": "ada@example.com", "password": PASSWORD}


async def log_out(door: Door, opened: dict[str, Any]) -> None:
    """The client gives its refresh token back."""
    await door.http.post("/v1/auth/logout", json={"refresh_token": opened["refresh_token"]})


async def reuse(door: Door, opened: dict[str, Any]) -> None:
    """Two hold the same refresh token."""
    for _ in range(2):
        await door.http.post("/v1/auth/refresh", json={"refresh_token": opened["refresh_token"]})


async def reset(door: Door, _opened: dict[str, Any]) -> None:
    """The password is replaced by mail."""
    await door.http.post("/v1/auth/password/forgot", json={"email": CREDENTIALS["email"]})
    token = door.world.identity.mailed[CREDENTIALS["email"]][-1]
    await door.http.post(
        "/v1/auth/password/reset", json={"token": token, "new_password": "another long password"}
    )


@pytest.mark.parametrize(("end", "others_end"), [(log_out, False), (reuse, False), (reset, True)])
async def test_an_access_token_dies_with_its_session(door: Door, end: End, others_end: bool) -> None:
    """Within a second, for reading and for spending, and without a trace of what it wanted."""
    user_id = await door.sign_up(welcome_credits=1000)
    opened = (await door.http.post("/v1/auth/login", json=CREDENTIALS)).json()
    bearer = {"Authorization": f"Bearer {opened['access_token']}"}
    assert (await door.http.get("/v1/me", headers=bearer)).json()["id"] == user_id
    await end(door, opened)
    door.clock.pass_(seconds=1)
    before = door.state()
    body = {"model": "local/sketch", "input": {"prompt": "a heron"}}
    for answer in (
        await door.http.get("/v1/me", headers=bearer),
        await door.http.get("/v1/events", headers=bearer),
        await door.http.post("/v1/generations", json=body, headers=bearer),
    ):
        assert_problem(answer, 401, "SESSION_ENDED")
    assert door.state() == before
    # The session of the sign-up is another one.
    assert (await door.http.get("/v1/me")).status_code == (401 if others_end else 200)


async def test_without_identity_nobody_spends(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the session stands can't be told: 503 and a moment to wait, and nothing happened."""
    await door.sign_up(welcome_credits=1000)
    before = door.state()

    async def away(_session_ids: object) -> frozenset[str]:
        raise Unavailable("away")

    monkeypatch.setattr(door.world.identity, "open_sessions", away)
    answer = await door.generate()
    assert_problem(answer, 503, "SESSION_STATE_UNKNOWN")
    assert answer.headers["retry-after"] == "1"
    assert door.state() == before


async def test_a_gateway_is_told_by_the_broker(door: Door, nats_account: Callable[[str], NatsLogin]) -> None:
    """The fact makes it ask again at once, though its second is not over."""
    user_id = await door.sign_up()
    assert (await door.http.get("/v1/me")).status_code == 200
    url = nats_account("gateway").url
    listening = await nats.connect(url, user="gateway", password=nats_password("gateway"), name="t")
    speaking = await nats.connect(url, user="identity", password=nats_password("identity"), name="t")
    hearing = asyncio.create_task(hear_of_ended_sessions(listening, door.open_sessions))
    try:
        await nats.ensure_stream(speaking.jetstream(), "identity")
        door.world.identity.sessions.clear()
        fact = event(
            SessionsEnded(user_id=user_id), account=user_id, event_id="evt_1", time=datetime.now(UTC)
        )
        async with asyncio.timeout(5):
            while (await door.http.get("/v1/me")).status_code == 200:
                # Once more until the subscription is there; the clock stands still meanwhile.
                await Publisher(speaking.jetstream()).publish(fact)
                await asyncio.sleep(0.05)
    finally:
        hearing.cancel()
        await asyncio.wait({hearing})
        await listening.close()
        await speaking.close()
