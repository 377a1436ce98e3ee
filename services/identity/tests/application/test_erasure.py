"""Whoever leaves can think again; after that nothing of them is left, and everybody is told once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from identity.adapters.outbound.memory.directory import MemoryDirectory
from identity.application.erase_due import EraseDueHandler
from identity.application.erase_user import EraseUser, EraseUserHandler
from identity.application.read_erasure import ReadErasureHandler
from identity.application.request_erasure import OthersWord
from identity.application.update_profile import UpdateProfile
from identity.bootstrap.parts import wire_erase_user
from identity.domain.audit import Action, Actor
from identity.domain.errors import InvalidCredentials, StillAdministrator, UserLeaving, UserNotFound
from identity.domain.events import (
    ApiKeyRevoked,
    ErasureRequested,
    ErasureTakenBack,
    Event,
    SessionsEnded,
    UserDeleted,
)
from identity.domain.identifiers import EventId, UserId
from identity.domain.mail import Notice
from identity.domain.session import EndReason
from identity.domain.user import Role
from identity.domain.welcome import Welcome, WelcomePolicy
from identity_world import ADA, EVE, World, create_api_key

GRACE = timedelta(days=14)


@pytest.fixture
async def ada(world: World) -> UserId:
    """A person with a session, a mail and a key."""
    user_id = (await world.sign_up()).user.user_id
    await world.handlers.api_keys.create(create_api_key(user_id))
    world.store.events.clear()
    return user_id


def told(world: World) -> list[Event]:
    """The facts, without their ids."""
    return [replace(fact, event_id=EventId("")) for fact in world.store.events]


def due(world: World) -> EraseDueHandler:
    """What erases those whose day has come."""
    return EraseDueHandler(world.ports.directory, wire_erase_user(world.ports), world.clock)


def requested(world: World, user_id: UserId, revision: int = 1) -> ErasureRequested:
    """The fact that an account is erased from now on, but for the grace."""
    return ErasureRequested(
        event_id=EventId(""),
        user_id=user_id,
        erased_from=world.clock.now() + GRACE,
        revision=revision,
        occurred_at=world.clock.now(),
    )


def notices(world: World) -> list[object]:
    """What was mailed beside tokens."""
    return [row.mail.purpose for row in world.store.mails.values() if isinstance(row.mail.purpose, Notice)]


async def test_the_day_is_mailed_once_and_stays(world: World, ada: UserId) -> None:
    """Asked for again, later, it is the first day that counts, and was told to the others."""
    first = await world.handlers.erasure.request(ada)
    expected = [requested(world, ada)]
    world.clock.advance(timedelta(days=3))
    again = await world.handlers.erasure.request(ada)
    assert first.erased_from == again.erased_from == world.clock.now() + GRACE - timedelta(days=3)
    assert notices(world) == [Notice.ERASURE_REQUESTED]
    assert told(world) == expected


async def test_the_others_hear_each_change_once_and_which_is_the_newest(world: World, ada: UserId) -> None:
    """Counted without a gap, also where nothing but a profile changed in between."""
    expected = list[Event]()
    for revision in (1, 3):
        expected.append(requested(world, ada, revision))
        for _ in range(2):
            await world.handlers.erasure.request(ada)
        await world.handlers.update_profile(UpdateProfile(ada, full_name=f"Ada {revision}"))
        expected.append(
            ErasureTakenBack(
                event_id=EventId(""), user_id=ada, revision=revision + 1, occurred_at=world.clock.now()
            )
        )
        for _ in range(2):
            await world.handlers.erasure.take_back(ada)
    assert told(world) == expected


async def test_who_may_not_leave_is_not_told_of(world: World, ada: UserId) -> None:
    """An administrator's request changes nothing, for nobody."""
    world.store.users[ada] = replace(world.store.users[ada], role=Role.ADMIN)
    with pytest.raises(StillAdministrator):
        await world.handlers.erasure.request(ada)
    assert told(world) == []
    assert world.store.users[ada].erasure_revision == 0


async def test_until_then_a_person_signs_in_and_takes_it_back(world: World, ada: UserId) -> None:
    """The account is as it was; no sweep touches it, however late."""
    await world.handlers.erasure.request(ada)
    world.clock.advance(GRACE - timedelta(seconds=1))
    assert await due(world)() == 0
    assert (await world.log_in()).user.user_id == ada
    stays = await world.handlers.erasure.take_back(ada)
    assert (await world.handlers.erasure.take_back(ada)).erased_from is stays.erased_from is None
    world.clock.advance(GRACE)
    assert await due(world)() == 0
    assert notices(world) == [Notice.ERASURE_REQUESTED, Notice.ERASURE_TAKEN_BACK]
    assert world.store.users[ada].erased_from is None


async def test_who_leaves_makes_no_new_keys(world: World, ada: UserId) -> None:
    """The refusal says why, and until when; the keys that are there go on."""
    await world.handlers.erasure.request(ada)
    with pytest.raises(UserLeaving, match="is deleted on"):
        await world.handlers.api_keys.create(create_api_key(ada, "req_2"))
    assert len(world.store.api_keys) == 1
    await world.handlers.erasure.take_back(ada)
    await world.handlers.api_keys.create(create_api_key(ada, "req_2"))


async def test_nothing_is_left_and_everybody_is_told_once(world: World, ada: UserId) -> None:
    """Rows, mails and secrets go; sessions and keys end everywhere; another person stays whole."""
    eve = (await world.sign_up(EVE)).user.user_id
    world.store.events.clear()
    key = next(iter(world.store.api_keys))
    await world.handlers.erasure.request(ada)
    world.store.events.clear()
    world.clock.advance(GRACE)
    assert (await due(world)(), await due(world)()) == (1, 0)
    now, blank = world.clock.now(), EventId("")
    assert told(world) == [
        SessionsEnded(
            event_id=blank, user_id=ada, session_id=None, reason=EndReason.USER_DELETED, occurred_at=now
        ),
        ApiKeyRevoked(event_id=blank, user_id=ada, key_id=key, occurred_at=now),
        UserDeleted(event_id=blank, user_id=ada, occurred_at=now),
    ]
    world.store.events.clear()
    kept = repr({**vars(world.store), "erasures": {}})
    assert ada not in kept
    assert ADA not in kept
    assert list(world.store.users) == [eve]
    with pytest.raises(InvalidCredentials):
        await world.log_in()


async def test_an_address_that_is_free_again_is_welcomed_once(world: World, ada: UserId) -> None:
    """The person may come back, as somebody new, and is given nothing a second time."""
    at_once = WelcomePolicy(after_confirmation=False, once_per_mailbox=True)
    world.rewire(replace(world.ports, welcome=at_once))
    assert (await world.sign_up(EVE)).user.welcome is Welcome.GIVEN
    (eve,) = [user_id for user_id in world.store.users if user_id != ada]
    await wire_erase_user(world.ports)(EraseUser(user_id=eve))
    back = (await world.sign_up(EVE)).user
    assert back.user_id != eve
    assert back.welcome is Welcome.NONE
    assert eve not in repr(world.store.welcomed_mailboxes)


async def test_what_was_taken_back_a_moment_ago_stays(world: World, ada: UserId) -> None:
    """The sweep found the account due, and then its owner was faster."""
    await world.handlers.erasure.request(ada)
    world.clock.advance(GRACE)
    found = await MemoryDirectory(world.store).due_erasures(world.clock.now(), after=None, limit=10)
    await world.handlers.erasure.take_back(ada)
    assert found == [ada]
    assert not await wire_erase_user(world.ports)(EraseUser(user_id=ada, is_due=True))
    assert ada in world.store.users


async def test_one_that_can_not_be_erased_stops_no_other(
    world: World, ada: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go; it is tried again."""
    eve = (await world.sign_up(EVE)).user.user_id
    for user_id in (ada, eve):
        await world.handlers.erasure.request(user_id)
    world.clock.advance(GRACE)
    working = EraseUserHandler.__call__

    async def failing(self: EraseUserHandler, command: EraseUser) -> bool:
        if command.user_id == ada:
            raise RuntimeError("no")
        return await working(self, command)

    monkeypatch.setattr(EraseUserHandler, "__call__", failing)
    assert await due(world)() == 1
    assert list(world.store.users) == [ada]
    monkeypatch.undo()
    assert await due(world)() == 1


async def test_how_far_it_has_come_can_be_looked_at(world: World, ada: UserId) -> None:
    """The day before; then who has forgotten; and nothing of an account that never was."""
    read = ReadErasureHandler(world.ports.units)
    leaving = await world.handlers.erasure.request(ada)
    assert (await read(ada)).erased_from == leaving.erased_from
    erase = wire_erase_user(world.ports)
    assert await erase(EraseUser(user_id=ada))
    standing = await read(ada)
    assert standing.erased_from is None
    assert standing.parts == {"identity": world.clock.now(), "billing": None, "generation": None}
    assert not await erase(EraseUser(user_id=ada))
    with pytest.raises(UserNotFound):
        await read(UserId("usr_nobody"))
    with pytest.raises(UserNotFound):
        await erase(EraseUser(user_id=UserId("usr_nobody")))


async def test_who_erases_for_somebody_is_recorded(world: World, ada: UserId) -> None:
    """By the ids alone; what a person does to their own account is no act of a role."""
    await wire_erase_user(world.ports)(
        EraseUser(user_id=ada, actor=Actor.operator("kim"), reason="asked by letter")
    )
    (record,) = world.store.audit
    assert (record.action, record.actor.name, record.subject) == (Action.USER_ERASED, "operator:kim", ada)
    assert (record.before, record.after, record.reason) == ({}, {}, "asked by letter")
    eve = (await world.sign_up(EVE)).user.user_id
    await wire_erase_user(world.ports)(EraseUser(user_id=eve))
    assert world.store.audit == [record]


async def test_who_asks_for_somebody_is_recorded_with_the_day(world: World, ada: UserId) -> None:
    """Once, however often it is asked for; whoever asks for themselves is no record."""
    ask = world.handlers.erasure.request
    for _ in range(2):
        leaving = await ask(ada, OthersWord(actor=Actor.operator("kim"), reason="asked by letter"))
    (record,) = world.store.audit
    assert (record.action, record.actor.name, record.subject) == (Action.USER_ERASED, "operator:kim", ada)
    assert record.after == {"erased_from": f"{leaving.erased_from:%Y-%m-%dT%H:%M:%SZ}"}
    assert record.reason == "asked by letter"
    await ask((await world.sign_up(EVE)).user.user_id)
    assert world.store.audit == [record]
