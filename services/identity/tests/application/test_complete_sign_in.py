"""Signing in on a provider's word."""

import asyncio
from collections.abc import Mapping

import pyotp
import pytest
from identity.application.complete_log_in import CompleteLogIn
from identity.application.complete_sign_in import LinkWaits
from identity.application.open_session import OpenedSession
from identity.domain.client import Client
from identity.domain.errors import IdentityError, SecondFactorRequired, TooManyAttempts, UserDisabled
from identity.domain.events import UserRegistered
from identity.domain.identifiers import ProviderId
from identity.domain.mail import Notice
from identity.domain.second_factor import SecondFactor
from identity.domain.sign_in_errors import (
    ProviderEmailUnverified,
    SignInDeclined,
    SignInProviderNotFound,
    SignInProviderUnavailable,
    SignInRefused,
    SignInStateInvalid,
)
from identity.domain.welcome import Welcome
from identity_world import ADA, EVE, World
from sign_in_world import GITHUB, SignInWorld


@pytest.fixture
def world() -> SignInWorld:
    """A world of its own for each test."""
    return SignInWorld()


def nothing_of(world: World) -> Mapping[str, object]:
    """All that a refusal may not add to."""
    store = world.store
    return {
        "users": dict(store.users),
        "linked": dict(store.linked),
        "waiting": dict(store.waiting_links),
        "sessions": dict(store.sessions),
        "events": list(store.events),
    }


async def test_a_new_person_gets_an_account(world: SignInWorld) -> None:
    """With the proven address, the same fact as a sign-up tells, the welcome at once, and no password."""
    opened = await world.opened(full_name="  Ada\n Lovelace ")
    user = world.store.users[opened.user.user_id]
    assert (user.email, user.full_name, user.password_hash) == (ADA, "Ada Lovelace", None)
    assert user.email_verified_at == world.clock.now()
    assert user.welcome is Welcome.GIVEN
    (told,) = world.store.events
    assert isinstance(told, UserRegistered)
    assert (told.user_id, told.email, told.welcome) == (user.user_id, ADA, Welcome.GIVEN)
    assert opened.device_token
    assert not world.store.mails


async def test_the_same_person_comes_back(world: SignInWorld) -> None:
    """By the subject, whatever the address is by now, proven or not: one account, and another session."""
    first = await world.opened()
    again = await world.opened(email="other@example.com", email_verified=False)
    assert again.user.user_id == first.user.user_id
    assert again.session_id != first.session_id
    assert len(world.store.users) == len(world.store.events) == len(world.store.linked) == 1


async def test_a_sign_in_from_elsewhere_is_told_by_mail(world: SignInWorld) -> None:
    """As one with a password is; from where somebody was before it is not."""
    await world.opened()
    await world.opened()
    assert not world.store.mails
    world.place = Client(address="198.51.100.7", browser="Firefox", system="Linux")
    await world.opened()
    (told,) = world.store.mails.values()
    assert (told.mail.recipient, told.mail.purpose) == (ADA, Notice.NEW_SIGN_IN)


async def test_a_second_factor_is_asked_for(world: SignInWorld) -> None:
    """The provider's word opens no session of an account that asks for a code."""
    ada = (await world.opened()).user.user_id
    sessions = len(world.store.sessions)
    world.store.second_factors[ada] = SecondFactor(
        user_id=ada,
        sealed_secret=world.ports.box.seal("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
        created_at=world.clock.now(),
        confirmed_at=world.clock.now(),
    )
    with pytest.raises(SecondFactorRequired) as needed:
        await world.opened()
    assert len(world.store.sessions) == sessions
    shown = pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").at(world.clock.now())
    opened = await world.handlers.factors.complete(CompleteLogIn(needed.value.details["challenge"], shown))
    assert opened.user.user_id == ada


async def test_a_subject_of_another_provider_is_somebody_else(world: SignInWorld) -> None:
    """Subjects are an issuer's own."""
    await world.opened(subject="1")
    begun, state = await world.begin(provider=GITHUB)
    code = world.github.person("code", "1", email=EVE, email_verified=True)
    opened = await world.complete(begun, state, code, provider=GITHUB)
    assert isinstance(opened, OpenedSession)
    assert opened.user.email == EVE


async def test_a_mailbox_is_welcomed_once(world: SignInWorld) -> None:
    """An alias that comes by a provider is an alias."""
    await world.opened()
    alias = await world.opened("2", "ada+more@example.com")
    assert alias.user.welcome is Welcome.NONE


async def test_an_address_with_an_account_waits_for_its_owner(world: SignInWorld) -> None:
    """Whatever the provider vouches for: nobody is signed in, and nothing is linked."""
    ada = (await world.sign_up()).user
    before = nothing_of(world)
    waits = await world.waiting(email="ADA@example.com")
    assert waits.email == ada.email
    assert nothing_of(world) | {"waiting": {}} == before
    (waiting,) = world.store.waiting_links.values()
    assert waiting.user_id == ada.user_id
    assert waits.token.encode() != waiting.token_digest


@pytest.mark.parametrize("told", [{"email_verified": False}, {"email": None}])
async def test_an_address_that_nobody_vouches_for_opens_nothing(
    world: SignInWorld, told: Mapping[str, object]
) -> None:
    """Neither a new account, nor a step towards one that has the address."""
    for _ in range(2):
        before = nothing_of(world)
        with pytest.raises(ProviderEmailUnverified):
            await world.sign_in(**{"email": ADA, **told})  # type: ignore[arg-type]
        assert nothing_of(world) == before
        if not world.store.users:
            await world.sign_up()


async def test_an_answer_counts_once(world: SignInWorld) -> None:
    """A state that is replayed is nobody's, with a new code too."""
    begun, state = await world.begin()
    world.google.person("2", email=ADA, email_verified=True)
    await world.complete(begun, state, world.google.person("1", email=ADA, email_verified=True))
    before = nothing_of(world)
    for code in ("1", "2"):
        with pytest.raises(SignInStateInvalid):
            await world.complete(begun, state, code)
    assert nothing_of(world) == before
    assert "2" in world.google.people


async def test_an_answer_counts_in_the_browser_that_began(world: SignInWorld) -> None:
    """And is used up by whoever brings it elsewhere."""
    begun, state = await world.begin()
    others, other_state = await world.begin()
    code = world.google.person("code", email=ADA, email_verified=True)
    for browser, shown in ((others, state), (begun, state), (begun, other_state), (begun, "guessed")):
        with pytest.raises(SignInStateInvalid):
            await world.complete(browser, shown, code)
    assert not world.store.users


async def test_an_answer_is_of_the_provider_that_was_asked(world: SignInWorld) -> None:
    """One provider's answer at the address of another is a mix-up (RFC 9700, section 4.4)."""
    begun, state = await world.begin()
    code = world.github.person("code", email=ADA, email_verified=True)
    with pytest.raises(SignInStateInvalid):
        await world.complete(begun, state, code, provider=GITHUB)
    assert not world.store.users


async def test_an_answer_comes_within_ten_minutes(world: SignInWorld) -> None:
    """Later it is nobody's."""
    begun, state = await world.begin()
    world.clock.advance(minutes=10)
    with pytest.raises(SignInStateInvalid):
        await world.complete(begun, state, world.google.person("code", email=ADA, email_verified=True))
    assert not world.store.users


async def test_who_declines_changes_nothing(world: SignInWorld) -> None:
    """And begins anew for another try."""
    begun, state = await world.begin()
    with pytest.raises(SignInDeclined):
        await world.complete(begun, state, None)
    with pytest.raises(SignInStateInvalid):
        await world.complete(begun, state, world.google.person("code", email=ADA, email_verified=True))
    assert not world.store.users


@pytest.mark.parametrize("trouble", [SignInRefused(), SignInProviderUnavailable()])
async def test_a_provider_in_trouble_leaves_nothing_half_done(
    world: SignInWorld, trouble: IdentityError
) -> None:
    """Neither on the way there nor on the way back."""
    begun, state = await world.begin()
    world.google.trouble = trouble
    with pytest.raises(type(trouble)):
        await world.complete(begun, state, "code")
    with pytest.raises(type(trouble)):
        await world.begin()
    assert not world.store.users
    assert not world.store.sessions


async def test_a_disabled_account_stays_closed(world: SignInWorld) -> None:
    """Whoever vouches for its owner."""
    ada = (await world.opened()).user
    world.change(ada.user_id, disabled_at=world.clock.now())
    before = nothing_of(world)
    with pytest.raises(UserDisabled):
        await world.sign_in()
    begun, state = await world.begin(user_id=ada.user_id)
    with pytest.raises(UserDisabled):
        await world.complete(begun, state, world.google.person("code", "2"))
    assert nothing_of(world) == before


async def test_unknown_providers_are_not_found(world: SignInWorld) -> None:
    """On either way."""
    with pytest.raises(SignInProviderNotFound):
        await world.begin(provider=ProviderId("facebook"))
    begun, state = await world.begin()
    with pytest.raises(SignInProviderNotFound):
        await world.complete(begun, state, "code", provider=ProviderId("facebook"))


async def test_new_accounts_count_against_their_network(world: SignInWorld) -> None:
    """As those with a password do; who has an account is not counted."""
    for number in range(10):
        await world.opened(str(number), f"ada{number}@example.com")
    before = nothing_of(world)
    with pytest.raises(TooManyAttempts):
        await world.sign_in("new", "new@example.com")
    assert nothing_of(world) == before
    assert await world.opened("1", "ada1@example.com")


async def test_two_windows_at_once_are_one_account(world: SignInWorld) -> None:
    """Of one person, and of one address with two identities."""
    flows = [await world.begin() for _ in range(3)]
    for code, subject in (("a", "1"), ("b", "1"), ("c", "2")):
        world.google.person(code, subject, email=ADA, email_verified=True)
    results = await asyncio.gather(
        *(world.complete(begun, state, code) for (begun, state), code in zip(flows, "abc", strict=True))
    )
    assert len(world.store.users) == 1
    assert len(world.store.events) == 1
    (owner,) = world.store.users
    for result in results:
        assert isinstance(result, LinkWaits) or result.user.user_id == owner
