"""Who is welcomed and when: after the address is confirmed, once a mailbox, by settings."""

import asyncio
from dataclasses import replace

import pytest
from identity.application.create_user import CreateUser
from identity.application.request_verification import RequestVerification
from identity.application.verify_email import VerifyEmail
from identity.bootstrap.parts import wire_create_user
from identity.domain.errors import TooManyAttempts, UserNotFound
from identity.domain.events import EmailVerified, UserRegistered
from identity.domain.identifiers import UserId
from identity.domain.mail import Purpose
from identity.domain.user import EmailAddress, Role, User
from identity.domain.welcome import Welcome, WelcomePolicy
from identity_world import ADA, CLIENT, OPERATOR, PASSWORD, World

ALIASES = ("ada+1@example.com", "ADA+2@Example.com", "ada@EXAMPLE.com")


def with_policy(world: World, *, after_confirmation: bool, once_per_mailbox: bool) -> None:
    """Run the same world under another policy."""
    policy = WelcomePolicy(after_confirmation=after_confirmation, once_per_mailbox=once_per_mailbox)
    world.rewire(replace(world.ports, welcome=policy))


async def confirm(world: World, user: User) -> User:
    """The person follows the newest link."""
    (token,) = (
        row.mail.token
        for row in world.store.mails.values()
        if row.mail.user_id == user.user_id and row.mail.purpose is Purpose.VERIFY_EMAIL
    )
    return await world.handlers.verify_email(VerifyEmail(token))


def welcomes(world: World) -> list[UserId]:
    """Whose credits the ledger was told to grant."""
    return [
        fact.user_id
        for fact in world.store.events
        if (isinstance(fact, UserRegistered) and fact.welcome is Welcome.GIVEN)
        or (isinstance(fact, EmailVerified) and fact.is_welcomed)
    ]


async def test_nobody_is_welcomed_before_the_address_is_confirmed(world: World) -> None:
    """Twenty-five aliases that nobody confirms are worth nothing; one confirmed is one welcome."""
    users = [
        (await world.sign_up(EmailAddress(f"ada+{n}@example.com"), client=f"198.51.{n}.1")).user
        for n in range(25)
    ]
    assert {user.welcome for user in users} == {Welcome.PENDING}
    assert welcomes(world) == []
    assert (await confirm(world, users[7])).welcome is Welcome.GIVEN
    assert welcomes(world) == [users[7].user_id]


async def test_aliases_of_a_mailbox_are_welcomed_once(world: World) -> None:
    """The second account works and is told that it has none; confirming again changes nothing."""
    users = [(await world.sign_up(EmailAddress(alias))).user for alias in ALIASES[:2]]
    assert [(await confirm(world, user)).welcome for user in users] == [Welcome.GIVEN, Welcome.NONE]
    assert welcomes(world) == [users[0].user_id]
    assert (await world.log_in(users[1].email)).user.welcome is Welcome.NONE
    assert (await world.log_in(users[1].email)).user.email_verified


async def test_of_aliases_that_come_at_once_one_is_welcomed(world: World) -> None:
    """Whatever the order."""
    users = [(await world.sign_up(EmailAddress(alias))).user for alias in ALIASES]
    confirmed = await asyncio.gather(*(confirm(world, user) for user in users))
    assert sorted(user.welcome for user in confirmed) == [Welcome.GIVEN, Welcome.NONE, Welcome.NONE]
    assert len(welcomes(world)) == 1


async def test_without_the_walls_everybody_is_welcomed_at_once(world: World) -> None:
    """By setting: aliases too, at the sign-up; confirming brings nothing more."""
    with_policy(world, after_confirmation=False, once_per_mailbox=False)
    users = [(await world.sign_up(EmailAddress(alias))).user for alias in ALIASES]
    assert {user.welcome for user in users} == {Welcome.GIVEN}
    assert (await confirm(world, users[0])).welcome is Welcome.GIVEN
    assert welcomes(world) == [user.user_id for user in users]


async def test_a_mailbox_that_was_welcomed_without_the_walls_is_remembered(world: World) -> None:
    """When they are built an alias finds itself welcomed before."""
    with_policy(world, after_confirmation=False, once_per_mailbox=False)
    await world.sign_up()
    with_policy(world, after_confirmation=False, once_per_mailbox=True)
    assert (await world.sign_up(EmailAddress(ALIASES[0]))).user.welcome is Welcome.NONE
    assert len(welcomes(world)) == 1


async def test_an_operators_word_is_a_confirmation(world: World) -> None:
    """Such an account is welcomed from the start."""
    user, _ = await wire_create_user(world.ports)(CreateUser(ADA, "Ada", Role.ADMIN, OPERATOR, PASSWORD))
    assert user.welcome is Welcome.GIVEN
    assert welcomes(world) == [user.user_id]


async def test_the_mail_can_be_asked_for_again(world: World) -> None:
    """Only so often, only by somebody who is there, and not once the address is confirmed."""
    user = (await world.sign_up()).user
    ask = RequestVerification(user.user_id, CLIENT)
    for _ in range(5):
        await world.handlers.request_verification(ask)
    assert len(world.store.mails) == 6
    before = world.store.snapshot()
    with pytest.raises(TooManyAttempts):
        await world.handlers.request_verification(ask)
    with pytest.raises(UserNotFound):
        await world.handlers.request_verification(RequestVerification(UserId("usr_nobody"), CLIENT))
    assert world.store == before
    await world.handlers.verify_email(VerifyEmail(world.mailed_token(Purpose.VERIFY_EMAIL)))
    await world.handlers.request_verification(ask)
    assert len(world.store.mails) == 6
