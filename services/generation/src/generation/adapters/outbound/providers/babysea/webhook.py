"""BabySea's webhooks: an HMAC over the time and the raw body, `X-BabySea-Signature: t=...,v1=...`."""

import hashlib
import hmac
import re
import time
from typing import Annotated

import structlog
from pydantic import AfterValidator, SecretStr
from pydantic_settings import BaseSettings

from generation.adapters.outbound.providers.webhook_body import run_told
from generation.domain.errors import InvalidSignature
from generation.domain.identifiers import RunId
from generation.ports.provider_webhooks import ReceivedWebhook

HEADER = "x-babysea-signature"
# How old, and how early, one may be.
TOLERANCE_S = 300
SIGNATURE = re.compile(r"t=(\d{1,12})((?:,v1=[0-9a-f]{64}){1,4})", re.ASCII)
SECRET = re.compile(r"whsec_\S{8,}", re.ASCII)
log = structlog.get_logger(__name__)


def _usable(secret: SecretStr) -> SecretStr:
    if not SECRET.fullmatch(secret.get_secret_value()):
        raise ValueError("must be the signing secret, whsec_ included")
    return secret


class WebhookSettings(BaseSettings):
    """What the API is told, as `GENERATION_<NAME>_...`; without a secret no webhook is heard."""

    webhook_secret: Annotated[SecretStr, AfterValidator(_usable)] | None = None


class BabySeaVerifier:
    """Verifies the raw body. The key is the whole text of the secret, `whsec_` and what follows."""

    def __init__(self, secret: SecretStr) -> None:
        self._key = secret.get_secret_value().encode()

    async def run_of(self, received: ReceivedWebhook) -> RunId:
        found = SIGNATURE.fullmatch(received.headers.get(HEADER, "").replace(" ", ""))
        if found is None:
            raise InvalidSignature("there is no signature")
        if abs(time.time() - int(found[1])) > TOLERANCE_S:
            raise InvalidSignature("it is too old, or too early")
        signed = hmac.new(self._key, f"{found[1]}.".encode() + received.body, hashlib.sha256).hexdigest()
        given = found[2].split(",v1=")[1:]
        if not any(hmac.compare_digest(signed, digest) for digest in given):
            raise InvalidSignature("the signature does not fit")
        if b'"credits.low_balance"' in received.body:
            log.warning("babysea says that our credits there run low")
        return run_told(received.body, "generation_id", within="webhook_data")


def verifier(settings: WebhookSettings) -> BabySeaVerifier | None:
    """Return what verifies; None without a secret."""
    return BabySeaVerifier(settings.webhook_secret) if settings.webhook_secret else None
