"""How people sign in by a provider's word."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.domain import sign_in as domain

_LINK_ID = shown("lnk_019324a1b2c37def8a9b0c1d2e3f4a66")
_LINK_TOKEN = shown("q83vEjRWeJq83v8TVnearA7Wm1Yx0kzL4nQ2pQ9sZ0c")


class SignInProvider(Answer):
    """Somebody who vouches for people."""

    id: Annotated[str, shown("google")]
    """Its name in addresses."""
    title: Annotated[str, shown("Google")]
    """Its name for people."""


class SignInOptions(Answer):
    """What this installation offers to sign in by, beside an address and a password."""

    providers: list[SignInProvider]
    """In the order in which to show them."""
    sign_up: Annotated[domain.SignUpMode, shown("open")]
    """Who may open an account: everybody, who is invited, or nobody."""
    email_domains: Annotated[list[str], shown(["example.com"])]
    """Whose addresses may sign up; empty for all."""
    captcha_site_key: Annotated[str | None, shown("0x4AAAAAAAB1cdEFGhiJklm")]
    """The key of the Turnstile widget whose token a sign-up needs; null where it needs none."""
    passkeys: Annotated[bool, shown(True)]
    """Whether one can sign in with a passkey: at addresses with a name, by https."""

    @classmethod
    def of(cls, options: domain.SignInOptions) -> Self:
        """Show what is offered."""
        return cls(
            providers=[SignInProvider(id=each.provider_id, title=each.title) for each in options.providers],
            sign_up=options.sign_up,
            email_domains=list(options.email_domains),
            captcha_site_key=options.captcha_site_key,
            passkeys=options.passkeys,
        )


class BegunSignIn(Answer):
    """Where to send the browser; the answer also sets the cookie that it must bring back."""

    authorization_url: Annotated[
        str, shown("https://accounts.google.com/o/oauth2/v2/auth?response_type=code&state=q83vEjRW")
    ]
    """An address of the provider's."""


class WaitingLink(Answer):
    """Nobody was signed in: the address has an account, whose owner may link what waits for an hour."""

    link_token: Annotated[str, _LINK_TOKEN]
    """For `POST /v1/me/sign-in/links`, once signed in."""
    email: Annotated[str | None, shown("ada@example.com")]
    """The account's address; null for whoever began while signed in."""


class SignInLink(Answer):
    """An identity at a provider that opens the account."""

    id: Annotated[str, _LINK_ID]
    """By which it is removed."""
    provider: Annotated[str | None, shown("google")]
    """The provider's name in addresses; null where it is offered no longer."""
    title: Annotated[str, shown("Google")]
    """The provider's name for people."""
    email: Annotated[str | None, shown("ada@example.com")]
    """What the provider called the person."""
    linked_at: Moment | None
    """When it was linked."""

    @classmethod
    def of(cls, link: domain.SignInLink) -> Self:
        """Show a link."""
        return cls(
            id=link.link_id or "",
            provider=link.provider_id,
            title=link.title,
            email=link.email,
            linked_at=link.linked_at,
        )


class SignInMethods(Answer):
    """How the caller signs in."""

    has_password: Annotated[bool, shown(True)]
    """Whether there is a password; one is set by `POST /v1/auth/password/forgot`."""
    links: list[SignInLink]
    """The oldest first."""

    @classmethod
    def of(cls, methods: domain.SignInMethods) -> Self:
        """Show the ways."""
        return cls(has_password=methods.has_password, links=list(map(SignInLink.of, methods.links)))
