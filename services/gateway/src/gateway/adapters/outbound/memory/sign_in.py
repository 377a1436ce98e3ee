"""Signing in by a provider's word, in memory."""

import secrets
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.domain.client import Client
from gateway.domain.errors import (
    Conflict,
    FieldProblem,
    Forbidden,
    InvalidRequest,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from gateway.domain.identifiers import LinkId, ProviderId, UserId
from gateway.domain.sign_in import (
    BegunSignIn,
    LinkWaits,
    SignInLink,
    SignInMethods,
    SignInOptions,
    SignInProvider,
)
from gateway.domain.user import Role, SignedIn, User

GOOGLE = ProviderId("google")
CAPTCHA_SCRIPT = "https://captcha.test/turnstile/v0/api.js"


class _Person(NamedTuple):
    subject: str
    email: str | None
    is_verified: bool


class _Waiting(NamedTuple):
    user_id: UserId
    person: _Person
    link: SignInLink


@dataclass
class MemorySignIn:
    """Implements SignIn over the people of a MemoryIdentity, with one provider.

    `trouble` takes the provider away, `is_away` identity.
    """

    identity: MemoryIdentity
    titles: dict[ProviderId, str] = field(default_factory=lambda: {GOOGLE: "Google"})
    people: dict[str, _Person] = field(default_factory=dict)
    flows: dict[str, tuple[str, UserId | None]] = field(default_factory=dict)
    waiting: dict[str, _Waiting] = field(default_factory=dict)
    links: dict[str, _Waiting] = field(default_factory=dict)
    is_away: bool = False
    offers_passkeys: bool = True
    trouble: bool = False

    def person(
        self, code: str, subject: str = "1", *, email: str | None = None, email_verified: bool = False
    ) -> str:
        """Let somebody come with this code; returns the code."""
        self.people[code] = _Person(subject, email, email_verified)
        return code

    async def options(self) -> SignInOptions:
        """See SignIn."""
        if self.is_away:
            raise Unavailable("The identity service is not available right now.")
        providers = [SignInProvider(provider_id=name, title=title) for name, title in self.titles.items()]
        return SignInOptions(
            providers=tuple(providers),
            sign_up=self.identity.sign_up_mode,
            email_domains=self.identity.email_domains,
            captcha_site_key=self.identity.captcha_site_key,
            passkeys=self.offers_passkeys,
            captcha_script_url=CAPTCHA_SCRIPT if self.identity.captcha_site_key else None,
        )

    async def begin(self, provider_id: ProviderId, *, user_id: UserId | None) -> BegunSignIn:
        """See SignIn."""
        self._require(provider_id)
        state, browser_secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.flows[state] = (browser_secret, user_id)
        return BegunSignIn(
            authorization_url=f"https://accounts.google.test/authorize?state={state}",
            browser_secret=browser_secret,
        )

    async def complete(
        self,
        provider_id: ProviderId,
        *,
        state: str,
        code: str | None,
        browser_secret: str,
        client: Client,
    ) -> SignedIn | LinkWaits:
        """See SignIn."""
        kept, user_id = self.flows.pop(state, ("", None))
        if not kept or kept != browser_secret:
            raise InvalidRequest(
                "This sign-in took too long, was finished before or began in another browser. Start again.",
                reason="SIGN_IN_STATE_INVALID",
                fields=[FieldProblem("state", "is not valid")],
            )
        self._require(provider_id)
        if code is None:
            raise Forbidden("The sign-in was cancelled. Nothing was changed.", reason="SIGN_IN_DECLINED")
        if code not in self.people:
            raise Unauthenticated(
                "It could not be confirmed who you are. Start again.", reason="SIGN_IN_REFUSED"
            )
        person = self.people.pop(code)
        known = self.links.get(person.subject)
        if user_id is not None:
            if known is not None and known.user_id != user_id:
                raise _linked_elsewhere()
            return self._wait(user_id, person, email=None)
        if known is not None:
            return self._opened(self.identity.users[known.user_id], client)
        if person.email is None or not person.is_verified:
            raise Forbidden("Confirm your address there first.", reason="PROVIDER_EMAIL_UNVERIFIED")
        return self._by_address(person, person.email, client)

    async def methods(self, user_id: UserId, *, link_token: str | None = None) -> SignInMethods:
        """See SignIn."""
        user, waits = await self.identity.user(user_id), self.waiting.get(link_token or "")
        return SignInMethods(
            has_password=bool(self.identity.passwords.get(user.email.lower())),
            links=tuple(kept.link for kept in self.links.values() if kept.user_id == user_id),
            waiting=waits.link if waits and waits.user_id == user_id else None,
        )

    async def link(self, user_id: UserId, link_token: str) -> SignInLink:
        """See SignIn."""
        self.identity.require_confirmed(user_id)
        waits = self.waiting.get(link_token)
        if waits is None or waits.user_id != user_id:
            raise NotFound("There is nothing to link any more. Start again.", reason="LINK_EXPIRED")
        known = self.links.get(waits.person.subject)
        if known is not None and known.user_id != user_id:
            raise _linked_elsewhere()
        del self.waiting[link_token]
        if known is None and any(kept.user_id == user_id for kept in self.links.values()):
            raise Conflict("Remove the other one first.", reason="PROVIDER_LINKED_ALREADY")
        return known.link if known else self._linked(user_id, waits.person)

    async def unlink(self, user_id: UserId, link_id: LinkId) -> None:
        """See SignIn."""
        methods = await self.methods(user_id)
        if link_id not in {link.link_id for link in methods.links}:
            raise NotFound("There is no such sign-in.", reason="LINK_NOT_FOUND")
        if methods.last_link is not None:
            raise Conflict(
                "This is the only way into your account. Set a password first.", reason="LAST_WAY_TO_SIGN_IN"
            )
        self.links = {subject: kept for subject, kept in self.links.items() if kept.link.link_id != link_id}

    def _require(self, provider_id: ProviderId) -> None:
        if provider_id not in self.titles:
            raise NotFound("There is no such way to sign in.", reason="SIGN_IN_PROVIDER_NOT_FOUND")
        if self.trouble:
            raise Unavailable(
                "The service that you sign in with does not answer at the moment. Try again soon.",
                reason="SIGN_IN_PROVIDER_UNAVAILABLE",
            )

    def _by_address(self, person: _Person, email: str, client: Client) -> SignedIn | LinkWaits:
        owner = next(
            (user for user in self.identity.users.values() if user.email.lower() == email.lower()), None
        )
        if owner is not None:
            return self._wait(owner.user_id, person, email=owner.email)
        self.identity.admit(email, is_proven=True)
        user = User(
            user_id=UserId(f"usr_{secrets.token_hex(16)}"),
            email=email,
            email_verified=True,
            full_name="",
            avatar_url="",
            role=Role.USER,
            created_at=self.identity.clock.now(),
        )
        self.identity.users[user.user_id] = user
        # The address has an account, which no password opens.
        self.identity.passwords[email.lower()] = ""
        self.identity.mailed[email.lower()] = []
        self._linked(user.user_id, person)
        return self._opened(user, client)

    def _opened(self, user: User, client: Client) -> SignedIn:
        self.identity.challenge(user.user_id)
        opened = self.identity.signed_in(user)
        self.identity.note(opened.tokens.session_id, user.user_id, client)
        return replace(opened, device_token=self.identity.device(user.email))

    def _wait(self, user_id: UserId, person: _Person, *, email: str | None) -> LinkWaits:
        token = secrets.token_urlsafe(32)
        link = SignInLink(
            link_id=None, provider_id=GOOGLE, title=self.titles[GOOGLE], email=person.email, linked_at=None
        )
        self.waiting[token] = _Waiting(user_id, person, link)
        return LinkWaits(token=token, email=email)

    def _linked(self, user_id: UserId, person: _Person) -> SignInLink:
        link = SignInLink(
            link_id=LinkId(f"lnk_{secrets.token_hex(16)}"),
            provider_id=GOOGLE,
            title=self.titles[GOOGLE],
            email=person.email,
            linked_at=self.identity.clock.now(),
        )
        self.links[person.subject] = _Waiting(user_id, person, link)
        return link


def _linked_elsewhere() -> Conflict:
    return Conflict(
        "This sign-in is linked with another account already.", reason="IDENTITY_LINKED_ELSEWHERE"
    )
