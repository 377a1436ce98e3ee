"""A person sees where they are signed in, and ends it from wherever they are."""

from datetime import timedelta

import pytest
import structlog
from identity.adapters.outbound.memory.directory import MemoryDirectory
from identity.application.check_sessions import CheckSessionsHandler
from identity.application.end_other_sessions import EndOtherSessions
from identity.application.end_own_session import EndOwnSession
from identity.application.list_sessions import SHOWN_MAX
from identity.application.log_out import LogOut
from identity.domain.client import Client
from identity.domain.errors import SessionNotFound, UserNotFound
from identity.domain.events import SessionsEnded
from identity.domain.identifiers import SessionId, UserId
from identity.domain.session import EndReason
from identity_world import EVE, World

LAPTOP = Client(address="203.0.113.7", browser="Firefox", system="Linux")
PHONE = Client(address="2001:db8::1", browser="Mobile Safari", system="iOS")


def ends(world: World) -> list[SessionsEnded]:
    """What was told of ends."""
    return [event for event in world.store.events if isinstance(event, SessionsEnded)]


async def test_sessions_say_where_they_are_used(world: World) -> None:
    """Those that stand, with where they were used last; what ended or can't be refreshed is not shown."""
    first = await world.sign_up(client=LAPTOP)
    user_id = first.user.user_id
    gone = await world.log_in(client=PHONE)
    await world.handlers.log_out(LogOut(gone.refresh_token))
    world.clock.advance(timedelta(days=29))
    second = await world.log_in(client=PHONE)
    listed = await world.handlers.sessions.list(user_id)
    assert [(one.session_id, one.client) for one in listed] == [
        (second.session_id, PHONE),
        (first.session_id, LAPTOP),
    ]
    moved = Client(address="198.51.100.9", browser="Firefox", system="Linux")
    await world.refresh(first.refresh_token, client=moved)
    listed = await world.handlers.sessions.list(user_id)
    assert {one.session_id: one.client for one in listed}[first.session_id] == moved
    world.clock.advance(timedelta(days=30))
    assert await world.handlers.sessions.list(user_id) == []


async def test_a_refresh_that_says_nothing_leaves_what_is_known(world: World) -> None:
    """An older gateway does not say where it comes from."""
    opened = await world.sign_up(client=LAPTOP)
    world.clock.advance(timedelta(hours=1))
    await world.refresh(opened.refresh_token, client=Client())
    (session,) = await world.handlers.sessions.list(opened.user.user_id)
    assert (session.client, session.last_used_at) == (LAPTOP, world.clock.now())


async def test_more_than_anybody_looks_through_are_not_shown(world: World) -> None:
    """A program that signs in for each run: the newest are shown, with the bound."""
    opened = await world.sign_up()
    world.clock.advance(timedelta(minutes=1))
    async with world.ports.units.of(opened.user.user_id) as work:
        for _ in range(SHOWN_MAX):
            await world.handlers.log_in.sessions.open(work, opened.user, LAPTOP, world.clock.now())
    listed = await world.handlers.sessions.list(opened.user.user_id)
    assert len(listed) == SHOWN_MAX
    assert opened.session_id not in {one.session_id for one in listed}


async def test_one_is_ended(world: World) -> None:
    """Told once, however often it is ended; the other goes on."""
    first, second = await world.sign_up(), await world.log_in()
    end = EndOwnSession(first.user.user_id, second.session_id)
    await world.handlers.sessions.end(end)
    await world.handlers.sessions.end(end)
    ids = [first.session_id, second.session_id]
    assert await world.handlers.sessions.check(ids) == {first.session_id}
    (told,) = ends(world)
    assert (told.session_id, told.reason) == (second.session_id, EndReason.ENDED_BY_USER)


async def test_all_others_are_ended(world: World) -> None:
    """Told once for all of them, and not at all where there was none."""
    kept = await world.sign_up()
    others = [await world.log_in(client=f"198.51.100.{number}") for number in range(3)]
    eve = await world.sign_up(EVE)
    end = EndOtherSessions(kept.user.user_id, kept.session_id)
    assert await world.handlers.sessions.end_others(end) == 3
    assert await world.handlers.sessions.end_others(end) == 0
    ids = [kept.session_id, eve.session_id, *(one.session_id for one in others)]
    assert await world.handlers.sessions.check(ids) == {kept.session_id, eve.session_id}
    (told,) = ends(world)
    assert (told.session_id, told.kept_session_id) == (None, kept.session_id)


async def test_another_persons_are_not_there(world: World) -> None:
    """Neither to be seen, nor to be ended, nor to be kept."""
    ada, eve = await world.sign_up(), await world.sign_up(EVE)
    before = world.store.snapshot()
    for unknown in (ada.session_id, SessionId("ses_" + "0" * 32)):
        with pytest.raises(SessionNotFound):
            await world.handlers.sessions.end(EndOwnSession(eve.user.user_id, unknown))
        with pytest.raises(SessionNotFound):
            await world.handlers.sessions.end_others(EndOtherSessions(eve.user.user_id, unknown))
    assert [one.session_id for one in await world.handlers.sessions.list(eve.user.user_id)] == [
        eve.session_id
    ]
    with pytest.raises(UserNotFound):
        await world.handlers.sessions.list(UserId("usr_nobody"))
    assert world.store == before


async def test_use_is_noted_by_the_minute(world: World) -> None:
    """A session that is asked about each second is written once a minute."""
    opened = await world.sign_up()
    signed_up_at = world.clock.now()
    for _ in range(59):
        world.clock.advance(timedelta(seconds=1))
        await world.handlers.sessions.check([opened.session_id])
    assert world.store.sessions[opened.session_id].last_used_at == signed_up_at
    world.clock.advance(timedelta(seconds=1))
    await world.handlers.sessions.check([opened.session_id])
    assert world.store.sessions[opened.session_id].last_used_at == world.clock.now()


async def test_a_session_stands_though_its_use_can_not_be_noted(world: World) -> None:
    """Whoever asks is answered; the trouble is in the log."""
    opened = await world.sign_up()
    world.clock.advance(timedelta(hours=1))

    class Full(MemoryDirectory):
        async def note_session_use(self, session_ids: object, now: object) -> None:
            raise OSError("no space left")

    check = CheckSessionsHandler(Full(world.store), world.clock)
    with structlog.testing.capture_logs() as lines:
        assert await check([opened.session_id]) == {opened.session_id}
    assert [line["event"] for line in lines] == ["use of sessions not noted"]
