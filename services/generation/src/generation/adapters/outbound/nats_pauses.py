"""What workers leave alone, as plain messages of the broker: to whoever listens now, kept by nobody."""

import json
from collections.abc import Sequence

import structlog
from nats.aio.client import Client

from generation.domain.provider_pause import ProviderPause

SUBJECT = "internal.generation.pauses"
# A message has a megabyte at most, and nobody looks through more.
PAUSES_MAX = 1_000
log = structlog.get_logger(__name__)


class NatsPauseBoard:
    """Implements PauseBoard."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tell(self, worker: str, pauses: Sequence[ProviderPause]) -> None:
        told = [
            {
                "provider": pause.provider,
                "model_id": pause.model_id,
                "reason": pause.reason.value,
                "since": pause.since.isoformat(),
                "until": pause.until.isoformat(),
            }
            for pause in pauses[:PAUSES_MAX]
        ]
        try:
            await self._client.publish(SUBJECT, json.dumps({"worker": worker, "pauses": told}).encode())
        except Exception as error:  # noqa: BLE001, it is said again in a moment
            log.warning("pauses not told", error=repr(error))
