"""Randomness of the operating system."""

import base64
import secrets

_SIGNING_BYTES = 32


class RandomSecrets:
    """Makes secrets; implements SecretSource."""

    def new(self) -> str:
        """See SecretSource."""
        return secrets.token_urlsafe(32)

    def new_signing(self) -> str:
        """See SecretSource."""
        return "whsec_" + base64.b64encode(secrets.token_bytes(_SIGNING_BYTES)).decode()
