"""What people with a role do is written down, with how it was before."""

import pytest
from identity.application.create_user import CreateUser
from identity.application.erase_user import EraseUser
from identity.bootstrap.parts import wire_create_user, wire_erase_user
from identity.domain.audit import REASON_LENGTH_MAX, Action, Actor, AuditRecord
from identity.domain.errors import (
    InvalidField,
    LastAdministrator,
    OwnAccount,
    StillAdministrator,
    UserNotFound,
)
from identity.domain.identifiers import SessionId, UserId
from identity.domain.user import Role
from identity_world import ADA, EVE, OPERATOR, World


async def admin(world: World, email: str = EVE) -> Actor:
    """An administrator who acts from a session."""
    opened = await world.sign_up(email)  # type: ignore[arg-type]
    await world.change_user(opened.user.user_id, role=Role.ADMIN)
    world.store.audit.clear()
    return Actor(
        name=opened.user.user_id, session_id=SessionId(opened.session_id), client_address="203.0.113.7"
    )


def told(record: AuditRecord) -> tuple[object, ...]:
    """What a record says, but for its id and its time."""
    return record.action, record.actor, record.subject, record.before, record.after, record.reason


async def test_every_change_has_its_record(world: World) -> None:
    """Who, what, whom, before, after, why and when; what is so already is no change."""
    actor = await admin(world)
    ada = (await world.sign_up()).user.user_id
    for _ in range(2):
        await world.change_user(ada, actor=actor, role=Role.SUPPORT, reason=" helps out ")
        await world.change_user(ada, actor=actor, disabled=True, reason="left us")
    await world.change_user(ada, actor=OPERATOR, role=Role.USER, disabled=False)
    assert [told(record) for record in world.store.audit] == [
        (Action.ROLE_CHANGED, actor, ada, {"role": "user"}, {"role": "support"}, "helps out"),
        (Action.USER_DISABLED, actor, ada, {"disabled": "false"}, {"disabled": "true"}, "left us"),
        (Action.ROLE_CHANGED, OPERATOR, ada, {"role": "support"}, {"role": "user"}, None),
        (Action.USER_ENABLED, OPERATOR, ada, {"disabled": "true"}, {"disabled": "false"}, None),
    ]
    assert {record.occurred_at for record in world.store.audit} == {world.clock.now()}
    assert len({record.record_id for record in world.store.audit}) == 4


async def test_an_account_that_an_operator_creates_is_recorded(world: World) -> None:
    """With its role, once."""
    act = wire_create_user(world.ports)
    for _ in range(2):
        user, _ = await act(CreateUser(ADA, "Ada", Role.ADMIN, OPERATOR))
    (record,) = world.store.audit
    assert told(record) == (Action.USER_CREATED, OPERATOR, user.user_id, {}, {"role": "admin"}, None)


async def test_the_last_administrator_stays(world: World) -> None:
    """Whoever says otherwise, themselves included; of two one may go."""
    actor = await admin(world)
    boss = UserId(actor.name)
    before = world.store.snapshot()
    for change in ({"role": Role.USER}, {"role": Role.SUPPORT}, {"disabled": True}):
        with pytest.raises(LastAdministrator):
            await world.change_user(boss, **change)
    assert world.store == before
    other = UserId((await admin(world, ADA)).name)
    await world.change_user(other, disabled=True)
    # A disabled administrator gives nobody a role.
    with pytest.raises(LastAdministrator):
        await world.change_user(boss, role=Role.USER)
    await world.change_user(other, disabled=False)
    assert (await world.change_user(boss, role=Role.USER)).role is Role.USER


async def test_what_is_refused_is_neither_done_nor_recorded(world: World) -> None:
    """Nobody locks themselves out, nobody who does not exist changes, no reason is a book."""
    actor = await admin(world)
    await admin(world, ADA)
    before = world.store.snapshot()
    for refused, change in (
        (OwnAccount, {"user_id": UserId(actor.name), "disabled": True}),
        (UserNotFound, {"user_id": UserId("usr_nobody"), "disabled": True}),
        (InvalidField, {"user_id": UserId(actor.name), "reason": "x" * (REASON_LENGTH_MAX + 1)}),
    ):
        with pytest.raises(refused):
            await world.change_user(**{"actor": actor} | change)
    assert world.store == before


async def test_an_administrators_account_is_not_erased(world: World) -> None:
    """Neither asked for, nor on the day, nor by an operator: somebody takes the role first, so one stays."""
    boss = UserId((await admin(world)).name)
    before = world.store.snapshot()
    for erased in (
        world.handlers.erasure.request(boss),
        wire_erase_user(world.ports)(EraseUser(user_id=boss)),
    ):
        with pytest.raises(StillAdministrator):
            await erased
    assert world.store == before
