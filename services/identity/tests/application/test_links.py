"""Linking identities with accounts, and taking them away again."""

import asyncio
from dataclasses import replace

import pytest
from identity.application.complete_sign_in import LinkWaits
from identity.application.keep_email import KeepEmail
from identity.application.link_identity import LinkIdentity
from identity.application.read_sign_in_methods import SignInMethods
from identity.application.request_email_change import RequestEmailChange
from identity.application.reset_password import ResetPassword
from identity.application.revoke_api_key import RevokeApiKey
from identity.application.verify_email import VerifyEmail
from identity.domain.errors import UserDisabled
from identity.domain.identifiers import LinkId, UserId
from identity.domain.linked_identity import LinkedIdentity
from identity.domain.mail import Notice, Purpose
from identity.domain.sign_in_errors import (
    EmailNotConfirmed,
    IdentityLinkedElsewhere,
    LastWayToSignIn,
    LinkExpired,
    LinkNotFound,
    ProviderLinkedAlready,
)
from identity.domain.user import EmailAddress
from identity_world import ADA, CLIENT, EVE, OTHER_PASSWORD, PASSWORD, create_api_key
from sign_in_world import GITHUB, SignInWorld


@pytest.fixture
def world() -> SignInWorld:
    """A world of its own for each test."""
    return SignInWorld()


async def link(world: SignInWorld, user_id: UserId, token: str) -> LinkedIdentity:
    """Whoever is signed in wants it."""
    return await world.handlers.sign_in.link(LinkIdentity(user_id, token))


async def methods(world: SignInWorld, user_id: UserId, token: str | None = None) -> SignInMethods:
    """How somebody signs in."""
    return await world.handlers.sign_in.read(user_id, link_token=token)


async def wanted(world: SignInWorld, user_id: UserId, subject: str = "1") -> str:
    """Somebody who is signed in goes to Google and back; returns what links it."""
    begun, state = await world.begin(user_id=user_id)
    waits = await world.complete(begun, state, world.google.person("code", subject, email=EVE))
    assert isinstance(waits, LinkWaits)
    assert waits.email is None
    return waits.token


async def test_an_owner_who_signed_in_links_what_waits(world: SignInWorld) -> None:
    """From then on the identity opens the account."""
    ada = await world.confirmed()
    token = (await world.waiting()).token
    seen = await methods(world, ada.user_id, token)
    assert (seen.has_password, seen.linked) == (True, ())
    assert seen.waiting
    assert (seen.waiting.email, seen.waiting.issuer) == (ADA, world.google.issuer)
    linked = await link(world, ada.user_id, token)
    assert (await methods(world, ada.user_id, token)) == SignInMethods(True, (linked,), None)
    assert (await world.opened()).user.user_id == ada.user_id
    assert len(world.store.users) == 1


async def test_nobody_else_links_it(world: SignInWorld) -> None:
    """Another's token is as unknown as a guess, and stays good for its owner."""
    ada, eve = await world.confirmed(), await world.confirmed(EVE)
    token = (await world.waiting()).token
    assert (await methods(world, eve.user_id, token)).waiting is None
    for guess in (token, "guessed"):
        with pytest.raises(LinkExpired):
            await link(world, eve.user_id, guess)
    assert not world.store.linked
    assert await link(world, ada.user_id, token)


async def test_an_address_that_nobody_proved_links_nothing(world: SignInWorld) -> None:
    """Whoever opened the account with somebody else's address must not stay in it: later it is linked."""
    ada = (await world.sign_up()).user
    token = (await world.waiting()).token
    with pytest.raises(EmailNotConfirmed):
        await link(world, ada.user_id, token)
    assert not world.store.linked
    await world.handlers.verify_email(VerifyEmail(world.mailed_token(Purpose.VERIFY_EMAIL)))
    assert await link(world, ada.user_id, token)


async def test_a_token_links_once_and_for_an_hour(world: SignInWorld) -> None:
    """Used or late it links nothing."""
    ada = await world.confirmed()
    used, late = (await world.waiting()).token, (await world.waiting("2")).token
    await link(world, ada.user_id, used)
    world.clock.advance(hours=1)
    for token in (used, late):
        with pytest.raises(LinkExpired):
            await link(world, ada.user_id, token)
    assert len(world.store.linked) == 1


async def test_who_is_signed_in_links_whatever_address_it_has(world: SignInWorld) -> None:
    """An account of their own at the provider, proven address or not; the same one again is no error."""
    ada = await world.confirmed()
    first = await link(world, ada.user_id, await wanted(world, ada.user_id))
    assert first.email == EVE
    assert await link(world, ada.user_id, await wanted(world, ada.user_id)) == first
    assert len(world.store.linked) == 1
    # Its owner hears of it at the account's address, once.
    (mail,) = [row.mail for row in world.store.mails.values() if row.mail.purpose is Notice.SIGN_IN_LINKED]
    assert (mail.recipient, mail.details["way"]) == (ADA, "Google (eve@example.com)")


async def test_an_identity_opens_one_account(world: SignInWorld) -> None:
    """One that is linked elsewhere is refused at once, and again when somebody was faster."""
    ada, eve = await world.confirmed(), await world.confirmed(EVE)
    hers, his = await wanted(world, ada.user_id), await wanted(world, eve.user_id)
    await link(world, ada.user_id, hers)
    with pytest.raises(IdentityLinkedElsewhere):
        await link(world, eve.user_id, his)
    with pytest.raises(IdentityLinkedElsewhere):
        await wanted(world, eve.user_id)
    assert [linked.user_id for linked in world.store.linked.values()] == [ada.user_id]


async def test_an_account_has_one_identity_of_a_provider(world: SignInWorld) -> None:
    """A second one waits in vain."""
    ada = await world.confirmed()
    await link(world, ada.user_id, await wanted(world, ada.user_id))
    with pytest.raises(ProviderLinkedAlready):
        await link(world, ada.user_id, await wanted(world, ada.user_id, "2"))
    assert len(world.store.linked) == 1


async def test_a_disabled_person_links_nothing(world: SignInWorld) -> None:
    """A session that is about to end opens no way back."""
    ada = await world.confirmed()
    token = await wanted(world, ada.user_id)
    world.change(ada.user_id, disabled_at=world.clock.now())
    with pytest.raises(UserDisabled):
        await link(world, ada.user_id, token)
    assert not world.store.linked


async def test_the_last_way_in_stays(world: SignInWorld) -> None:
    """Until a password is set, by the mail that resets one."""
    ada = (await world.opened()).user
    (only,) = (await methods(world, ada.user_id)).linked
    unlink = world.handlers.sign_in.unlink
    with pytest.raises(LastWayToSignIn):
        await unlink(user_id=ada.user_id, link_id=only.link_id)
    assert world.store.linked
    world.change(ada.user_id, password_hash="1:00")
    await unlink(user_id=ada.user_id, link_id=only.link_id)
    assert not world.store.linked
    assert (await world.waiting()).email == ADA


async def test_of_two_that_are_removed_at_once_one_stays(world: SignInWorld) -> None:
    """Each alone would leave the other."""
    ada = (await world.opened()).user
    begun, state = await world.begin(user_id=ada.user_id, provider=GITHUB)
    waits = await world.complete(begun, state, world.github.person("code"), provider=GITHUB)
    assert isinstance(waits, LinkWaits)
    await link(world, ada.user_id, waits.token)
    unlink, both = world.handlers.sign_in.unlink, (await methods(world, ada.user_id)).linked
    results = await asyncio.gather(
        *(unlink(user_id=ada.user_id, link_id=linked.link_id) for linked in both), return_exceptions=True
    )
    assert sorted(type(result) for result in results if result) == [LastWayToSignIn]
    assert len(world.store.linked) == 1


async def test_whoever_keeps_their_address_undoes_what_was_linked_meanwhile(world: SignInWorld) -> None:
    """Whoever wanted to take the account over keeps no way back in; what was linked before stays."""
    ada = await world.confirmed()
    begun, state = await world.begin(user_id=ada.user_id, provider=GITHUB)
    waits = await world.complete(begun, state, world.github.person("code"), provider=GITHUB)
    assert isinstance(waits, LinkWaits)
    before = await link(world, ada.user_id, waits.token)
    world.clock.advance(minutes=1)
    change = RequestEmailChange(ada.user_id, EmailAddress("ada@new.example"), PASSWORD, CLIENT)
    await world.handlers.addresses.request(change)
    await link(world, ada.user_id, await wanted(world, ada.user_id))
    await world.handlers.addresses.keep(KeepEmail(world.mailed_token(Purpose.KEEP_EMAIL)))
    assert (await methods(world, ada.user_id)).linked == (before,)


async def test_whoever_sets_a_new_password_is_told_what_else_opens_the_account(world: SignInWorld) -> None:
    """An intruder's link and key among it; once that is gone, nothing but the password."""
    ada = await world.confirmed()
    linked = await link(world, ada.user_id, await wanted(world, ada.user_id))
    made = await world.handlers.api_keys.create(create_api_key(ada.user_id))
    assert await told_at_reset(world) == f"Google (eve@example.com), the API key …{made.key.hint}"
    await world.handlers.sign_in.unlink(user_id=ada.user_id, link_id=linked.link_id)
    await world.handlers.api_keys.revoke(RevokeApiKey(ada.user_id, made.key.key_id))
    assert await told_at_reset(world) == ""


async def told_at_reset(world: SignInWorld) -> str:
    """What the mail after a reset of Ada's password names."""
    await world.ask_for_reset()
    token = world.mailed_token(Purpose.RESET_PASSWORD)
    await world.handlers.reset_password(ResetPassword(token, OTHER_PASSWORD))
    mails = [row.mail for row in world.store.mails.values() if row.mail.purpose is Notice.PASSWORD_CHANGED]
    assert mails[-1].recipient == ADA
    return mails[-1].details["ways"]


async def test_a_link_that_is_removed_is_mailed(world: SignInWorld) -> None:
    """Once, with what it was; what is refused is not."""
    ada = await world.confirmed()
    linked = await link(world, ada.user_id, await wanted(world, ada.user_id))
    await world.handlers.sign_in.unlink(user_id=ada.user_id, link_id=linked.link_id)
    with pytest.raises(LinkNotFound):
        await world.handlers.sign_in.unlink(user_id=ada.user_id, link_id=linked.link_id)
    (mail,) = [row.mail for row in world.store.mails.values() if row.mail.purpose is Notice.SIGN_IN_UNLINKED]
    assert (mail.recipient, mail.details["way"]) == (ADA, "Google (eve@example.com)")


async def test_only_the_owner_removes_a_link(world: SignInWorld) -> None:
    """Another's is as unknown as a guess."""
    ada, eve = (await world.opened()).user, await world.confirmed(EVE)
    (linked,) = (await methods(world, ada.user_id)).linked
    for link_id in (linked.link_id, LinkId("lnk_" + "0" * 32)):
        with pytest.raises(LinkNotFound):
            await world.handlers.sign_in.unlink(user_id=eve.user_id, link_id=link_id)
    assert world.store.linked


async def test_a_provider_that_is_gone_leaves_its_links(world: SignInWorld) -> None:
    """They are told of, and can be removed."""
    ada = (await world.opened()).user
    world.rewire(replace(world.ports, providers={}))
    world.change(ada.user_id, password_hash="1:00")
    (linked,) = (await methods(world, ada.user_id)).linked
    await world.handlers.sign_in.unlink(user_id=ada.user_id, link_id=linked.link_id)
    assert not world.store.linked
