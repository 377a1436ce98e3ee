"""Secrets sealed with keys of the operator's; implements SecretBox."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class FernetBox:
    """The first key seals, all open (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raise ValueError for what is no key."""
        self._box = MultiFernet([Fernet(key) for key in keys]) if keys else None

    @property
    def is_ready(self) -> bool:
        """See SecretBox."""
        return self._box is not None

    def seal(self, secret: str) -> bytes:
        """See SecretBox."""
        if self._box is None:
            raise RuntimeError("there is no key to seal with")
        return self._box.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str | None:
        """See SecretBox."""
        try:
            return self._box.decrypt(sealed).decode() if self._box else None
        except InvalidToken:
            return None
