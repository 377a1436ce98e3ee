"""Who may open an account, by whichever way: everybody, some domains, who is invited, or nobody."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from identity.adapters.outbound.memory.invitations import MemoryInvitations
from identity.application.open_session import OpenedSession
from identity.application.sign_up import SignUp
from identity.bootstrap.parts import wire_invite_user
from identity.domain.errors import EmailTaken, IdentityError, WeakPassword
from identity.domain.events import UserRegistered
from identity.domain.mail import MailState, Purpose
from identity.domain.sign_in_errors import (
    CaptchaFailed,
    CaptchaUnavailable,
    EmailDomainNotAllowed,
    InvitationNotSent,
    InvitationRequired,
    SignUpClosed,
)
from identity.domain.sign_up_policy import SignUpMode, SignUpPolicy
from identity.domain.user import EmailAddress
from identity.domain.welcome import Welcome
from identity.ports.human_check import Widget
from identity.ports.mailer import MailDelayed, MailRefused
from identity_world import ADA, EVE, PASSWORD
from sign_in_world import SignInWorld


def world_of(mode: SignUpMode = SignUpMode.OPEN, *domains: str) -> SignInWorld:
    """A world with this policy."""
    world = SignInWorld()
    world.rewire(replace(world.ports, sign_up_policy=SignUpPolicy(mode=mode, domains=domains)))
    return world


async def invite(world: SignInWorld, email: EmailAddress = ADA) -> str:
    """An operator invites somebody; returns the token of the mail."""
    invited = wire_invite_user(world.ports, world.mailer, timedelta(days=14))
    await invited(email)
    mail = world.mailer.sent[-1]
    assert (mail.recipient, mail.purpose) == (email, Purpose.INVITATION)
    return mail.token


async def sign_up(
    world: SignInWorld, email: EmailAddress = ADA, invitation: str | None = None, password: str = PASSWORD
) -> OpenedSession:
    """Somebody fills in the form."""
    return await world.handlers.sign_up(
        SignUp(email=email, password=password, full_name="", invitation=invitation)
    )


@pytest.mark.parametrize(
    ("mode", "domains", "refusal"),
    [
        (SignUpMode.CLOSED, (), SignUpClosed),
        (SignUpMode.CLOSED, ("example.com",), SignUpClosed),
        (SignUpMode.INVITED, (), InvitationRequired),
        (SignUpMode.INVITED, ("example.com",), InvitationRequired),
        (SignUpMode.OPEN, ("example.org", "le.com"), EmailDomainNotAllowed),
    ],
)
async def test_a_refusal_leaves_nothing(
    mode: SignUpMode, domains: tuple[str, ...], refusal: type[IdentityError]
) -> None:
    """By the form and by a provider alike; who has an account comes in."""
    world = world_of()
    bob = (await world.opened("bob", "bob@example.com")).user
    world.rewire(replace(world.ports, sign_up_policy=SignUpPolicy(mode=mode, domains=domains)))
    before = (dict(world.store.users), list(world.store.events), list(world.hasher.compared))
    with pytest.raises(refusal):
        await sign_up(world, invitation="guessed")
    with pytest.raises(refusal):
        await world.sign_in()
    assert (world.store.users, world.store.events, world.hasher.compared) == before
    assert (await world.opened("bob", "bob@example.com")).user.user_id == bob.user_id


async def test_addresses_of_the_domains_sign_up() -> None:
    """Whatever their upper and lower case; one that ends alike is another domain."""
    world = world_of(SignUpMode.OPEN, "example.com", "example.org")
    assert await sign_up(world, EmailAddress("ada@EXAMPLE.com"))
    assert await world.opened("2", "eve@example.org")
    with pytest.raises(EmailDomainNotAllowed):
        await sign_up(world, EmailAddress("ada@not-example.com"))


@pytest.mark.parametrize("mode", [SignUpMode.INVITED, SignUpMode.OPEN])
async def test_who_is_invited_signs_up_once(mode: SignUpMode) -> None:
    """At the address that the mail went to, which is proven by that; from any domain."""
    world = world_of(mode, "example.org")
    token = await invite(world)
    for email, shown in ((EVE, token), (ADA, "guessed"), (ADA, None)):
        with pytest.raises((InvitationRequired, EmailDomainNotAllowed)):
            await sign_up(world, email, shown)
    with pytest.raises(WeakPassword):
        await sign_up(world, ADA, token, password="short")
    opened = await sign_up(world, EmailAddress("ADA@example.com"), token)
    assert opened.user.email_verified
    assert not world.store.mails
    (told,) = world.store.events
    assert isinstance(told, UserRegistered)
    assert told.welcome is Welcome.GIVEN
    assert isinstance(world.ports.invitations, MemoryInvitations)
    assert not world.ports.invitations.kept


async def test_who_is_invited_may_come_by_a_provider() -> None:
    """That vouches for the address: no token is needed."""
    world = world_of(SignUpMode.INVITED)
    await invite(world)
    with pytest.raises(InvitationRequired):
        await world.sign_in("2", EVE)
    assert await world.opened()
    assert await world.ports.invitations.find(ADA) is None


async def test_an_invitation_ends() -> None:
    """After its time, when another takes its place, and when sign-up closes."""
    world = world_of(SignUpMode.INVITED)
    first = await invite(world)
    second = await invite(world)
    with pytest.raises(InvitationRequired):
        await sign_up(world, invitation=first)
    world.clock.advance(days=14)
    with pytest.raises(InvitationRequired):
        await sign_up(world, invitation=second)
    third = await invite(world)
    world.rewire(replace(world.ports, sign_up_policy=SignUpPolicy(mode=SignUpMode.CLOSED)))
    with pytest.raises(SignUpClosed):
        await sign_up(world, invitation=third)
    assert not world.store.users


async def test_who_has_an_account_is_not_invited() -> None:
    """And gets no mail."""
    world = world_of()
    await sign_up(world)
    with pytest.raises(EmailTaken):
        await invite(world)
    assert not world.mailer.sent


@pytest.mark.parametrize("trouble", [MailRefused(), MailDelayed(), None])
async def test_a_mail_that_does_not_go_invites_nobody(
    trouble: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the server refuses it, is away, or there is none."""
    world = world_of(SignUpMode.INVITED)
    world.mailer.trouble = trouble
    if trouble is None:

        async def skipped(mail: object) -> MailState:
            return MailState.SKIPPED

        monkeypatch.setattr(world.mailer, "send", skipped)
    with pytest.raises(InvitationNotSent):
        await invite(world)
    assert await world.ports.invitations.find(ADA) is None


@dataclass
class Doorman:
    """Says what it is told of whoever comes; implements HumanCheck."""

    refusal: IdentityError | None = None
    asked: list[str | None] = field(default_factory=list)
    widget: Widget | None = None

    async def require(self, token: str | None, client_address: str | None) -> None:
        """See HumanCheck."""
        self.asked.append(token)
        if self.refusal is not None:
            raise self.refusal


@pytest.mark.parametrize("refusal", [CaptchaFailed(), CaptchaUnavailable()])
async def test_who_does_not_show_to_be_a_person_gets_no_account(refusal: IdentityError) -> None:
    """Nor does anybody while nobody can say."""
    world, doorman = world_of(), Doorman(refusal)
    world.rewire(replace(world.ports, human_check=doorman))
    with pytest.raises(type(refusal)):
        await sign_up(world)
    assert not world.store.users
    assert not world.store.events
    doorman.refusal = None
    command = SignUp(email=ADA, password=PASSWORD, full_name="", captcha_token="shown")
    assert await world.handlers.sign_up(command)
    assert doorman.asked == [None, "shown"]


async def test_who_may_not_sign_up_is_not_asked() -> None:
    """Neither who comes by a provider, which asks for itself, nor who would be refused anyway."""
    world, doorman = world_of(SignUpMode.CLOSED), Doorman(CaptchaFailed())
    world.rewire(replace(world.ports, human_check=doorman))
    with pytest.raises(SignUpClosed):
        await sign_up(world)
    world.rewire(replace(world.ports, sign_up_policy=SignUpPolicy()))
    assert await world.opened()
    assert not doorman.asked
