"""fal's webhooks: Ed25519 over request, user, time and the digest of the raw body.

https://fal.ai/docs/documentation/model-apis/inference/webhooks
"""

import hashlib
import re
import time
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl
from pydantic_settings import BaseSettings

from generation.adapters.outbound.plain_url import plain
from generation.adapters.outbound.providers.fal.addresses import APP
from generation.adapters.outbound.providers.fal.key_set import KeySet, fetching
from generation.adapters.outbound.providers.webhook_body import run_told
from generation.domain.errors import InvalidSignature, InvalidWebhook
from generation.domain.identifiers import RunId
from generation.ports.provider_webhooks import ReceivedWebhook

HEADERS = ("x-fal-webhook-request-id", "x-fal-webhook-user-id", "x-fal-webhook-timestamp")
SIGNATURE_HEADER = "x-fal-webhook-signature"
SIGNATURE = re.compile(r"[0-9a-fA-F]{128}", re.ASCII)
TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)
HEADER_LENGTH_MAX = 256
# How old, and how early, one may be.
TOLERANCE_S = 300


class WebhookSettings(BaseSettings):
    """What the API is told, as `GENERATION_<NAME>_...`; without an address of keys no webhook is heard.

    fal signs for all of its customers with the same keys: `webhook_user_id` is whose webhooks are heard, and
    without it anybody's who knows of a run of ours.
    """

    webhook_jwks_url: Annotated[AnyHttpUrl, AfterValidator(plain)] | None = None
    webhook_user_id: str | None = None


@dataclass(frozen=True)
class FalVerifier:
    """Verifies the raw body; what is no signature, or too old, is refused before any key is looked for."""

    keys: KeySet
    user_id: str | None

    async def run_of(self, received: ReceivedWebhook) -> RunId:
        request_id, user_id, timestamp = (received.headers.get(name, "") for name in HEADERS)
        signature = received.headers.get(SIGNATURE_HEADER, "")
        if not SIGNATURE.fullmatch(signature) or not TIMESTAMP.fullmatch(timestamp):
            raise InvalidSignature("there is no signature")
        if max(len(request_id), len(user_id)) > HEADER_LENGTH_MAX:
            raise InvalidSignature("there is no signature")
        if abs(time.time() - int(timestamp)) > TOLERANCE_S:
            raise InvalidSignature("it is too old, or too early")
        if self.user_id is not None and user_id != self.user_id:
            raise InvalidSignature("it is of another user's request")
        digest = hashlib.sha256(received.body).hexdigest()
        signed = f"{request_id}\n{user_id}\n{timestamp}\n{digest}".encode()
        if not await self.keys.verifies(bytes.fromhex(signature), signed):
            raise InvalidSignature("the signature does not fit")
        # Not signed, as no address is: with another one, the run is nobody's.
        app = received.query.get("app", "")
        if not APP.fullmatch(app):
            raise InvalidWebhook("the address names no app")
        return RunId(f"{app}/{run_told(received.body, 'request_id')}")


def verifier(settings: WebhookSettings) -> FalVerifier | None:
    """Return what verifies; None where nobody said by which keys."""
    if settings.webhook_jwks_url is None:
        return None
    return FalVerifier(KeySet(fetching(str(settings.webhook_jwks_url))), settings.webhook_user_id)
