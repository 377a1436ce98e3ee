"""The ports that are not storage, made for tests: no waiting, no network."""

from dataclasses import dataclass, field

from identity.domain.mail import Mail, MailState
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
