"""Refreshing and ending sessions."""

import asyncio
from datetime import timedelta

import pytest
from identity.application.log_out import LogOut
from identity.application.open_session import OpenedSession
from identity.domain.errors import InvalidRefreshToken, RefreshTokenReused, SessionEnded, UserDisabled
from identity.domain.session import EndReason
from identity_world import World


async def test_a_refresh_replaces_the_pair(world: World) -> None:
    """The new refresh token works, again and again, within one session."""
    opened = await world.sign_up()
    for _ in range(3):
        following = await world.refresh(opened.refresh_token)
        assert following.refresh_token != opened.refresh_token
        opened = following
    assert len(world.store.sessions) == 1


async def test_reuse_ends_the_family(world: World) -> None:
    """A token's second use ends the session, also for the token that replaced it."""
    opened = await world.sign_up()
    following = await world.refresh(opened.refresh_token)
    for _ in range(2):
        with pytest.raises(RefreshTokenReused):
            await world.refresh(opened.refresh_token)
    with pytest.raises(SessionEnded):
        await world.refresh(following.refresh_token)
    (session,) = world.store.sessions.values()
    assert session.end_reason is EndReason.TOKEN_REUSED


async def test_reuse_leaves_other_sessions_alone(world: World) -> None:
    """Only the family of the reused token ends."""
    opened = await world.sign_up()
    other = await world.log_in()
    await world.refresh(opened.refresh_token)
    with pytest.raises(RefreshTokenReused):
        await world.refresh(opened.refresh_token)
    assert (await world.refresh(other.refresh_token)).user == opened.user


async def test_of_parallel_refreshes_exactly_one_wins(world: World) -> None:
    """Whatever the order, one gets a pair, the others are reuse, and the family ends."""
    opened = await world.sign_up()
    outcomes = await asyncio.gather(
        *(world.refresh(opened.refresh_token) for _ in range(8)), return_exceptions=True
    )
    winners = [outcome for outcome in outcomes if isinstance(outcome, OpenedSession)]
    assert len(winners) == 1
    assert sum(isinstance(outcome, RefreshTokenReused) for outcome in outcomes) == 7
    with pytest.raises(SessionEnded):
        await world.refresh(winners[0].refresh_token)


async def test_an_unknown_token_is_refused(world: World) -> None:
    """A token that was never issued changes nothing."""
    await world.sign_up()
    before = world.store.snapshot()
    with pytest.raises(InvalidRefreshToken):
        await world.refresh("never issued")
    assert world.store == before


async def test_a_token_expires(world: World) -> None:
    """After thirty days without a refresh the session is over."""
    opened = await world.sign_up()
    world.clock.advance(timedelta(days=30))
    before = world.store.snapshot()
    with pytest.raises(InvalidRefreshToken):
        await world.refresh(opened.refresh_token)
    assert world.store == before


async def test_a_disabled_user_gets_no_new_pair(world: World) -> None:
    """Disabling an account ends its sessions at their next refresh."""
    opened = await world.sign_up()
    world.change(opened.user.user_id, disabled_at=world.clock.now())
    before = world.store.snapshot()
    with pytest.raises(UserDisabled):
        await world.refresh(opened.refresh_token)
    assert world.store == before


async def test_log_out_ends_the_session_and_can_be_repeated(world: World) -> None:
    """After a log-out the token is worthless; a second log-out and a strange token are fine."""
    opened = await world.sign_up()
    await world.handlers.log_out(LogOut(opened.refresh_token))
    with pytest.raises(SessionEnded):
        await world.refresh(opened.refresh_token)
    before = world.store.snapshot()
    await world.handlers.log_out(LogOut(opened.refresh_token))
    await world.handlers.log_out(LogOut("never issued"))
    assert world.store == before
