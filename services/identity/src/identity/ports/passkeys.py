"""Where passkeys are kept, what authenticators are asked, and how their answers are believed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.identifiers import PasskeyId, UserId
from identity.domain.passkey import Answer, Ceremony, NewCredential, Passkey, Use
from identity.domain.secret import SecretDigest
from identity.domain.user import User


class Passkeys(Protocol):
    """The account's passkeys; whoever changes them has locked the account's user."""

    async def add(self, passkey: Passkey) -> None:
        """Store a new one; raises PasskeyExists, also against other accounts."""
        ...

    async def of_user(self, user_id: UserId) -> list[Passkey]:
        """Read the account's passkeys, the oldest first."""
        ...

    async def save(self, passkey: Passkey) -> None:
        """Store what became of it: its name, and its uses."""
        ...

    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> None:
        """Forget one; raises PasskeyNotFound, for another account's too."""
        ...


class PasskeyCeremonies(Protocol):
    """Keeps challenges; some belong to no account until they are answered."""

    async def begin(self, ceremony: Ceremony) -> None:
        """Store a new one."""
        ...

    async def take(self, challenge_digest: SecretDigest, now: datetime) -> Ceremony | None:
        """Use one up and return it; None for one that is unknown, used or expired.

        Of two that take it one has it.
        """
        ...


class Authenticators(Protocol):
    """Speaks WebAuthn; challenges are texts in base64url, options and answers JSON as browsers have it."""

    @property
    def is_ready(self) -> bool:
        """Whether browsers make passkeys for the address that people reach us at."""
        ...

    def creation_options(self, challenge: str, user: User, known: Sequence[Passkey]) -> str:
        """Return what to ask a browser for a new passkey, on no authenticator that has a known one."""
        ...

    def request_options(self, challenge: str, allowed: Sequence[Passkey], *, verified: bool) -> str:
        """Return what to ask a browser for a use of one of these, or of whichever it has where none is said.

        With `verified` the authenticator has to ask who uses it.
        """
        ...

    def read(self, text: str) -> Answer:
        """Return what an answer says; raises PasskeyMalformed."""
        ...

    def created(self, answer: Answer) -> NewCredential:
        """Return the credential that an answer to `creation_options` proves.

        Raises PasskeyMalformed, PasskeyWrongOrigin, PasskeyWrongSite, PasskeyUserNotVerified or
        PasskeyRefused.
        """
        ...

    def used(self, answer: Answer, public_key: bytes, *, verified: bool) -> Use:
        """Return what an answer to `request_options` proves, of whoever has the private half of this key.

        Raises as `created` does; whether the count goes on is for the caller to see.
        """
        ...
