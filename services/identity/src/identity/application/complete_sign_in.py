"""Sign somebody in on a provider's word."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from identity.application.admit_sign_up import SignUpGate
from identity.application.await_link import LinkKeeper
from identity.application.check_second_factor import SecondFactorChecker
from identity.application.open_session import OpenedSession, SessionOpener
from identity.application.register_user import UserRegistrar
from identity.application.tell_of_sign_in import SignInTeller
from identity.domain.client import UNKNOWN_CLIENT, Client
from identity.domain.errors import EmailTaken, SecondFactorRequired
from identity.domain.identifiers import LinkId, ProviderId, UserId
from identity.domain.linked_identity import LinkedIdentity, ProviderIdentity
from identity.domain.profile import shortened_full_name
from identity.domain.secret import digest
from identity.domain.sign_in_errors import (
    IdentityLinkedElsewhere,
    SignInDeclined,
    SignInProviderNotFound,
    SignInStateInvalid,
)
from identity.domain.sign_in_flow import code_verifier_of, nonce_of
from identity.domain.user import EmailAddress, User
from identity.ports.clock import Clock
from identity.ports.device_tokens import DeviceTokens
from identity.ports.directory import Directory
from identity.ports.id_source import IdSource
from identity.ports.identity_provider import IdentityProvider
from identity.ports.sign_in_flows import SignInFlows
from identity.ports.throttle import Throttle
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class CompleteSignIn:
    """A browser comes back from a provider; without a code its person declined."""

    provider_id: ProviderId
    state: str = field(repr=False)
    browser_secret: str = field(repr=False)
    code: str | None = field(default=None, repr=False)
    client: Client = UNKNOWN_CLIENT


@dataclass(frozen=True)
class LinkWaits:
    """The identity opens no account yet: whoever signs in to the one it fits may link it by the token."""

    token: str = field(repr=False)
    email: EmailAddress | None
    """The account's address, where the provider vouched for it; None for who is signed in already."""


@dataclass(frozen=True)
class CompleteSignInHandler:
    """Uses the flow up first, asks the provider next, and only then writes: nothing is ever half done."""

    units: UnitsOfWork
    directory: Directory
    flows: SignInFlows
    gate: SignUpGate
    providers: Mapping[ProviderId, IdentityProvider]
    throttle: Throttle
    devices: DeviceTokens
    sessions: SessionOpener
    teller: SignInTeller
    checker: SecondFactorChecker
    registrar: UserRegistrar
    links: LinkKeeper
    ids: IdSource
    clock: Clock

    async def __call__(self, command: CompleteSignIn) -> OpenedSession | LinkWaits:
        """Open a session of the account that the identity opens, or of a new one with its address.

        An address that has an account is linked with it once its owner has signed in there: LinkWaits.
        Raises SignInProviderNotFound, SignInStateInvalid, SignInDeclined, SignInRefused,
        SignInProviderUnavailable, ProviderEmailUnverified, IdentityLinkedElsewhere, UserDisabled,
        SecondFactorRequired, SignUpClosed, InvitationRequired, EmailDomainNotAllowed or TooManyAttempts.
        """
        provider = self.providers.get(command.provider_id)
        if provider is None:
            raise SignInProviderNotFound
        flow = await self.flows.take(digest(command.state), self.clock.now())
        secret = command.browser_secret
        if flow is None or not flow.is_of(command.provider_id, secret):
            raise SignInStateInvalid
        if command.code is None:
            raise SignInDeclined
        identity = await provider.identify(
            code=command.code, nonce=nonce_of(secret), code_verifier=code_verifier_of(secret)
        )
        if flow.user_id is not None:
            return await self._to_link(flow.user_id, identity)
        completed = await self._signed_in(identity, command.client)
        # Raised only here, because the sign-in that waits has to be committed.
        if isinstance(completed, SecondFactorRequired):
            raise completed
        return completed

    async def _to_link(self, user_id: UserId, identity: ProviderIdentity) -> LinkWaits:
        known = await self.directory.user_by_identity(identity.issuer, identity.subject)
        if known is not None and known != user_id:
            raise IdentityLinkedElsewhere
        async with self.units.of(user_id) as work:
            (await work.users.get(user_id)).require_enabled()
            token = await self.links.keep(work, user_id, identity, self.clock.now())
        return LinkWaits(token, email=None)

    async def _signed_in(
        self, identity: ProviderIdentity, client: Client
    ) -> OpenedSession | LinkWaits | SecondFactorRequired:
        known = await self.directory.user_by_identity(identity.issuer, identity.subject)
        if known is not None:
            return await self._opened(known, client)
        email = identity.require_email()
        owner = await self.directory.user_by_email(email)
        if owner is None:
            is_invited = await self.gate.admit(email, self.clock.now(), is_proven=True)
            await self.throttle.admit_sign_up(client.address)
            try:
                opened = await self._registered(identity, email, client)
                if is_invited:
                    await self.gate.invitations.remove(email)
                return opened
            except EmailTaken:
                # Somebody was faster: the address has an account by now.
                owner = await self.directory.user_by_email(email)
            except IdentityLinkedElsewhere:
                # The same person was, in another window.
                known = await self.directory.user_by_identity(identity.issuer, identity.subject)
                if known is None:
                    raise
                return await self._opened(known, client)
        if owner is None:
            raise SignInStateInvalid
        async with self.units.of(owner.user_id) as work:
            token = await self.links.keep(work, owner.user_id, identity, self.clock.now())
        return LinkWaits(token, email=owner.email)

    async def _opened(self, user_id: UserId, client: Client) -> OpenedSession | SecondFactorRequired:
        now = self.clock.now()
        async with self.units.of(user_id) as work:
            user = await work.users.lock(user_id)
            user.require_enabled()
            if needed := await self.checker.challenge(work, user, now, is_known_device=False):
                return needed
            await self.teller.tell(work, user, client, now)
            opened = await self.sessions.open(work, user, client, now)
        return replace(opened, device_token=self.devices.issue(user.email, now))

    async def _registered(
        self, identity: ProviderIdentity, email: EmailAddress, client: Client
    ) -> OpenedSession:
        now = self.clock.now()
        user = User(
            user_id=UserId(self.ids.new("usr")),
            email=email,
            password_hash=None,
            full_name=shortened_full_name(identity.full_name),
            email_verified_at=now,
            created_at=now,
        )
        async with self.units.of(user.user_id) as work:
            user = await self.registrar.register(work, user)
            await work.linked.add(
                LinkedIdentity(
                    link_id=LinkId(self.ids.new("lnk")),
                    user_id=user.user_id,
                    issuer=identity.issuer,
                    subject=identity.subject,
                    email=email,
                    linked_at=now,
                )
            )
            opened = await self.sessions.open(work, user, client, now)
        return replace(opened, device_token=self.devices.issue(email, now))
