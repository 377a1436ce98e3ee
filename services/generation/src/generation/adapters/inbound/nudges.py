"""Hears which runs have changed, as their providers say."""

import contextlib
from collections.abc import AsyncIterator, Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error

from generation.adapters.outbound.nats_nudges import SUBJECT
from generation.domain.identifiers import AttemptId

ATTEMPT_ID_LENGTH_MAX = 64


@contextlib.asynccontextmanager
async def listening(client: Client, wake: Callable[[AttemptId], None]) -> AsyncIterator[None]:
    """Pass on what is heard until the context ends; after an outage the connection hears again."""

    async def heard(message: Msg) -> None:
        if len(message.data) <= ATTEMPT_ID_LENGTH_MAX:
            wake(AttemptId(message.data.decode(errors="replace")))

    subscription = await client.subscribe(SUBJECT, cb=heard)
    try:
        yield
    finally:
        with contextlib.suppress(Error):
            await subscription.unsubscribe()
