"""What other contexts are told: for each use case exactly these facts, and none where nothing happened."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from identity.application.create_user import CreateUser
from identity.application.log_out import LogOut
from identity.application.request_verification import RequestVerification
from identity.application.reset_password import ResetPassword
from identity.application.update_profile import UpdateProfile
from identity.application.verify_email import VerifyEmail
from identity.bootstrap.parts import wire_create_user
from identity.domain.errors import IdentityError, RefreshTokenReused
from identity.domain.events import EmailVerified, Event, SessionsEnded, UserRegistered
from identity.domain.identifiers import EventId, SessionId, UserId
from identity.domain.mail import Purpose
from identity.domain.session import EndReason
from identity.domain.user import Role, User
from identity_world import ADA, CLIENT, EVE, OPERATOR, OTHER_PASSWORD, PASSWORD, World

Act = Callable[[World], Awaitable[object]]

BLANK = EventId("")
"""In place of a fact's own id."""


def facts(world: World) -> list[Event]:
    """Everything that was told so far, but for the ids of the facts, which are all different."""
    told = world.store.events
    assert len({fact.event_id for fact in told}) == len(told)
    return [replace(fact, event_id=BLANK) for fact in told]


def registered(world: World, user: User) -> UserRegistered:
    """That a user is there."""
    return UserRegistered(
        event_id=BLANK,
        user_id=user.user_id,
        email=user.email,
        full_name=user.full_name,
        welcome=user.welcome,
        occurred_at=world.clock.now(),
    )


def ended(world: World, user: User, session_id: SessionId | None, reason: EndReason) -> SessionsEnded:
    """That a session, or every session, ended."""
    return SessionsEnded(
        event_id=BLANK,
        user_id=user.user_id,
        session_id=session_id,
        reason=reason,
        occurred_at=world.clock.now(),
    )


async def test_a_sign_up_tells_of_a_user(world: World) -> None:
    """One fact: there is a user."""
    opened = await world.sign_up()
    assert facts(world) == [registered(world, opened.user)]


async def test_an_operator_who_creates_a_user_tells_of_it_once(world: World) -> None:
    """One fact, and none the second time."""
    create = wire_create_user(world.ports)
    user, _ = await create(CreateUser(ADA, "Ada", Role.ADMIN, OPERATOR, PASSWORD))
    await create(CreateUser(ADA, "Ada", Role.ADMIN, OPERATOR, PASSWORD))
    assert facts(world) == [registered(world, user)]


async def test_a_log_out_tells_of_its_session_once(world: World) -> None:
    """That session ended, the other stands; the second log-out is no news."""
    opened = await world.sign_up()
    await world.log_in()
    for _ in range(2):
        await world.handlers.log_out(LogOut(opened.refresh_token))
    assert facts(world)[1:] == [ended(world, opened.user, opened.session_id, EndReason.LOGGED_OUT)]


async def test_a_reused_token_tells_of_its_family_once(world: World) -> None:
    """That family ended; further uses are no news."""
    opened = await world.sign_up()
    following = await world.refresh(opened.refresh_token)
    assert following.session_id == opened.session_id
    for _ in range(3):
        with pytest.raises(RefreshTokenReused):
            await world.refresh(opened.refresh_token)
    assert facts(world)[1:] == [ended(world, opened.user, opened.session_id, EndReason.TOKEN_REUSED)]


async def reset(world: World) -> None:
    """Set another password by mail."""
    await world.ask_for_reset()
    await world.handlers.reset_password(
        ResetPassword(world.mailed_token(Purpose.RESET_PASSWORD), OTHER_PASSWORD)
    )


async def disable(world: World) -> None:
    """Close the account, twice."""
    (ada,) = world.store.users
    for _ in range(2):
        await world.change_user(ada, disabled=True)


@pytest.mark.parametrize(
    ("act", "reason"), [(reset, EndReason.PASSWORD_RESET), (disable, EndReason.USER_DISABLED)]
)
async def test_what_ends_every_session_tells_of_all_at_once(
    world: World, act: Act, reason: EndReason
) -> None:
    """One fact for all of them, however many there were."""
    opened = await world.sign_up()
    await world.log_in()
    await act(world)
    assert facts(world)[1:] == [ended(world, opened.user, None, reason)]


@pytest.mark.parametrize("act", [reset, disable])
async def test_where_no_session_was_open_nothing_is_told(world: World, act: Act) -> None:
    """Ends are told, not the acts that cause them."""
    opened = await world.sign_up()
    await world.handlers.log_out(LogOut(opened.refresh_token))
    before = facts(world)
    await act(world)
    assert facts(world) == before


async def test_a_verified_address_is_told_once(world: World) -> None:
    """The first proof; a second link of the same person is no news."""
    opened = await world.sign_up()
    first = world.mailed_token(Purpose.VERIFY_EMAIL)
    await world.handlers.request_verification(RequestVerification(opened.user.user_id, CLIENT))
    for token in (first, world.mailed_token(Purpose.VERIFY_EMAIL)):
        await world.handlers.verify_email(VerifyEmail(token))
    assert facts(world)[1:] == [
        EmailVerified(
            event_id=BLANK, user_id=opened.user.user_id, is_welcomed=True, occurred_at=world.clock.now()
        )
    ]


async def test_what_concerns_nobody_else_is_not_told(world: World) -> None:
    """Logging in, refreshing, profiles, mails and the opening of a closed account are identity's own."""
    opened = await world.sign_up()
    before = facts(world)
    await world.refresh((await world.log_in()).refresh_token)
    await world.handlers.update_profile(UpdateProfile(opened.user.user_id, full_name="Countess"))
    await world.ask_for_reset()
    await world.handlers.request_verification(RequestVerification(opened.user.user_id, CLIENT))
    await world.change_user(opened.user.user_id, disabled=False)
    assert facts(world) == before


async def weak(world: World) -> object:
    """A sign-up whose password nobody should have."""
    return await world.sign_up(EVE, "short")


async def taken(world: World) -> object:
    """A sign-up for an address that has an account."""
    return await world.sign_up()


async def wrong(world: World) -> object:
    """A log-in without the password."""
    return await world.log_in(password=OTHER_PASSWORD)


async def unknown(world: World) -> object:
    """An account that does not exist is disabled."""
    return await world.change_user(UserId("usr_nobody"), disabled=True)


@pytest.mark.parametrize("act", [weak, taken, wrong, unknown])
async def test_a_refusal_tells_nothing(world: World, act: Act) -> None:
    """What did not happen is no fact."""
    await world.sign_up()
    before = facts(world)
    with pytest.raises(IdentityError):
        await act(world)
    assert facts(world) == before
