"""Passkeys: made and used by a real authenticator in software, each challenge answered once."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from authenticator import Authenticator, base64url, changed
from identity.adapters.outbound.webauthn import WebAuthn, relying_party
from identity.application.add_passkey import AddPasskey
from identity.application.change_email import ChangeEmail
from identity.application.erase_user import EraseUser
from identity.application.keep_email import KeepEmail
from identity.application.open_session import OpenedSession
from identity.application.rename_passkey import RenamePasskey
from identity.application.request_email_change import RequestEmailChange
from identity.application.reset_password import ResetPassword
from identity.application.sign_in_with_passkey import SignInWithPasskey
from identity.bootstrap.parts import wire_erase_user
from identity.domain.client import Client
from identity.domain.errors import InvalidField, TooManyAttempts, UserDisabled, UserLeaving, UserNotFound
from identity.domain.identifiers import LinkId, PasskeyId, UserId
from identity.domain.linked_identity import LinkedIdentity
from identity.domain.mail import Mail, Notice, Purpose
from identity.domain.passkey import CEREMONY_LIFE, PASSKEYS_MAX, Passkey
from identity.domain.passkey_errors import (
    CeremonyEnded,
    PasskeyCopied,
    PasskeyExists,
    PasskeyMalformed,
    PasskeyNotFound,
    PasskeyRefused,
    PasskeysUnavailable,
    PasskeyUnknown,
    PasskeyUserNotVerified,
    PasskeyWrongOrigin,
    PasskeyWrongSite,
    TooManyPasskeys,
)
from identity.domain.sign_in_errors import EmailNotConfirmed, LastWayToSignIn
from identity.domain.user import EmailAddress
from identity_world import CLIENT, EVE, OTHER_PASSWORD, PASSWORD, World, create_api_key

HOME = Client(address=CLIENT)
MICROSECOND = timedelta(microseconds=1)


async def add(world: World, user_id: UserId, key: Authenticator, name: str = "Phone") -> Passkey:
    """Make a passkey, whole."""
    options = await world.handlers.passkeys.begin(user_id)
    return await world.handlers.passkeys.add(AddPasskey(user_id, name, key.create(options)))


async def sign_in(world: World, key: Authenticator, client: Client = HOME) -> OpenedSession:
    """Use one, whole."""
    answer = key.get(await world.handlers.passkeys.begin_sign_in())
    return await world.handlers.passkeys.sign_in(SignInWithPasskey(answer, client))


def mails(world: World, notice: Notice) -> list[Mail]:
    """The news of one kind that was mailed."""
    return [row.mail for row in world.store.mails.values() if row.mail.purpose is notice]


@pytest.fixture
async def ada(world: World) -> UserId:
    """Somebody whose address is proven."""
    return (await world.confirmed()).user_id


@pytest.fixture
async def eve(world: World) -> UserId:
    """Somebody else."""
    return (await world.confirmed(EVE)).user_id


@pytest.fixture
async def phone(world: World, ada: UserId) -> Authenticator:
    """Hers, which opens her account."""
    phone = Authenticator()
    await add(world, ada, phone)
    return phone


@pytest.mark.parametrize("edwards", [False, True])
async def test_a_passkey_opens_the_account(world: World, ada: UserId, edwards: bool) -> None:
    """Without a name, a password or a code; with what comes with a sign-in. It is mailed when it is made."""
    key = Authenticator(edwards=edwards, backed_up=True)
    made = await add(world, ada, key, "  My phone ")
    assert (made.name, made.backed_up, made.transports) == ("My phone", True, ("internal", "hybrid"))
    assert [mail.user_id for mail in mails(world, Notice.PASSKEY_ADDED)] == [ada]
    world.clock.advance(timedelta(minutes=1))
    opened = await sign_in(world, key)
    assert (opened.user.user_id, opened.device_token is not None) == (ada, True)
    (kept,) = await world.handlers.passkeys.list(ada)
    assert kept == replace(made, sign_count=1, last_used_at=world.clock.now())
    key.backed_up = False
    assert await sign_in(world, key)
    assert not (await world.handlers.passkeys.list(ada))[0].backed_up


async def test_what_is_asked_of_browsers(world: World, ada: UserId, phone: Authenticator) -> None:
    """A credential that says whose it is, on no device that has one; who uses it is asked; no attestation."""
    asked = json.loads(await world.handlers.passkeys.begin(ada))
    assert asked["rp"] == {"id": "tintype.example", "name": "Tintype"}
    assert asked["user"]["name"] == "ada@example.com"
    assert [known["id"] for known in asked["excludeCredentials"]] == [base64url(phone.credential_id)]
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert (asked["attestation"], asked["timeout"]) == ("none", 300_000)
    asked = json.loads(await world.handlers.passkeys.begin_sign_in())
    assert (asked["rpId"], asked["allowCredentials"], asked["userVerification"]) == (
        "tintype.example",
        [],
        "required",
    )


async def test_challenges_are_kept_as_digests(world: World, ada: UserId) -> None:
    """Whoever reads the storage can answer none."""
    asked = json.loads(await world.handlers.passkeys.begin(ada))
    assert asked["challenge"] not in repr(vars(world.ports.ceremonies))


async def test_an_answer_counts_once(world: World, phone: Authenticator) -> None:
    """Shown twice, and at once from two places: to one of them."""
    answer = SignInWithPasskey(phone.get(await world.handlers.passkeys.begin_sign_in()))
    outcomes = await asyncio.gather(
        *(world.handlers.passkeys.sign_in(answer) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["CeremonyEnded", "OpenedSession"]
    with pytest.raises(CeremonyEnded):
        await world.handlers.passkeys.sign_in(answer)


async def test_an_answer_that_is_refused_uses_its_challenge_up(world: World, phone: Authenticator) -> None:
    """So that nobody tries variations of it."""
    options = await world.handlers.passkeys.begin_sign_in()
    phone.verifies = False
    with pytest.raises(PasskeyUserNotVerified):
        await world.handlers.passkeys.sign_in(SignInWithPasskey(phone.get(options)))
    phone.verifies = True
    with pytest.raises(CeremonyEnded):
        await world.handlers.passkeys.sign_in(SignInWithPasskey(phone.get(options)))


async def test_a_challenge_lives_for_five_minutes(world: World, ada: UserId, phone: Authenticator) -> None:
    """To the end, and no longer; for new passkeys as well."""
    passkeys = world.handlers.passkeys
    options = [await passkeys.begin_sign_in() for _ in range(2)]
    made = await passkeys.begin(ada)
    world.clock.advance(CEREMONY_LIFE - MICROSECOND)
    assert await passkeys.sign_in(SignInWithPasskey(phone.get(options[0])))
    world.clock.advance(MICROSECOND)
    with pytest.raises(CeremonyEnded):
        await passkeys.sign_in(SignInWithPasskey(phone.get(options[1])))
    with pytest.raises(CeremonyEnded):
        await passkeys.add(AddPasskey(ada, "Late", Authenticator().create(made)))


async def test_a_challenge_is_for_one_thing_and_one_person(
    world: World, ada: UserId, eve: UserId, phone: Authenticator
) -> None:
    """A challenge of a new passkey opens nothing, and one of somebody else makes none."""
    passkeys, before = world.handlers.passkeys, world.store.snapshot()
    with pytest.raises(CeremonyEnded):
        await passkeys.sign_in(SignInWithPasskey(phone.get(await passkeys.begin(ada))))
    with pytest.raises(CeremonyEnded):
        await passkeys.add(AddPasskey(eve, "Hers", Authenticator().create(await passkeys.begin(ada))))
    key, asked = Authenticator(), json.loads(await passkeys.begin(eve))
    asked["challenge"] = json.loads(await passkeys.begin_sign_in())["challenge"]
    with pytest.raises(CeremonyEnded):
        await passkeys.add(AddPasskey(eve, "Mixed", key.create(json.dumps(asked))))
    assert world.store == before


async def refused(world: World, key: Authenticator, error: type[Exception], **client_data: object) -> None:
    """See a sign-in refused by this name, with nothing changed."""
    before = world.store.snapshot()
    options = await world.handlers.passkeys.begin_sign_in()
    with pytest.raises(error):
        await world.handlers.passkeys.sign_in(SignInWithPasskey(key.get(options, **client_data), HOME))
    assert world.store == before


@pytest.mark.parametrize(
    "origin", ["https://tintype.example.evil.test", "http://tintype.example", "https://tintype.example:444"]
)
async def test_another_origin_is_refused(
    world: World, ada: UserId, phone: Authenticator, origin: str
) -> None:
    """To sign in and to make one: a page that looks like ours gets nowhere."""
    phone.origin = origin
    await refused(world, phone, PasskeyWrongOrigin)
    with pytest.raises(PasskeyWrongOrigin):
        await add(world, ada, Authenticator(origin=origin))


async def test_a_page_in_anothers_frame_is_refused(world: World, phone: Authenticator) -> None:
    """As browsers say it."""
    await refused(world, phone, PasskeyWrongOrigin, crossOrigin=True)


async def test_another_site_is_refused(world: World, ada: UserId, phone: Authenticator) -> None:
    """The authenticator signed for somebody else."""
    phone.rp_id = "evil.test"
    await refused(world, phone, PasskeyWrongSite)
    with pytest.raises(PasskeyWrongSite):
        await add(world, ada, Authenticator(rp_id="evil.test"))


async def test_who_uses_it_has_to_be_asked(world: World, ada: UserId, phone: Authenticator) -> None:
    """A key that lies around opens nothing by itself, nor is one made that could."""
    phone.verifies = False
    await refused(world, phone, PasskeyUserNotVerified)
    with pytest.raises(PasskeyUserNotVerified):
        await add(world, ada, Authenticator(verifies=False))


async def test_an_unknown_passkey_is_refused(world: World, eve: UserId, phone: Authenticator) -> None:
    """Nobody's, and one that says it is another's."""
    await refused(world, Authenticator(), PasskeyUnknown)
    phone.user_handle = eve.encode()
    await refused(world, phone, PasskeyUnknown)


async def test_another_key_is_refused(world: World, phone: Authenticator) -> None:
    """However right its id is; and a signature of something else."""
    other = Authenticator(credential_id=phone.credential_id)
    await refused(world, other, PasskeyRefused)
    options = await world.handlers.passkeys.begin_sign_in()
    answer = changed(phone.get(options), signature=base64url(b"\x30\x00"))
    with pytest.raises(PasskeyRefused):
        await world.handlers.passkeys.sign_in(SignInWithPasskey(answer))


async def test_an_answer_of_another_kind_is_refused(world: World, phone: Authenticator) -> None:
    """What was signed for a new credential is no use of one."""
    await refused(world, phone, PasskeyRefused, type="webauthn.create")


async def test_a_copied_key_is_refused_and_mailed(world: World, ada: UserId, phone: Authenticator) -> None:
    """Whichever of the two comes second; the owner's goes on once its count is ahead."""
    assert await sign_in(world, phone)
    assert await sign_in(world, phone)
    sessions, phone.counts = dict(world.store.sessions), 1
    with pytest.raises(PasskeyCopied):
        await sign_in(world, phone)
    assert world.store.sessions == sessions
    (kept,) = await world.handlers.passkeys.list(ada)
    assert (kept.sign_count, kept.copy_seen_at) == (2, world.clock.now())
    (mail,) = mails(world, Notice.PASSKEY_COPIED)
    assert mail.details == {"passkey": kept.words}
    phone.counts = None
    with pytest.raises(PasskeyCopied):
        await sign_in(world, phone)
    phone.counts = 2
    assert await sign_in(world, phone)


async def test_one_that_does_not_count_is_good(world: World, ada: UserId) -> None:
    """Most key rings say 0 for ever."""
    ring = Authenticator(counts=None, backed_up=True)
    await add(world, ada, ring)
    for _ in range(2):
        assert await sign_in(world, ring)


async def test_a_disabled_person_stays_out(world: World, ada: UserId, phone: Authenticator) -> None:
    """And is told so only by their own passkey."""
    world.change(ada, disabled_at=world.clock.now())
    await refused(world, phone, UserDisabled)
    await refused(world, Authenticator(credential_id=phone.credential_id), PasskeyRefused)
    with pytest.raises(UserDisabled):
        await world.handlers.passkeys.begin(ada)


async def test_uses_are_counted(world: World, phone: Authenticator) -> None:
    """Of one client at one account."""
    for _ in range(5):
        assert await sign_in(world, phone)
    await refused(world, phone, TooManyAttempts)


async def test_a_new_place_is_mailed(world: World, ada: UserId, phone: Authenticator) -> None:
    """As of any sign-in, once."""
    for _ in range(2):
        await sign_in(world, phone, Client(address="198.51.100.1"))
    assert len(mails(world, Notice.NEW_SIGN_IN)) == 1


async def test_whoever_leaves_adds_none(world: World, ada: UserId, phone: Authenticator) -> None:
    """But signs in, to take it back; then it is gone with everything."""
    options = await world.handlers.passkeys.begin(ada)
    await world.handlers.erasure.request(ada)
    with pytest.raises(UserLeaving):
        await world.handlers.passkeys.begin(ada)
    with pytest.raises(UserLeaving):
        await world.handlers.passkeys.add(AddPasskey(ada, "Late", Authenticator().create(options)))
    assert await sign_in(world, phone)
    await wire_erase_user(world.ports)(EraseUser(user_id=ada))
    assert world.store.passkeys == {}
    with pytest.raises(PasskeyUnknown):
        await sign_in(world, phone)
    with pytest.raises(UserNotFound):
        await world.handlers.passkeys.list(ada)


async def test_an_address_that_nobody_proved_has_no_passkey(world: World, ada: UserId) -> None:
    """Whoever opened the account with somebody else's address must not stay in it."""
    options = await world.handlers.passkeys.begin(ada)
    world.change(ada, email_verified_at=None)
    before = world.store.snapshot()
    with pytest.raises(EmailNotConfirmed):
        await world.handlers.passkeys.begin(ada)
    with pytest.raises(EmailNotConfirmed):
        await world.handlers.passkeys.add(AddPasskey(ada, "Phone", Authenticator().create(options)))
    assert world.store == before


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "two\nlines", "\x00"])
async def test_names_are_checked(world: World, ada: UserId, phone: Authenticator, name: str) -> None:
    """When it is made, where the challenge stays good for another try, and when it is changed."""
    key, (made,) = Authenticator(), await world.handlers.passkeys.list(ada)
    options = await world.handlers.passkeys.begin(ada)
    with pytest.raises(InvalidField) as wrong:
        await world.handlers.passkeys.add(AddPasskey(ada, name, key.create(options)))
    assert wrong.value.field == "name"
    assert await world.handlers.passkeys.add(AddPasskey(ada, "x" * 64, key.create(options)))
    with pytest.raises(InvalidField):
        await world.handlers.passkeys.rename(RenamePasskey(ada, made.passkey_id, name))
    assert made in await world.handlers.passkeys.list(ada)


async def test_a_credential_opens_one_account(world: World, ada: UserId, eve: UserId) -> None:
    """Neither a second time nor another's."""
    key = Authenticator()
    await add(world, ada, key)
    for user_id in (ada, eve):
        with pytest.raises(PasskeyExists):
            await add(world, user_id, key)
    assert len(world.store.passkeys) == 1


async def test_a_person_has_at_most_twenty(world: World, ada: UserId) -> None:
    """However many were begun before."""
    options = await world.handlers.passkeys.begin(ada)
    for number in range(PASSKEYS_MAX):
        await add(world, ada, Authenticator(), f"Key {number}")
    with pytest.raises(TooManyPasskeys):
        await world.handlers.passkeys.begin(ada)
    with pytest.raises(TooManyPasskeys):
        await world.handlers.passkeys.add(AddPasskey(ada, "More", Authenticator().create(options)))
    assert len(await world.handlers.passkeys.list(ada)) == PASSKEYS_MAX


async def test_passkeys_are_their_owners(
    world: World, ada: UserId, eve: UserId, phone: Authenticator
) -> None:
    """Nobody else sees, renames or removes one."""
    (made,), before = await world.handlers.passkeys.list(ada), world.store.snapshot()
    assert await world.handlers.passkeys.list(eve) == []
    with pytest.raises(PasskeyNotFound):
        await world.handlers.passkeys.rename(RenamePasskey(eve, made.passkey_id, "Mine"))
    with pytest.raises(PasskeyNotFound):
        await world.handlers.passkeys.remove(user_id=eve, passkey_id=made.passkey_id)
    with pytest.raises(PasskeyNotFound):
        await world.handlers.passkeys.remove(user_id=ada, passkey_id=PasskeyId("psk_1"))
    assert world.store == before
    renamed = await world.handlers.passkeys.rename(RenamePasskey(ada, made.passkey_id, "Laptop"))
    assert await world.handlers.passkeys.list(ada) == [renamed] == [replace(made, name="Laptop")]


async def test_a_removed_passkey_opens_nothing(world: World, ada: UserId, phone: Authenticator) -> None:
    """It is mailed, by its day and not by a name that somebody else may have chosen."""
    (made,) = await world.handlers.passkeys.list(ada)
    await world.handlers.passkeys.remove(user_id=ada, passkey_id=made.passkey_id)
    await refused(world, phone, PasskeyUnknown)
    (mail,) = mails(world, Notice.PASSKEY_REMOVED)
    assert mail.details == {"passkey": f"the passkey of {made.created_at:%d %B %Y}"}


async def test_the_last_way_in_stays(world: World, ada: UserId, phone: Authenticator) -> None:
    """Where there is no password, one passkey or linked sign-in does; of two one can go."""
    world.change(ada, password_hash=None)
    link = LinkedIdentity(
        link_id=LinkId("lnk_1"),
        user_id=ada,
        issuer="https://accounts.google.com",
        subject="1",
        email=None,
        linked_at=world.clock.now(),
    )
    (made,) = await world.handlers.passkeys.list(ada)
    with pytest.raises(LastWayToSignIn):
        await world.handlers.passkeys.remove(user_id=ada, passkey_id=made.passkey_id)
    async with world.ports.units.of(ada) as work:
        await work.linked.add(link)
    await world.handlers.sign_in.unlink(user_id=ada, link_id=link.link_id)
    async with world.ports.units.of(ada) as work:
        await work.linked.add(link)
    await world.handlers.passkeys.remove(user_id=ada, passkey_id=made.passkey_id)
    with pytest.raises(LastWayToSignIn):
        await world.handlers.sign_in.unlink(user_id=ada, link_id=link.link_id)


async def test_a_reset_by_mail_tells_of_passkeys(world: World, ada: UserId, phone: Authenticator) -> None:
    """They open the account as before; whoever left one behind is seen."""
    await world.handlers.api_keys.create(create_api_key(ada))
    await world.ask_for_reset()
    await world.handlers.reset_password(
        ResetPassword(world.mailed_token(Purpose.RESET_PASSWORD), OTHER_PASSWORD)
    )
    (made,), (mail,) = await world.handlers.passkeys.list(ada), mails(world, Notice.PASSWORD_CHANGED)
    assert mail.details["ways"].startswith(f"{made.words}, the API key")
    assert await sign_in(world, phone)


async def test_whoever_keeps_the_address_is_rid_of_what_was_added_since(world: World, ada: UserId) -> None:
    """Passkeys from before the change stay."""
    before, since = Authenticator(), Authenticator()
    await add(world, ada, before)
    world.clock.advance(timedelta(hours=1))
    new = EmailAddress("eve@elsewhere.example")
    await world.handlers.addresses.request(RequestEmailChange(ada, new, PASSWORD, None))
    await world.handlers.addresses.change(ChangeEmail(world.mailed_token(Purpose.CHANGE_EMAIL)))
    await add(world, ada, since)
    await world.handlers.addresses.keep(KeepEmail(world.mailed_token(Purpose.KEEP_EMAIL)))
    with pytest.raises(PasskeyUnknown):
        await sign_in(world, since)
    assert await sign_in(world, before)


async def test_an_address_without_a_name_has_no_passkeys(world: World, ada: UserId) -> None:
    """It is said, whatever is asked for; those that there are can be seen and removed."""
    key = Authenticator()
    made = await add(world, ada, key)
    answer = key.get(await world.handlers.passkeys.begin_sign_in())
    world.rewire(replace(world.ports, authenticators=WebAuthn(relying_party("http://127.0.0.1:8080"))))
    passkeys = world.handlers.passkeys
    for asked in (passkeys.begin_sign_in(), passkeys.begin(ada), passkeys.sign_in(SignInWithPasskey(answer))):
        with pytest.raises(PasskeysUnavailable):
            await asked
    await passkeys.remove(user_id=ada, passkey_id=made.passkey_id)


async def test_what_is_no_answer_is_refused(world: World, ada: UserId) -> None:
    """And uses nothing up."""
    for text in ("", "{", "[]", "null", '{"response": {}}'):
        with pytest.raises(PasskeyMalformed):
            await world.handlers.passkeys.sign_in(SignInWithPasskey(text))
        with pytest.raises(PasskeyMalformed):
            await world.handlers.passkeys.add(AddPasskey(ada, "Phone", text))
