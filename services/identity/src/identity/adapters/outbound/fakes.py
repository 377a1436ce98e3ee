"""The ports that are not storage, made for tests: no waiting, no network."""

from dataclasses import dataclass, field
from typing import Any

from identity.domain.identifiers import ProviderId
from identity.domain.linked_identity import ProviderIdentity
from identity.domain.mail import Mail, MailState
from identity.domain.sign_in_errors import SignInRefused
from identity.domain.user import PasswordHash
from identity.ports.password_hasher import Verdict


@dataclass
class MemoryHasher:
    """Hashes without the cost, and remembers what it was asked to compare; implements PasswordHasher."""

    generation: int = 1
    compared: list[PasswordHash | None] = field(default_factory=list)

    async def hash(self, password: str) -> PasswordHash:
        """See PasswordHasher."""
        return PasswordHash(f"{self.generation}:{password.encode().hex()}")

    async def verify(self, password: str, password_hash: PasswordHash | None) -> Verdict:
        """See PasswordHasher."""
        self.compared.append(password_hash)
        generation, _, hashed = (password_hash or "0:").partition(":")
        matches = password_hash is not None and hashed == password.encode().hex()
        return Verdict(matches=matches, outdated=matches and int(generation) < self.generation)


@dataclass
class MemoryMailer:
    """Keeps what it sends, or raises what it was given; implements Mailer."""

    sent: list[Mail] = field(default_factory=list)
    trouble: Exception | None = None

    async def send(self, mail: Mail) -> MailState:
        """See Mailer."""
        if self.trouble is not None:
            raise self.trouble
        self.sent.append(mail)
        return MailState.SENT


GOOGLE = ProviderId("google")


@dataclass
class MemoryProvider:
    """Knows who comes with which code, once, and holds them to what they began with.

    Implements IdentityProvider. `people` are by code, `began` holds what flows carry, and `trouble` is raised
    in place of any answer.
    """

    provider_id: ProviderId = GOOGLE
    title: str = "Google"
    issuer: str = "https://accounts.google.test"
    people: dict[str, ProviderIdentity] = field(default_factory=dict)
    began: list[tuple[str, str]] = field(default_factory=list)
    trouble: Exception | None = None

    async def authorization_url(self, *, state: str, nonce: str, code_verifier: str) -> str:
        """See IdentityProvider."""
        if self.trouble is not None:
            raise self.trouble
        self.began.append((nonce, code_verifier))
        return f"{self.issuer}/authorize?state={state}"

    async def identify(self, *, code: str, nonce: str, code_verifier: str) -> ProviderIdentity:
        """See IdentityProvider."""
        if self.trouble is not None:
            raise self.trouble
        if code not in self.people or (nonce, code_verifier) not in self.began:
            raise SignInRefused
        return self.people.pop(code)

    def person(self, code: str, subject: str = "1", **told: Any) -> str:
        """Let somebody come with this code; returns the code."""
        self.people[code] = ProviderIdentity(issuer=self.issuer, subject=subject, **told)
        return code
