"""ComfyDeploy's webhooks, which nobody signs: whoever knows the address of a run may tell of it.

So each run is told of at an address of its own, which can't be guessed: our attempt, and a token made of it
by a secret that worker and API both have. What is told is not believed: it wakes whoever follows the run,
and that one asks how the run stands.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from generation.adapters.outbound.providers.webhook_body import run_told
from generation.domain.errors import InvalidSignature
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.provider_webhooks import ReceivedWebhook

SECRET_LENGTH_MIN = 16
WebhookSecret = Annotated[SecretStr, Field(min_length=SECRET_LENGTH_MIN)]


class WebhookSettings(BaseSettings):
    """What the API is told, as `GENERATION_<NAME>_...`; without a secret no webhook is heard."""

    webhook_secret: WebhookSecret | None = None


@dataclass(frozen=True)
class WebhookAddress:
    """Where runs are told of."""

    webhook_url: str
    secret: SecretStr

    def of(self, key: AttemptId) -> str:
        """Return the address of this attempt's run alone."""
        return f"{self.webhook_url}?{urlencode({'attempt': key, 'token': token_of(key, self.secret)})}"


def webhook_address(webhook_url: str | None, secret: SecretStr | None) -> WebhookAddress | None:
    """Return where runs are told of; None where nobody would hear it, or anybody could."""
    return WebhookAddress(webhook_url, secret) if webhook_url and secret else None


def token_of(key: str, secret: SecretStr) -> str:
    """Return what nobody can guess of an attempt."""
    return hmac.new(secret.get_secret_value().encode(), key.encode(), hashlib.sha256).hexdigest()


class TokenVerifier:
    """Verifies the address that was called: it says nothing of the body."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret

    async def run_of(self, received: ReceivedWebhook) -> RunId:
        given = received.query.get("token", "").encode()
        due = token_of(received.query.get("attempt", ""), self._secret).encode()
        if not hmac.compare_digest(given, due):
            raise InvalidSignature("the token does not fit")
        return run_told(received.body, "run_id")


def verifier(settings: WebhookSettings) -> TokenVerifier | None:
    """Return what verifies; None without a secret."""
    return TokenVerifier(settings.webhook_secret) if settings.webhook_secret else None
