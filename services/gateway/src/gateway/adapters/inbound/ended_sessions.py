"""Hears from identity that sessions ended, so that nothing that was known of them counts any more."""

from nats.aio.client import Client

from gateway.adapters.inbound.doubts import hear_of
from gateway.application.open_sessions import OpenSessions

SUBJECT = "tintype.identity.v1.sessions_ended.*"


async def hear_of_ended_sessions(connection: Client, open_sessions: OpenSessions) -> None:
    """Listen until cancelled."""
    await hear_of(connection, SUBJECT, open_sessions.doubt)
