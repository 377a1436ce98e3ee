"""Replicate's webhooks: Standard Webhooks, https://replicate.com/docs/topics/webhooks/verify-webhook."""

import re
from typing import Annotated

from pydantic import AfterValidator, SecretStr
from pydantic_settings import BaseSettings
from standardwebhooks import Webhook, WebhookVerificationError

from generation.adapters.outbound.providers.webhook_body import run_told
from generation.domain.errors import InvalidSignature
from generation.domain.identifiers import RunId
from generation.ports.provider_webhooks import ReceivedWebhook

# The library decodes whatever it is given: a secret with a slip in it would be another one.
SECRET = re.compile(r"(whsec_)?[A-Za-z0-9+/]{16,}={0,2}")


def _usable(secret: SecretStr) -> SecretStr:
    if not SECRET.fullmatch(secret.get_secret_value()):
        raise ValueError("must be the signing secret: whsec_ and base64")
    return secret


class WebhookSettings(BaseSettings):
    """What the API is told, as `GENERATION_<NAME>_...`; without a secret no webhook is heard."""

    webhook_secret: Annotated[SecretStr, AfterValidator(_usable)] | None = None


class StandardWebhookVerifier:
    """Verifies the raw body; five minutes is how old, and how early, a webhook may be."""

    def __init__(self, secret: SecretStr) -> None:
        self._webhook = Webhook(secret.get_secret_value())

    async def run_of(self, received: ReceivedWebhook) -> RunId:
        try:
            self._webhook.verify(received.body, dict(received.headers), json_parse=False)
        except (WebhookVerificationError, ValueError) as forged:
            # Of a header that is no signature at all the library raises whatever it stumbles over.
            raise InvalidSignature("the signature does not fit") from forged
        return run_told(received.body, "id")


def verifier(settings: WebhookSettings) -> StandardWebhookVerifier | None:
    """Return what verifies; None without a secret."""
    return StandardWebhookVerifier(settings.webhook_secret) if settings.webhook_secret else None
