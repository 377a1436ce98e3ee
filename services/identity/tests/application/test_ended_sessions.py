"""Which sessions stand, and who closes an account."""

import pytest
from identity.application.log_out import LogOut
from identity.domain.errors import SessionEnded, UserDisabled, UserNotFound
from identity.domain.identifiers import SessionId, UserId
from identity.domain.session import EndReason
from identity.domain.user import Role
from identity_world import EVE, World


async def test_sessions_stand_until_they_end(world: World) -> None:
    """Of two sessions one is logged out; an id that was never given stands for nothing."""
    first, second = await world.sign_up(), await world.log_in()
    ids = [first.session_id, second.session_id, SessionId("ses_" + "0" * 32)]
    assert await world.handlers.sessions.check(ids) == {first.session_id, second.session_id}
    await world.handlers.log_out(LogOut(first.refresh_token))
    assert await world.handlers.sessions.check(ids) == {second.session_id}
    assert await world.handlers.sessions.check([]) == frozenset()


async def test_a_disabled_account_has_no_session(world: World) -> None:
    """Its sessions end, none opens, and what ended stays ended when it is enabled again."""
    opened = await world.sign_up()
    disabled = await world.change_user(opened.user.user_id, disabled=True)
    assert disabled.disabled_at == world.clock.now()
    assert await world.handlers.sessions.check([opened.session_id]) == frozenset()
    (session,) = world.store.sessions.values()
    assert session.end_reason is EndReason.USER_DISABLED
    with pytest.raises(UserDisabled):
        await world.log_in()
    await world.change_user(opened.user.user_id, disabled=False)
    with pytest.raises(SessionEnded):
        await world.refresh(opened.refresh_token)
    again = await world.log_in()
    assert await world.handlers.sessions.check([opened.session_id, again.session_id]) == {again.session_id}


async def test_an_account_disabled_behind_our_back_has_no_session(world: World) -> None:
    """Whoever changed the row: its open sessions count no more."""
    opened = await world.sign_up()
    world.change(opened.user.user_id, disabled_at=world.clock.now())
    assert await world.handlers.sessions.check([opened.session_id]) == frozenset()


async def test_nobody_is_disabled_by_mistake(world: World) -> None:
    """Who has no account is refused."""
    await world.sign_up()
    before = world.store.snapshot()
    with pytest.raises(UserNotFound):
        await world.change_user(UserId("usr_eve"), disabled=True)
    assert world.store == before


async def test_a_role_that_is_taken_away_ends_every_session(world: World) -> None:
    """One that is granted ends none: it is in the next token. The same again changes nothing."""
    boss = await world.sign_up(EVE)
    await world.change_user(boss.user.user_id, role=Role.ADMIN)
    opened = await world.sign_up()
    ada = opened.user.user_id
    assert (await world.change_user(ada, role=Role.SUPPORT)).role is Role.SUPPORT
    refreshed = await world.refresh(opened.refresh_token)
    assert refreshed.user.role is Role.SUPPORT
    assert (await world.change_user(ada, role=Role.ADMIN)).role is Role.ADMIN
    assert (await world.change_user(ada, role=Role.ADMIN)).role is Role.ADMIN
    assert await world.handlers.sessions.check([opened.session_id]) == {opened.session_id}
    await world.change_user(ada, role=Role.SUPPORT)
    assert await world.handlers.sessions.check([opened.session_id]) == frozenset()
    with pytest.raises(SessionEnded):
        await world.refresh(refreshed.refresh_token)
    assert (await world.log_in()).user.role is Role.SUPPORT
    with pytest.raises(UserNotFound):
        await world.change_user(UserId("usr_nobody"), role=Role.ADMIN)
