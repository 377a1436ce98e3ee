"""A passkey as a second factor, and as a fresh proof: for its person, and for what was asked."""

from datetime import timedelta

import pyotp
import pytest
from authenticator import Authenticator
from identity.application.add_passkey import AddPasskey
from identity.application.begin_second_factor import BeginSecondFactor
from identity.application.complete_log_in import CompleteLogIn
from identity.application.confirm_second_factor import ConfirmSecondFactor
from identity.application.log_out import LogOut
from identity.application.open_session import OpenedSession
from identity.application.require_proof import RequireProof
from identity.application.sign_in_with_passkey import SignInWithPasskey
from identity.application.step_up import StepUp
from identity.domain.errors import (
    ChallengeEnded,
    SecondFactorRequired,
    SessionEnded,
    SessionNotFound,
    StepUpRequired,
    TooManyAttempts,
    UserDisabled,
)
from identity.domain.identifiers import UserId
from identity.domain.mail import Notice
from identity.domain.passkey_errors import (
    CeremonyEnded,
    PasskeyCopied,
    PasskeyNotFound,
    PasskeyUnknown,
    PasskeyUserNotVerified,
)
from identity_world import EVE, PASSWORD, World


@pytest.fixture
async def ada(world: World) -> OpenedSession:
    """Somebody whose last proof is old."""
    opened = await world.sign_up()
    world.change(opened.user.user_id, email_verified_at=world.clock.now())
    world.clock.advance(timedelta(minutes=11))
    return opened


@pytest.fixture
async def phone(world: World, ada: OpenedSession) -> Authenticator:
    """Her passkey."""
    return await with_passkey(world, ada.user.user_id)


async def with_passkey(world: World, user_id: UserId) -> Authenticator:
    """Make one, for somebody whose address is proven."""
    world.change(user_id, email_verified_at=world.clock.now())
    key = Authenticator()
    options = await world.handlers.passkeys.begin(user_id)
    await world.handlers.passkeys.add(AddPasskey(user_id, "Phone", key.create(options)))
    return key


async def challenged(world: World, user_id: UserId) -> str:
    """Turn codes on; the token of a sign-in that waits."""
    made = await world.handlers.factors.begin(BeginSecondFactor(user_id, PASSWORD))
    code = pyotp.TOTP(made.secret).at(world.clock.now())
    await world.handlers.factors.confirm(ConfirmSecondFactor(user_id, code))
    with pytest.raises(SecondFactorRequired) as needed:
        await world.log_in()
    return needed.value.details["challenge"]


async def complete(world: World, challenge: str, answer: str) -> OpenedSession:
    """Answer it with a passkey."""
    return await world.handlers.factors.complete(CompleteLogIn(challenge, passkey=answer))


async def step_up(world: World, session: OpenedSession, answer: str) -> None:
    """Prove it with a passkey."""
    proof = StepUp(session.user.user_id, session.session_id, passkey=answer)
    await world.handlers.sessions.step_up(proof)


async def require(world: World, session: OpenedSession) -> None:
    """Ask for a fresh proof."""
    await world.handlers.sessions.require_proof(RequireProof(session.user.user_id, session.session_id))


async def test_a_passkey_alone_asks_for_nothing_more(world: World, phone: Authenticator) -> None:
    """A password opens the account as before."""
    assert await world.log_in()


async def test_a_passkey_takes_a_codes_place(world: World, ada: OpenedSession, phone: Authenticator) -> None:
    """Without a PIN, since the password was known; once."""
    challenge = await challenged(world, ada.user.user_id)
    phone.verifies = False
    answer = phone.get(await world.handlers.passkeys.begin_second_factor(challenge))
    opened = await complete(world, challenge, answer)
    assert (opened.user.user_id, opened.device_token is not None) == (ada.user.user_id, True)
    with pytest.raises(CeremonyEnded):
        await complete(world, challenge, answer)
    with pytest.raises(ChallengeEnded):
        await world.handlers.passkeys.begin_second_factor(challenge)


async def test_a_passkey_sign_in_asks_for_no_code(
    world: World, ada: OpenedSession, phone: Authenticator
) -> None:
    """It is two factors by itself."""
    await challenged(world, ada.user.user_id)
    answer = phone.get(await world.handlers.passkeys.begin_sign_in())
    assert await world.handlers.passkeys.sign_in(SignInWithPasskey(answer))


async def test_only_own_passkeys_end_a_sign_in(
    world: World, ada: OpenedSession, phone: Authenticator
) -> None:
    """Nobody else's, none by an answer to something else, and no answer counts twice."""
    eve = await world.sign_up(EVE)
    hers = await with_passkey(world, eve.user.user_id)
    challenge = await challenged(world, ada.user.user_id)
    sessions, passkeys = dict(world.store.sessions), world.handlers.passkeys
    with pytest.raises(PasskeyUnknown):
        await complete(world, challenge, hers.get(await passkeys.begin_second_factor(challenge)))
    phone.verifies = False
    unverified = phone.get(await passkeys.begin_second_factor(challenge))
    for wrong in (
        phone.get(await passkeys.begin_sign_in()),
        phone.get(await passkeys.begin_step_up(ada.user.user_id)),
        hers.get(await passkeys.begin_step_up(eve.user.user_id)),
    ):
        with pytest.raises(CeremonyEnded):
            await complete(world, challenge, wrong)
    # What needs no PIN opens nothing where the passkey is all there is.
    with pytest.raises(CeremonyEnded):
        await passkeys.sign_in(SignInWithPasskey(unverified))
    with pytest.raises(ChallengeEnded):
        await complete(world, "guess", unverified)
    assert world.store.sessions == sessions


async def test_a_copy_ends_no_sign_in(world: World, ada: OpenedSession, phone: Authenticator) -> None:
    """It is noted and mailed all the same."""
    challenge = await challenged(world, ada.user.user_id)
    phone.get(await world.handlers.passkeys.begin_sign_in())
    assert await complete(
        world, challenge, phone.get(await world.handlers.passkeys.begin_second_factor(challenge))
    )
    with pytest.raises(SecondFactorRequired) as needed:
        await world.log_in()
    challenge, phone.counts = needed.value.details["challenge"], 0
    options = await world.handlers.passkeys.begin_second_factor(challenge)
    with pytest.raises(PasskeyCopied):
        await complete(world, challenge, phone.get(options))
    told = [row.mail.purpose for row in world.store.mails.values()]
    assert told.count(Notice.PASSKEY_COPIED) == 1


async def test_who_has_none_is_told(world: World, ada: OpenedSession) -> None:
    """There is nothing to ask a browser for."""
    with pytest.raises(PasskeyNotFound):
        await world.handlers.passkeys.begin_step_up(ada.user.user_id)
    challenge = await challenged(world, ada.user.user_id)
    with pytest.raises(PasskeyNotFound):
        await world.handlers.passkeys.begin_second_factor(challenge)
    world.clock.advance(timedelta(minutes=5))
    with pytest.raises(ChallengeEnded):
        await world.handlers.passkeys.begin_second_factor(challenge)
    with pytest.raises(ChallengeEnded):
        await world.handlers.passkeys.begin_second_factor("guess")


async def test_a_passkey_is_a_fresh_proof(world: World, ada: OpenedSession, phone: Authenticator) -> None:
    """At its session alone, and once."""
    with pytest.raises(StepUpRequired):
        await require(world, ada)
    answer = phone.get(await world.handlers.passkeys.begin_step_up(ada.user.user_id))
    await step_up(world, ada, answer)
    await require(world, ada)
    with pytest.raises(CeremonyEnded):
        await step_up(world, ada, answer)


async def test_a_passkey_without_a_pin_proves_nothing(
    world: World, ada: OpenedSession, phone: Authenticator
) -> None:
    """Whoever sits down at the computer may find the key in it."""
    phone.verifies = False
    before = world.store.snapshot()
    options = await world.handlers.passkeys.begin_step_up(ada.user.user_id)
    with pytest.raises(PasskeyUserNotVerified):
        await step_up(world, ada, phone.get(options))
    assert world.store == before


async def test_anothers_passkey_proves_nothing(
    world: World, ada: OpenedSession, phone: Authenticator
) -> None:
    """Nor does one's own at another's session, or at one that ended."""
    eve = await world.sign_up(EVE)
    hers, passkeys = await with_passkey(world, eve.user.user_id), world.handlers.passkeys
    before = world.store.snapshot()
    with pytest.raises(PasskeyUnknown):
        await step_up(world, ada, hers.get(await passkeys.begin_step_up(ada.user.user_id)))
    with pytest.raises(CeremonyEnded):
        await step_up(world, ada, phone.get(await passkeys.begin_step_up(eve.user.user_id)))
    answer = hers.get(await passkeys.begin_step_up(eve.user.user_id))
    with pytest.raises(SessionNotFound):
        await world.handlers.sessions.step_up(StepUp(eve.user.user_id, ada.session_id, passkey=answer))
    assert world.store == before
    await world.handlers.log_out(LogOut(ada.refresh_token))
    with pytest.raises(SessionEnded):
        await step_up(world, ada, phone.get(await passkeys.begin_step_up(ada.user.user_id)))
    world.change(ada.user.user_id, disabled_at=world.clock.now())
    with pytest.raises(UserDisabled):
        await step_up(world, ada, phone.get(await passkeys.begin_step_up(ada.user.user_id)))


async def test_proofs_are_counted(world: World, ada: OpenedSession, phone: Authenticator) -> None:
    """As guesses of a password are."""
    for _ in range(5):
        await step_up(world, ada, phone.get(await world.handlers.passkeys.begin_step_up(ada.user.user_id)))
    with pytest.raises(TooManyAttempts):
        await step_up(world, ada, phone.get(await world.handlers.passkeys.begin_step_up(ada.user.user_id)))
