"""Where second factors are kept, how they are sealed, and what codes are good."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.identifiers import UserId
from identity.domain.second_factor import Challenge, SecondFactor
from identity.domain.secret import SecretDigest


class SecondFactors(Protocol):
    """The account's second factor; whoever changes it has locked the account's user."""

    async def get(self, user_id: UserId) -> SecondFactor | None:
        """Read the factor, confirmed or not; None where there is none."""
        ...

    async def save(self, factor: SecondFactor) -> None:
        """Store the factor in the place of the one that there was."""
        ...

    async def remove(self, user_id: UserId) -> None:
        """Delete the factor and its recovery codes."""
        ...

    async def replace_codes(self, user_id: UserId, digests: Sequence[SecretDigest]) -> None:
        """Store recovery codes in the place of those that there were."""
        ...

    async def use_code(self, user_id: UserId, code: SecretDigest, now: datetime) -> bool:
        """Use a recovery code up; False for one that is unknown or used."""
        ...

    async def codes_left(self, user_id: UserId) -> int:
        """Count the recovery codes that are good."""
        ...

    async def add_challenge(self, challenge: Challenge) -> None:
        """Store a sign-in that waits for a code, and delete those of the account that are over."""
        ...

    async def lock_challenge(self, token_digest: SecretDigest) -> Challenge | None:
        """Read and lock a sign-in that waits for a code."""
        ...

    async def end_challenges(self, user_id: UserId, now: datetime) -> None:
        """End every sign-in of the account that waits; waits itself for one that is just being ended."""
        ...

    async def save_challenge(self, challenge: Challenge) -> None:
        """Store what became of it."""
        ...


class SecretBox(Protocol):
    """Seals secrets that have to be read again."""

    @property
    def is_ready(self) -> bool:
        """Whether there is a key to seal with."""
        ...

    def seal(self, secret: str) -> bytes:
        """Return the sealed secret; only to be called where there is a key."""
        ...

    def open(self, sealed: bytes) -> str | None:
        """Return the secret; None where the key that sealed it is gone."""
        ...


class OneTimeCodes(Protocol):
    """Codes of authenticator apps (RFC 6238)."""

    def new_secret(self) -> str:
        """Make a secret for an app."""
        ...

    def uri(self, secret: str, account: str) -> str:
        """Return what an app reads from a picture."""
        ...

    def step_of(self, secret: str, code: str, now: datetime) -> int | None:
        """Return the half minute that a code is of, at most one away from now; None for any other."""
        ...
