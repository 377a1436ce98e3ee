"""Nudges as plain messages of the broker: to every worker that listens now, kept by nobody."""

import structlog
from nats.aio.client import Client

from generation.domain.identifiers import AttemptId

SUBJECT = "internal.generation.runs"
log = structlog.get_logger(__name__)


class NatsNudges:
    """Each worker hears of each attempt and looks whether it is one of its own."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def nudge(self, attempt_id: AttemptId) -> None:
        try:
            await self._client.publish(SUBJECT, attempt_id.encode())
        except Exception as error:  # noqa: BLE001, the run is polled all the same
            log.warning("nudge not sent", error=repr(error))
