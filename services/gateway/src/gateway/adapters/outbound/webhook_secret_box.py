"""Secrets of webhooks, sealed with keys that the database never sees."""

from collections.abc import Sequence
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from gateway.domain.errors import Conflict
from gateway.domain.webhook import SigningSecrets


class WebhookSecretBox:
    """The first key seals, all open (Fernet: AES-128-CBC with HMAC-SHA256); without one, webhooks are off."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._box = MultiFernet([Fernet(key) for key in keys]) if keys else None

    def seal(self, secret: str) -> bytes:
        """Return it unreadable. Raises Conflict (WEBHOOKS_OFF) without a key."""
        if self._box is None:
            raise Conflict("Webhooks are not set up here.", reason="WEBHOOKS_OFF")
        return self._box.encrypt(secret.encode())

    def opened(
        self, sealed: bytes | None, previous: bytes | None, until: datetime | None
    ) -> SigningSecrets | None:
        """Return what signs; None when the key that sealed it is gone."""
        if sealed is None or (current := self._open(sealed)) is None:
            return None
        before = self._open(previous) if previous is not None else None
        return SigningSecrets(
            current=current, previous=before, previous_until=until if before is not None else None
        )

    def _open(self, sealed: bytes) -> str | None:
        try:
            return self._box.decrypt(sealed).decode() if self._box is not None else None
        except InvalidToken:
            return None
