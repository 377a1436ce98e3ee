"""Slow hashing of passwords."""

from dataclasses import dataclass
from typing import Protocol

from identity.domain.user import PasswordHash


@dataclass(frozen=True)
class Verdict:
    """Whether a password matches, and whether its hash was made with parameters of the past."""

    matches: bool
    outdated: bool = False


class PasswordHasher(Protocol):
    """Hashes with a memory-hard function, without blocking the event loop; may raise TooBusy."""

    async def hash(self, password: str) -> PasswordHash:
        """Return a salted hash that carries its own parameters."""
        ...

    async def verify(self, password: str, password_hash: PasswordHash | None) -> Verdict:
        """Compare; without a hash the answer is no and takes as long as a wrong password."""
        ...
