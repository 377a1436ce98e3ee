"""Opening accounts."""

import asyncio

import pytest
from identity.application.create_user import CreateUser
from identity.application.sign_up import SignUp
from identity.bootstrap.parts import wire_create_user
from identity.domain.errors import EmailTaken, IdentityError, InvalidCredentials, InvalidField, WeakPassword
from identity.domain.mail import Purpose
from identity.domain.secret import digest
from identity.domain.user import EmailAddress, Role
from identity_world import ADA, OPERATOR, OTHER_PASSWORD, PASSWORD, World


async def test_everything_is_stored_together(world: World) -> None:
    """A sign-up leaves a user, a session, a verification mail and one event."""
    opened = await world.sign_up()
    assert opened.user.email == ADA
    assert opened.user.role is Role.USER
    assert not opened.user.email_verified
    assert [event.user_id for event in world.store.events] == [opened.user.user_id]
    assert [session.user_id for session in world.store.sessions.values()] == [opened.user.user_id]
    assert digest(opened.refresh_token) in world.store.refresh_tokens
    assert digest(world.mailed_token(Purpose.VERIFY_EMAIL)) in world.store.mail_tokens


async def test_no_secret_is_stored(world: World) -> None:
    """What is stored neither opens a session nor shows the password."""
    opened = await world.sign_up()
    stored = repr((world.store.users, world.store.sessions, world.store.refresh_tokens))
    assert opened.refresh_token not in stored
    assert PASSWORD not in stored
    assert PASSWORD not in repr(SignUp(ADA, PASSWORD, full_name=""))


async def test_an_address_has_one_account(world: World) -> None:
    """Other capitals are the same address, and the second sign-up changes nothing."""
    await world.sign_up()
    before = world.store.snapshot()
    with pytest.raises(EmailTaken):
        await world.sign_up(EmailAddress("ADA@Example.com"), OTHER_PASSWORD)
    assert world.store == before


async def test_of_two_at_once_one_gets_the_address(world: World) -> None:
    """A race for an address has one winner and one event."""
    outcomes = await asyncio.gather(*(world.sign_up() for _ in range(5)), return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, EmailTaken) for outcome in outcomes) == 4
    assert len(world.store.events) == 1


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (SignUp(ADA, "too short", full_name=""), WeakPassword),
        (SignUp(ADA, ADA, full_name=""), WeakPassword),
        (SignUp(ADA, PASSWORD, full_name="A\x07da"), InvalidField),
    ],
)
async def test_a_refusal_stores_nothing(world: World, command: SignUp, refusal: type[IdentityError]) -> None:
    """A bad field leaves no trace."""
    before = world.store.snapshot()
    with pytest.raises(refusal):
        await world.handlers.sign_up(command)
    assert world.store == before


async def test_an_operator_creates_an_account_once(world: World) -> None:
    """The second run reports the existing account and changes nothing."""
    create = wire_create_user(world.ports)
    command = CreateUser(ADA, "Ada", Role.ADMIN, OPERATOR, PASSWORD)
    user, is_new = await create(command)
    assert is_new
    assert user.email_verified
    assert (await world.log_in()).user.role is Role.ADMIN
    before = world.store.snapshot()
    again, is_new = await create(
        CreateUser(EmailAddress(ADA.upper()), "Eve", Role.USER, OPERATOR, OTHER_PASSWORD)
    )
    assert (again, is_new) == (user, False)
    assert world.store == before
    assert len(world.store.events) == 1


async def test_an_account_without_a_password_opens_to_nobody(world: World) -> None:
    """Without a password there is nothing to guess."""
    await wire_create_user(world.ports)(CreateUser(ADA, "Ada", Role.USER, OPERATOR))
    for guess in ("", PASSWORD):
        with pytest.raises(InvalidCredentials):
            await world.log_in(password=guess)
    assert not world.store.sessions
