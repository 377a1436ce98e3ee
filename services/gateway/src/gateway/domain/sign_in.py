"""How people sign in beside their password: by the word of a provider that vouches for them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.domain.identifiers import LinkId, ProviderId


@dataclass(frozen=True, kw_only=True)
class SignInProvider:
    """Somebody who vouches for people."""

    provider_id: ProviderId
    title: str


class SignUpMode(StrEnum):
    """Who may open an account."""

    OPEN = "open"
    INVITED = "invited"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class SignInOptions:
    """What the settings offer."""

    providers: tuple[SignInProvider, ...] = ()
    sign_up: SignUpMode = SignUpMode.OPEN
    email_domains: tuple[str, ...] = ()
    """Whose addresses may sign up; none for all."""
    captcha_site_key: str | None = None
    captcha_script_url: str | None = None
    """What asks whether whoever fills in the form is a person; None where nothing does."""
    passkeys: bool = False
    """Whether browsers make passkeys for our address."""


@dataclass(frozen=True, kw_only=True)
class BegunSignIn:
    """Where the browser goes, and what it must bring back, out of reach of scripts."""

    authorization_url: str
    browser_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class LinkWaits:
    """Nobody is signed in yet: whoever signs in to the account that it fits may link it by the token."""

    token: str = field(repr=False)
    email: str | None
    """The address of that account; None for whoever is signed in already."""


@dataclass(frozen=True, kw_only=True)
class SignInLink:
    """An identity at a provider that opens an account, or waits to."""

    link_id: LinkId | None
    """None for one that waits."""
    provider_id: ProviderId | None
    """None where the provider is offered no longer."""
    title: str
    email: str | None
    """What the provider called the person."""
    linked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SignInMethods:
    """How one person signs in."""

    has_password: bool
    links: tuple[SignInLink, ...]
    waiting: SignInLink | None

    @property
    def last_link(self) -> SignInLink | None:
        """The link without which nobody could open the account; None where something else does."""
        return self.links[0] if len(self.links) == 1 and not self.has_password else None
