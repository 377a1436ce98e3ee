"""Hears which providers workers leave alone."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error

from generation.adapters.outbound.nats_pauses import PAUSES_MAX, SUBJECT
from generation.domain.identifiers import ModelId
from generation.domain.provider_pause import PauseReason, ProviderPause

WORKER_LENGTH_MAX = 64
log = structlog.get_logger(__name__)
Hear = Callable[[str, Sequence[ProviderPause]], None]


@contextlib.asynccontextmanager
async def listening(client: Client, hear: Hear) -> AsyncIterator[None]:
    """Pass on what is heard until the context ends; after an outage the connection hears again."""

    async def heard(message: Msg) -> None:
        try:
            worker, pauses = read(message.data)
        except (ValueError, KeyError, TypeError, AttributeError) as odd:
            log.warning("a worker's word can't be read", error=type(odd).__name__)
        else:
            hear(worker, pauses)

    subscription = await client.subscribe(SUBJECT, cb=heard)
    try:
        yield
    finally:
        with contextlib.suppress(Error):
            await subscription.unsubscribe()


def read(payload: bytes) -> tuple[str, Sequence[ProviderPause]]:
    """Return who says what. Raises ValueError, KeyError or TypeError for anything else.

    A reason that only a later release knows is left out, and the rest is heard.
    """
    told = json.loads(payload)
    pauses = [
        ProviderPause(
            provider=str(pause["provider"]),
            model_id=ModelId(pause["model_id"]) if pause["model_id"] is not None else None,
            reason=PauseReason(pause["reason"]),
            since=_moment(pause["since"]),
            until=_moment(pause["until"]),
        )
        for pause in told["pauses"][:PAUSES_MAX]
        if pause["reason"] in frozenset(PauseReason)
    ]
    return str(told["worker"])[:WORKER_LENGTH_MAX], pauses


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
