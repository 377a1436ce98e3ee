"""Another address counts once it is proven, and the old one can keep itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from identity.adapters.outbound.memory.directory import MemoryDirectory
from identity.application.change_email import ChangeEmail
from identity.application.keep_email import KeepEmail
from identity.application.open_session import OpenedSession
from identity.application.request_email_change import RequestEmailChange
from identity.application.reset_password import ResetPassword
from identity.application.verify_email import VerifyEmail
from identity.domain.errors import (
    EmailTaken,
    InvalidCredentials,
    InvalidField,
    InvalidToken,
    TooManyAttempts,
    UserDisabled,
    WrongPassword,
)
from identity.domain.events import EmailVerified
from identity.domain.identifiers import UserId
from identity.domain.mail import Mail, Purpose
from identity.domain.user import EmailAddress
from identity_world import ADA, EVE, OTHER_PASSWORD, PASSWORD, World

NEW, NEWER = EmailAddress("ada@new.example"), EmailAddress("ada@newer.example")


@pytest.fixture
async def ada(world: World) -> OpenedSession:
    """Somebody whose address is proven."""
    opened = await world.sign_up()
    await world.handlers.verify_email(VerifyEmail(world.mailed_token(Purpose.VERIFY_EMAIL)))
    return opened


async def ask(world: World, user_id: UserId, email: EmailAddress = NEW, password: str = PASSWORD) -> None:
    """Ask for another address."""
    await world.handlers.addresses.request(RequestEmailChange(user_id, email, password, "203.0.113.9"))


async def confirm(world: World) -> None:
    """Follow the newest link to a new address."""
    await world.handlers.addresses.change(ChangeEmail(world.mailed_token(Purpose.CHANGE_EMAIL)))


def mails(world: World, purpose: Purpose) -> list[Mail]:
    """What was mailed."""
    return [row.mail for row in world.store.mails.values() if row.mail.purpose is purpose]


async def test_nothing_changes_until_it_is_confirmed(world: World, ada: OpenedSession) -> None:
    """Then the new address signs in, is proven, and the session goes on."""
    user_id = ada.user.user_id
    await ask(world, user_id)
    (new,), (old,) = mails(world, Purpose.CHANGE_EMAIL), mails(world, Purpose.KEEP_EMAIL)
    assert (new.recipient, old.recipient, old.details["new_email"]) == (NEW, ADA, NEW)
    assert world.store.users[user_id].email == ADA
    await confirm(world)
    user = world.store.users[user_id]
    assert (user.email, user.email_verified) == (NEW, True)
    assert (await world.log_in(NEW)).user == user
    with pytest.raises(InvalidCredentials):
        await world.log_in(ADA)
    assert (await world.refresh(ada.refresh_token)).user.email == NEW
    with pytest.raises(InvalidToken):
        await confirm(world)


async def test_a_reset_of_the_password_ends_a_change_that_waits(world: World, ada: OpenedSession) -> None:
    """Whoever knew the old password hands the account over to no address of theirs."""
    await ask(world, ada.user.user_id)
    await world.ask_for_reset()
    await world.handlers.reset_password(
        ResetPassword(world.mailed_token(Purpose.RESET_PASSWORD), OTHER_PASSWORD)
    )
    with pytest.raises(InvalidToken):
        await confirm(world)
    assert world.store.users[ada.user.user_id].email == ADA


async def test_no_reset_goes_to_an_address_that_was_just_given_up(world: World, ada: OpenedSession) -> None:
    """Though it was the account's when somebody asked."""
    before = world.store.snapshot()
    await ask(world, ada.user.user_id)
    await confirm(world)
    world.rewire(replace(world.ports, directory=MemoryDirectory(before)))
    await world.ask_for_reset()
    assert not mails(world, Purpose.RESET_PASSWORD)


async def test_the_password_is_needed(world: World, ada: OpenedSession) -> None:
    """A stolen session alone asks for nothing, and guesses no faster than a stranger."""
    before = world.store.snapshot()
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await ask(world, ada.user.user_id, password=OTHER_PASSWORD)
    with pytest.raises(TooManyAttempts):
        await ask(world, ada.user.user_id)
    assert world.store == before


async def test_an_address_that_is_taken_is_not_revealed(world: World, ada: OpenedSession) -> None:
    """Whoever has it is not mailed either; who asks is answered like for any."""
    await world.sign_up(EVE)
    await ask(world, ada.user.user_id, EmailAddress(EVE.upper()))
    assert mails(world, Purpose.CHANGE_EMAIL) == []
    assert len(mails(world, Purpose.KEEP_EMAIL)) == 1


async def test_who_comes_second_to_an_address_does_not_get_it(world: World, ada: OpenedSession) -> None:
    """The link is good for another try, should the address become free."""
    await ask(world, ada.user.user_id)
    await world.sign_up(NEW)
    with pytest.raises(EmailTaken):
        await confirm(world)
    assert world.store.users[ada.user.user_id].email == ADA


async def test_the_same_address_is_no_other(world: World, ada: OpenedSession) -> None:
    """However it is written."""
    with pytest.raises(InvalidField):
        await ask(world, ada.user.user_id, EmailAddress(ADA.upper()))
    assert mails(world, Purpose.KEEP_EMAIL) == []


async def test_of_several_requests_the_last_counts(world: World, ada: OpenedSession) -> None:
    """The link to the one before opens nothing, nor does one whose day is over."""
    await ask(world, ada.user.user_id)
    first = world.mailed_token(Purpose.CHANGE_EMAIL)
    await ask(world, ada.user.user_id, NEWER)
    with pytest.raises(InvalidToken):
        await world.handlers.addresses.change(ChangeEmail(first))
    world.clock.advance(timedelta(days=1))
    with pytest.raises(InvalidToken):
        await confirm(world)
    assert world.store.users[ada.user.user_id].email == ADA


async def test_the_old_address_keeps_itself(world: World, ada: OpenedSession) -> None:
    """Before or after the change; everybody is signed out, for somebody was not the owner."""
    for is_changed in (False, True):
        thief = await world.log_in()
        await ask(world, ada.user.user_id)
        if is_changed:
            await confirm(world)
        way_back = world.mailed_token(Purpose.KEEP_EMAIL)
        await world.handlers.addresses.keep(KeepEmail(way_back))
        assert world.store.users[ada.user.user_id].email == ADA
        assert await world.handlers.sessions.check([ada.session_id, thief.session_id]) == frozenset()
        with pytest.raises(InvalidToken):
            await world.handlers.addresses.keep(KeepEmail(way_back))
        with pytest.raises(InvalidToken):
            await confirm(world)
    await ask(world, ada.user.user_id)
    world.clock.advance(timedelta(days=7))
    with pytest.raises(InvalidToken):
        await world.handlers.addresses.keep(KeepEmail(world.mailed_token(Purpose.KEEP_EMAIL)))


async def test_the_first_owner_wins(world: World, ada: OpenedSession) -> None:
    """A thief who changes it twice and takes one back can't undo what the owner of the first one does."""
    user_id = ada.user.user_id
    await ask(world, user_id)
    owners = world.mailed_token(Purpose.KEEP_EMAIL)
    await confirm(world)
    world.clock.advance(timedelta(minutes=1))
    await ask(world, user_id, NEWER)
    thiefs = world.mailed_token(Purpose.KEEP_EMAIL)
    await confirm(world)
    await world.handlers.addresses.keep(KeepEmail(thiefs))
    assert world.store.users[user_id].email == NEW
    await ask(world, user_id, NEWER)
    again = world.mailed_token(Purpose.KEEP_EMAIL)
    await world.handlers.addresses.keep(KeepEmail(owners))
    assert world.store.users[user_id].email == ADA
    for token in (thiefs, again):
        with pytest.raises(InvalidToken):
            await world.handlers.addresses.keep(KeepEmail(token))
    assert world.store.users[user_id].email == ADA


async def test_links_to_the_old_address_open_nothing_of_the_new_one(world: World, ada: OpenedSession) -> None:
    """A reset that was mailed before is used up."""
    await world.ask_for_reset()
    await ask(world, ada.user.user_id)
    await confirm(world)
    token = next(
        token for token in world.store.mail_tokens.values() if token.purpose is Purpose.RESET_PASSWORD
    )
    assert token.used_at


async def test_a_first_proof_is_told(world: World) -> None:
    """Whoever never proved the old address proves the new one, and is welcomed by it."""
    opened = await world.sign_up()
    await ask(world, opened.user.user_id)
    await confirm(world)
    (told,) = [event for event in world.store.events if isinstance(event, EmailVerified)]
    assert told.is_welcomed
    assert world.store.users[opened.user.user_id].email_verified


async def test_a_disabled_account_changes_nothing(world: World, ada: OpenedSession) -> None:
    """Neither asks nor confirms."""
    await ask(world, ada.user.user_id)
    world.change(ada.user.user_id, disabled_at=world.clock.now())
    for act in (ask(world, ada.user.user_id), confirm(world)):
        with pytest.raises(UserDisabled):
            await act
    assert world.store.users[ada.user.user_id].email == ADA


@pytest.mark.parametrize("purpose", [Purpose.VERIFY_EMAIL, Purpose.RESET_PASSWORD])
async def test_a_token_for_something_else_changes_nothing(world: World, purpose: Purpose) -> None:
    """Each link does what its mail says."""
    await world.sign_up()
    await world.ask_for_reset()
    before = world.store.snapshot()
    token = world.mailed_token(purpose)
    with pytest.raises(InvalidToken):
        await world.handlers.addresses.change(ChangeEmail(token))
    with pytest.raises(InvalidToken):
        await world.handlers.addresses.keep(KeepEmail(token))
    assert world.store == before
