"""What is dangerous takes a proof from the last minutes of who does it."""

from datetime import timedelta

import pyotp
import pytest
from identity.application.begin_second_factor import BeginSecondFactor
from identity.application.confirm_second_factor import ConfirmSecondFactor
from identity.application.log_out import LogOut
from identity.application.open_session import OpenedSession
from identity.application.require_proof import RequireProof
from identity.application.step_up import StepUp
from identity.domain.errors import (
    SessionEnded,
    SessionNotFound,
    StepUpRequired,
    TooManyAttempts,
    UserDisabled,
    WrongCode,
    WrongPassword,
)
from identity_world import EVE, OTHER_PASSWORD, PASSWORD, World

NEARLY = timedelta(minutes=10) - timedelta(microseconds=1)


async def require(world: World, opened: OpenedSession) -> None:
    """Do something dangerous."""
    await world.handlers.sessions.require_proof(RequireProof(opened.user.user_id, opened.session_id))


async def step_up(
    world: World, opened: OpenedSession, password: str | None = PASSWORD, code: str | None = None
) -> None:
    """Prove once more who is there."""
    await world.handlers.sessions.step_up(
        StepUp(opened.user.user_id, opened.session_id, password, code, "203.0.113.9")
    )


@pytest.fixture
async def stale(world: World) -> OpenedSession:
    """Somebody who signed in ten minutes ago."""
    opened = await world.sign_up()
    world.clock.advance(NEARLY)
    await require(world, opened)
    world.clock.advance(timedelta(microseconds=1))
    return opened


async def test_a_sign_in_counts_for_ten_minutes(world: World, stale: OpenedSession) -> None:
    """A refresh of its tokens proves nothing; another sign-in does, at its own session."""
    with pytest.raises(StepUpRequired):
        await require(world, stale)
    refreshed = await world.refresh(stale.refresh_token)
    with pytest.raises(StepUpRequired):
        await require(world, refreshed)
    await require(world, await world.log_in())
    with pytest.raises(StepUpRequired):
        await require(world, stale)


async def test_a_proof_counts_for_ten_minutes_at_its_session(world: World, stale: OpenedSession) -> None:
    """At no other one of the person's."""
    other = await world.log_in()
    world.clock.advance(NEARLY + timedelta(microseconds=1))
    await step_up(world, stale)
    world.clock.advance(NEARLY)
    await require(world, stale)
    with pytest.raises(StepUpRequired):
        await require(world, other)
    world.clock.advance(timedelta(microseconds=1))
    with pytest.raises(StepUpRequired):
        await require(world, stale)


@pytest.mark.parametrize("password", [OTHER_PASSWORD, "", None])
async def test_a_wrong_password_proves_nothing(
    world: World, stale: OpenedSession, password: str | None
) -> None:
    """And guesses are counted."""
    before = world.store.snapshot()
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await step_up(world, stale, password)
    with pytest.raises(TooManyAttempts):
        await step_up(world, stale)
    assert world.store == before


async def test_a_code_is_a_proof_where_there_is_a_factor(world: World, stale: OpenedSession) -> None:
    """Each once; where there is none, or none that is on, no code is good."""
    with pytest.raises(WrongCode):
        await step_up(world, stale, None, "000000")
    user_id = world.change(stale.user.user_id, email_verified_at=world.clock.now()).user_id
    made = await world.handlers.factors.begin(BeginSecondFactor(user_id, PASSWORD))
    codes = pyotp.TOTP(made.secret)
    with pytest.raises(WrongCode):
        await step_up(world, stale, None, codes.at(world.clock.now()))
    await world.handlers.factors.confirm(ConfirmSecondFactor(user_id, codes.at(world.clock.now())))
    world.clock.advance(timedelta(seconds=30))
    code = codes.at(world.clock.now())
    await step_up(world, stale, None, code)
    await require(world, stale)
    with pytest.raises(WrongCode):
        await step_up(world, stale, None, code)


async def test_a_session_that_ended_proves_nothing(world: World, stale: OpenedSession) -> None:
    """Nor can it be proven again."""
    await world.handlers.log_out(LogOut(stale.refresh_token))
    with pytest.raises(SessionEnded):
        await require(world, stale)
    with pytest.raises(SessionEnded):
        await step_up(world, stale)


async def test_another_persons_session_is_not_there(world: World, stale: OpenedSession) -> None:
    """Whatever one knows of oneself."""
    eve = await world.sign_up(EVE)
    before = world.store.snapshot()
    sessions = world.handlers.sessions
    with pytest.raises(SessionNotFound):
        await sessions.step_up(StepUp(eve.user.user_id, stale.session_id, PASSWORD))
    with pytest.raises(SessionNotFound):
        await sessions.require_proof(RequireProof(eve.user.user_id, stale.session_id))
    assert world.store == before


async def test_a_disabled_account_proves_nothing(world: World, stale: OpenedSession) -> None:
    """However right the password is."""
    world.change(stale.user.user_id, disabled_at=world.clock.now())
    with pytest.raises(UserDisabled):
        await step_up(world, stale)
