"""The other services as the gateway hears them over NATS, and a feed that listens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from chassis import nats
from chassis.events import OutgoingEvent, event
from chassis.publisher import Publisher
from embedded.testing import nats_password
from gateway.adapters.outbound.nats_event_feed import NatsEventFeed
from google.protobuf.message import Message
from tintype.generation.v1.events_pb2 import GenerationProgressed
from tintype.ledger.v1.events_pb2 import CreditsGranted
from tintype.ledger.v1.ledger_pb2 import Balance

ADA, BOB = "usr_" + "a" * 32, "usr_" + "b" * 32
GENERATION = "gen_" + "c" * 32


class Producers:
    """The other services, as far as the gateway hears them."""

    def __init__(self, publishers: dict[str, Publisher]) -> None:
        self._publishers = publishers
        self._number = 0

    async def say(self, message: Message, account: str = ADA) -> None:
        """Publish one fact."""
        self._number += 1
        if "account_id" in message.DESCRIPTOR.fields_by_name:
            message.account_id = account  # type: ignore[attr-defined]
        fact = event(message, account=account, event_id=f"evt_{self._number}", time=datetime.now(UTC))
        await self._publishers[message.DESCRIPTOR.full_name.split(".")[1]].publish(fact)

    async def send(self, service: str, fact: OutgoingEvent) -> None:
        """Publish whatever it is under this service's login."""
        await self._publishers[service].publish(fact)

    async def grant(self, sequence: int, account: str = ADA) -> None:
        """A balance with this sequence."""
        await self.say(CreditsGranted(balance=Balance(available=sequence, sequence=sequence)), account)

    async def progress(self, progress: float, account: str = ADA) -> None:
        """A job comes further."""
        await self.say(GenerationProgressed(generation_id=GENERATION, progress=progress), account)


@asynccontextmanager
async def running_feed(url: str, *, heartbeat_s: float = 0.2) -> AsyncIterator[NatsEventFeed]:
    """A feed until the end of the block."""
    connection = await nats.connect(url, user="gateway", password=nats_password("gateway"), name="t")
    feed = NatsEventFeed(connection.jetstream(), heartbeat_s=heartbeat_s)
    running = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        running.cancel()
        await asyncio.wait({running})
        await connection.close()
