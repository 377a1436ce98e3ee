"""Hears from identity that API keys were revoked, so that nothing that was known of them counts any more."""

from nats.aio.client import Client

from gateway.adapters.inbound.doubts import hear_of
from gateway.application.known_keys import KnownKeys

SUBJECT = "tintype.identity.v1.api_key_revoked.*"


async def hear_of_revoked_keys(connection: Client, known_keys: KnownKeys) -> None:
    """Listen until cancelled."""
    await hear_of(connection, SUBJECT, known_keys.doubt)
