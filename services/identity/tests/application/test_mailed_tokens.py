"""What mailed tokens do: verify addresses and reset passwords."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from identity.application.reset_password import ResetPassword
from identity.application.verify_email import VerifyEmail
from identity.domain.errors import (
    InvalidCredentials,
    InvalidToken,
    SessionEnded,
    TooManyAttempts,
    WeakPassword,
)
from identity.domain.mail import Purpose
from identity_world import ADA, EVE, OTHER_PASSWORD, PASSWORD, World


async def test_an_address_is_verified_once(world: World) -> None:
    """The mailed token verifies, and then is used up."""
    opened = await world.sign_up()
    token = world.mailed_token(Purpose.VERIFY_EMAIL)
    assert (await world.handlers.verify_email(VerifyEmail(token))).email_verified
    assert (await world.handlers.read_user(opened.user.user_id)).email_verified
    with pytest.raises(InvalidToken):
        await world.handlers.verify_email(VerifyEmail(token))


async def test_a_reset_replaces_the_password_and_ends_every_session(world: World) -> None:
    """The old password and the old sessions are out, the new password is in."""
    first, second = await world.sign_up(), await world.log_in()
    await world.ask_for_reset()
    token = world.mailed_token(Purpose.RESET_PASSWORD)
    await world.handlers.reset_password(ResetPassword(token, OTHER_PASSWORD))
    for opened in (first, second):
        with pytest.raises(SessionEnded):
            await world.refresh(opened.refresh_token)
    with pytest.raises(InvalidCredentials):
        await world.log_in(password=PASSWORD)
    assert (await world.log_in(password=OTHER_PASSWORD)).user.email == ADA


async def test_a_reset_uses_up_every_open_token(world: World) -> None:
    """Of two mailed links one works, and afterwards neither."""
    await world.sign_up()
    await world.ask_for_reset()
    older = world.mailed_token(Purpose.RESET_PASSWORD)
    await world.ask_for_reset()
    newer = world.mailed_token(Purpose.RESET_PASSWORD)
    await world.handlers.reset_password(ResetPassword(older, OTHER_PASSWORD))
    for token in (older, newer):
        with pytest.raises(InvalidToken):
            await world.handlers.reset_password(ResetPassword(token, PASSWORD))
    assert (await world.log_in(password=OTHER_PASSWORD)).user.email == ADA


async def test_a_weak_password_leaves_the_token_good(world: World) -> None:
    """The person may try again with a better password."""
    await world.sign_up()
    await world.ask_for_reset()
    token, before = world.mailed_token(Purpose.RESET_PASSWORD), world.store.snapshot()
    with pytest.raises(WeakPassword) as refused:
        await world.handlers.reset_password(ResetPassword(token, "short"))
    assert refused.value.field == "new_password"
    assert world.store == before
    await world.handlers.reset_password(ResetPassword(token, OTHER_PASSWORD))


async def test_bad_tokens_change_nothing(world: World) -> None:
    """Unknown, expired and mistaken tokens are refused alike."""
    await world.sign_up()
    await world.ask_for_reset()
    reset, verify = world.mailed_token(Purpose.RESET_PASSWORD), world.mailed_token(Purpose.VERIFY_EMAIL)
    before = world.store.snapshot()
    for token in ("never issued", verify):
        with pytest.raises(InvalidToken):
            await world.handlers.reset_password(ResetPassword(token, OTHER_PASSWORD))
    with pytest.raises(InvalidToken):
        await world.handlers.verify_email(VerifyEmail(reset))
    world.clock.advance(timedelta(hours=1))
    with pytest.raises(InvalidToken):
        await world.handlers.reset_password(ResetPassword(reset, OTHER_PASSWORD))
    assert world.store == before


async def test_an_unknown_or_disabled_address_gets_no_mail(world: World) -> None:
    """The caller sees no difference, and no mail is written."""
    opened = await world.sign_up()
    world.change(opened.user.user_id, disabled_at=world.clock.now())
    before = world.store.snapshot()
    await world.ask_for_reset(EVE)
    await world.ask_for_reset()
    assert world.store == before


async def test_an_unknown_address_takes_as_long(world: World) -> None:
    """Who has an account is not told by the clock: both answers come when the same time has passed."""
    await world.sign_up()
    world.rewire(replace(world.ports, reset_answer_s=0.05))
    for email in (ADA, EVE):
        began_at_s = time.perf_counter()
        await world.ask_for_reset(email)
        assert time.perf_counter() - began_at_s >= 0.05
    assert world.mailed_token(Purpose.RESET_PASSWORD)


async def test_a_mailbox_can_not_be_flooded(world: World) -> None:
    """One client can ask only so often, for known and unknown addresses alike."""
    await world.sign_up()
    for email in (ADA, EVE):
        for _ in range(5):
            await world.ask_for_reset(email)
        before = world.store.snapshot()
        with pytest.raises(TooManyAttempts):
            await world.ask_for_reset(email)
        assert world.store == before
