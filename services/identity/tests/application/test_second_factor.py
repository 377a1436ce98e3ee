"""A second factor: on after a code, asked for at each sign-in, each code good once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from identity.adapters.outbound.fernet_box import FernetBox
from identity.application.begin_second_factor import BeginSecondFactor, NewSecret
from identity.application.complete_log_in import CompleteLogIn
from identity.application.confirm_second_factor import ConfirmSecondFactor
from identity.application.end_other_sessions import EndOtherSessions
from identity.application.open_session import OpenedSession
from identity.application.remove_second_factor import RemoveSecondFactor
from identity.application.reset_password import ResetPassword
from identity.application.step_up import StepUp
from identity.application.verify_email import VerifyEmail
from identity.domain.client import Client
from identity.domain.errors import (
    ChallengeEnded,
    IdentityError,
    InvalidCredentials,
    SecondFactorOn,
    SecondFactorRequired,
    SecondFactorsOff,
    TooManyAttempts,
    UserDisabled,
    WrongCode,
    WrongPassword,
)
from identity.domain.identifiers import UserId
from identity.domain.mail import Notice, Purpose
from identity.domain.second_factor import TRIES_MAX, recovery_digest
from identity.domain.sign_in_errors import EmailNotConfirmed
from identity_world import OTHER_PASSWORD, PASSWORD, World


class Phone:
    """Somebody's app, and the codes that they wrote down."""

    def __init__(self, world: World, user_id: UserId, made: NewSecret) -> None:
        self.world, self.user_id, self.made = world, user_id, made
        self.paper: list[str] = []

    def code(self, steps: int = 0) -> str:
        """What it shows now, or some half minutes from now."""
        return pyotp.TOTP(self.made.secret).at(self.world.clock.now() + timedelta(seconds=30 * steps))

    async def confirm(self, code: str | None = None) -> None:
        """Turn the factor on."""
        confirm = ConfirmSecondFactor(self.user_id, self.code() if code is None else code)
        self.paper = await self.world.handlers.factors.confirm(confirm)


async def begin(world: World, user_id: UserId, password: str = PASSWORD) -> Phone:
    """Show an app the secret."""
    return Phone(world, user_id, await world.handlers.factors.begin(BeginSecondFactor(user_id, password)))


@pytest.fixture
async def ada(world: World) -> OpenedSession:
    """Somebody whose address is proven."""
    opened = await world.sign_up()
    await world.handlers.verify_email(VerifyEmail(world.mailed_token(Purpose.VERIFY_EMAIL)))
    return opened


@pytest.fixture
async def phone(world: World, ada: OpenedSession) -> Phone:
    """Her factor is on, for half a minute already."""
    phone = await begin(world, ada.user.user_id)
    await phone.confirm()
    world.clock.advance(timedelta(seconds=30))
    return phone


async def challenged(world: World, password: str = PASSWORD, **more: str | None) -> str:
    """The token of a sign-in that waits."""
    with pytest.raises(SecondFactorRequired) as needed:
        await world.log_in(password=password, **more)  # type: ignore[arg-type]
    return needed.value.details["challenge"]


async def complete(world: World, challenge: str, code: str) -> OpenedSession:
    """Show a code."""
    return await world.handlers.factors.complete(CompleteLogIn(challenge, code))


def notices(world: World) -> list[Notice]:
    """The news that was mailed."""
    return [row.mail.purpose for row in world.store.mails.values() if isinstance(row.mail.purpose, Notice)]


async def test_it_is_on_after_a_code_alone(world: World, ada: OpenedSession) -> None:
    """A secret that no code has confirmed asks for nothing; the next one takes its place."""
    user_id = ada.user.user_id
    first = await begin(world, user_id)
    assert (await world.log_in()).user.user_id == user_id
    second = await begin(world, user_id)
    for code in (first.code(), "000000", second.code(2)):
        with pytest.raises(WrongCode):
            await second.confirm(code)
    assert (await world.handlers.factors.read(user_id)).confirmed_at is None
    await second.confirm()
    state = await world.handlers.factors.read(user_id)
    assert (state.confirmed_at, state.codes_left) == (world.clock.now(), 10)
    assert notices(world) == [Notice.SECOND_FACTOR_ON]
    with pytest.raises(SecondFactorOn):
        await begin(world, user_id)
    with pytest.raises(SecondFactorOn):
        await second.confirm()


async def test_an_address_that_nobody_proved_has_none(world: World) -> None:
    """Whoever opened the account with somebody else's address must not lock that person out of it."""
    user = (await world.sign_up()).user
    with pytest.raises(EmailNotConfirmed):
        await begin(world, user.user_id)
    assert not world.store.second_factors
    # From before that was so, or of an operator's account: what waits is not confirmed either.
    world.change(user.user_id, email_verified_at=world.clock.now())
    phone = await begin(world, user.user_id)
    world.change(user.user_id, email_verified_at=None)
    with pytest.raises(EmailNotConfirmed):
        await phone.confirm()
    assert (await world.handlers.factors.read(user.user_id)).confirmed_at is None
    assert notices(world) == []
    await world.handlers.verify_email(VerifyEmail(world.mailed_token(Purpose.VERIFY_EMAIL)))
    await phone.confirm()
    assert notices(world) == [Notice.SECOND_FACTOR_ON]


async def test_nothing_of_it_can_be_read(world: World, phone: Phone) -> None:
    """Neither the secret nor a recovery code is kept as it is."""
    kept = repr(world.store)
    assert phone.made.secret not in kept
    assert all(code not in kept for code in phone.paper)
    assert len(set(phone.paper)) == 10


async def test_a_sign_in_takes_two_steps(world: World, phone: Phone, ada: OpenedSession) -> None:
    """No session is there before the code; with it comes what comes with a sign-in."""
    sessions = len(world.store.sessions)
    challenge = await challenged(world, client="198.51.100.7")
    assert len(world.store.sessions) == sessions
    assert challenge not in repr(world.store)
    opened = await complete(world, challenge, phone.code())
    assert opened.user.user_id == ada.user.user_id
    assert opened.device_token
    with pytest.raises(ChallengeEnded):
        await complete(world, challenge, phone.code(1))


async def test_a_known_device_is_asked_too(world: World, phone: Phone, ada: OpenedSession) -> None:
    """It is told from strangers who guess, and keeps its token."""
    challenge = await challenged(world, device=ada.device_token)
    assert (await complete(world, challenge, phone.code())).device_token is None


async def test_the_password_comes_first(world: World, phone: Phone) -> None:
    """Whoever does not know it is not told that there is a factor."""
    with pytest.raises(InvalidCredentials):
        await world.log_in(password=OTHER_PASSWORD)
    with pytest.raises(ChallengeEnded):
        await complete(world, "guess", phone.code())


async def test_a_code_counts_once(world: World, phone: Phone) -> None:
    """Not twice in its half minute, not at once from two places, and none older than the last."""
    first, second = await challenged(world), await challenged(world)
    code, before = phone.code(), phone.code(-1)
    outcomes = await asyncio.gather(
        complete(world, first, code), complete(world, second, code), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["OpenedSession", "WrongCode"]
    with pytest.raises(WrongCode):
        await complete(world, second, before)
    assert await complete(world, second, phone.code(1))


async def test_the_code_that_turned_it_on_opens_nothing(world: World, ada: OpenedSession) -> None:
    """It was used by that."""
    phone = await begin(world, ada.user.user_id)
    await phone.confirm()
    with pytest.raises(WrongCode):
        await complete(world, await challenged(world), phone.code())


async def test_a_sign_in_ends_after_five_wrong_codes(world: World, phone: Phone) -> None:
    """The right one comes too late then."""
    challenge = await challenged(world)
    spread = [f"198.51.{number}.1" for number in range(TRIES_MAX)]
    for client in spread:
        with pytest.raises(WrongCode):
            await world.handlers.factors.complete(
                CompleteLogIn(challenge, "000000", client=Client(address=client))
            )
    with pytest.raises(ChallengeEnded):
        await complete(world, challenge, phone.code())


async def test_guesses_are_counted_over_all_sign_ins(world: World, phone: Phone) -> None:
    """A new challenge brings no new tries for whoever knows the password."""
    challenge = await challenged(world)
    for _ in range(5):
        with pytest.raises((WrongCode, TooManyAttempts)):
            await complete(world, challenge, "000000")
    with pytest.raises(TooManyAttempts):
        await complete(world, await challenged(world, client="198.51.100.3"), phone.code())


async def test_a_sign_in_waits_for_five_minutes(world: World, phone: Phone) -> None:
    """And no longer."""
    challenge = await challenged(world)
    world.clock.advance(timedelta(minutes=5))
    with pytest.raises(ChallengeEnded):
        await complete(world, challenge, phone.code())


async def test_recovery_codes_are_good_once(world: World, phone: Phone) -> None:
    """However they are typed; the others stay."""
    code = phone.paper[0]
    await complete(world, await challenged(world), code.upper().replace("-", " "))
    with pytest.raises(WrongCode):
        await complete(world, await challenged(world), code)
    assert (await world.handlers.factors.read(phone.user_id)).codes_left == 9
    assert recovery_digest(code) == recovery_digest(code.replace("-", ""))


async def test_a_reset_is_no_way_around(world: World, phone: Phone) -> None:
    """Whoever reads the person's mail knows a password, and no code."""
    await world.ask_for_reset()
    device = await world.handlers.reset_password(
        ResetPassword(world.mailed_token(Purpose.RESET_PASSWORD), OTHER_PASSWORD)
    )
    assert await challenged(world, password=OTHER_PASSWORD, device=device)


@pytest.mark.parametrize("guessed", ["sign in", "step up", "turn off", "turn on"])
async def test_wrong_codes_at_one_close_no_other(world: World, phone: Phone, guessed: str) -> None:
    """Whoever guesses at one of them is stopped there, and its owner goes on everywhere else."""
    opened = await complete(world, await challenged(world), phone.paper[0])
    user_id, challenges = phone.user_id, [await challenged(world), await challenged(world)]

    async def signs_in(code: str) -> None:
        await complete(world, challenges[0], code)

    async def steps_up(code: str) -> None:
        await world.handlers.sessions.step_up(StepUp(user_id, opened.session_id, code=code))

    async def turns_off(code: str) -> None:
        await world.handlers.factors.remove(RemoveSecondFactor(user_id, PASSWORD, code))

    async def turns_on(code: str) -> None:
        await world.handlers.factors.confirm(ConfirmSecondFactor(user_id, code))

    asks = {"sign in": signs_in, "step up": steps_up, "turn off": turns_off, "turn on": turns_on}
    ask = asks.pop(guessed)
    refused = list[type[IdentityError]]()
    # What was right before was counted too.
    for _ in range(6):
        with pytest.raises(IdentityError) as refusal:
            await ask("000000")
        refused.append(refusal.type)
    assert refused[0] in (WrongCode, SecondFactorOn)
    assert refused[-1] is TooManyAttempts
    challenges.reverse()
    with pytest.raises(TooManyAttempts):
        await ask(phone.paper[1])
    for other in asks.values():
        with pytest.raises((WrongCode, SecondFactorOn)):
            await other("000000")
    assert (await world.handlers.factors.read(user_id)).codes_left == 9


@pytest.mark.parametrize("ends", ["reset", "everywhere else"])
async def test_a_sign_in_that_waits_ends_with_the_sessions(world: World, phone: Phone, ends: str) -> None:
    """Whoever knew the old password, or was at another device, shows no code any more."""
    opened = await complete(world, await challenged(world), phone.paper[0])
    waiting = await challenged(world)
    if ends == "reset":
        await world.ask_for_reset()
        token = world.mailed_token(Purpose.RESET_PASSWORD)
        await world.handlers.reset_password(ResetPassword(token, OTHER_PASSWORD))
    else:
        await world.handlers.sessions.end_others(EndOtherSessions(phone.user_id, opened.session_id))
    sessions = len(world.store.sessions)
    with pytest.raises(ChallengeEnded):
        await complete(world, waiting, phone.paper[1])
    assert len(world.store.sessions) == sessions
    assert (await world.handlers.factors.read(phone.user_id)).codes_left == 9
    # The next one waits as ever.
    password = OTHER_PASSWORD if ends == "reset" else PASSWORD
    assert await complete(world, await challenged(world, password=password), phone.paper[1])


async def test_it_is_turned_off_with_both(world: World, phone: Phone) -> None:
    """The password and a code; the secret and the paper are gone then, and the person is mailed."""
    remove = RemoveSecondFactor(phone.user_id, PASSWORD, phone.code())
    with pytest.raises(WrongPassword):
        await world.handlers.factors.remove(replace(remove, password=OTHER_PASSWORD))
    with pytest.raises(WrongCode):
        await world.handlers.factors.remove(replace(remove, code="000000"))
    assert await challenged(world)
    await world.handlers.factors.remove(remove)
    assert (world.store.second_factors, world.store.recovery_codes) == ({}, {})
    assert notices(world)[-1] is Notice.SECOND_FACTOR_OFF
    assert (await world.log_in()).user.user_id == phone.user_id


async def test_a_disabled_account_is_not_opened_by_a_code(world: World, phone: Phone) -> None:
    """Closed between the two steps."""
    challenge = await challenged(world)
    world.change(phone.user_id, disabled_at=world.clock.now())
    with pytest.raises(UserDisabled):
        await complete(world, challenge, phone.code())


async def test_without_a_key_nobody_turns_one_on(world: World, ada: OpenedSession) -> None:
    """As shipped; and where a key is gone, the paper still opens the account."""
    world.rewire(replace(world.ports, box=FernetBox([])))
    with pytest.raises(SecondFactorsOff):
        await begin(world, ada.user.user_id)
    assert world.store.second_factors == {}


async def test_where_the_key_is_gone_the_paper_opens(world: World, phone: Phone) -> None:
    """No code of the app does."""
    world.rewire(replace(world.ports, box=FernetBox([])))
    challenge = await challenged(world)
    with pytest.raises(WrongCode):
        await complete(world, challenge, phone.code())
    assert await complete(world, challenge, phone.paper[0])
