"""Hears from identity that sessions ended, so that nothing that was known of them counts any more."""

import asyncio

from nats.aio.client import Client
from nats.aio.msg import Msg

from gateway.application.open_sessions import OpenSessions
from gateway.domain.identifiers import UserId

SUBJECT = "tintype.identity.v1.sessions_ended.*"


async def hear_of_ended_sessions(connection: Client, open_sessions: OpenSessions) -> None:
    """Listen until cancelled.

    Every gateway hears every one, as it is published: no consumer that remembers where it was, since an
    answer that nobody doubted is forgotten within a second anyhow. The subject alone says whose they are,
    and the broker lets nobody but identity publish there.
    """

    async def heard(message: Msg) -> None:
        open_sessions.doubt(UserId(message.subject.rpartition(".")[2]))

    subscription = await connection.subscribe(SUBJECT, cb=heard)
    try:
        await asyncio.Event().wait()
    finally:
        if not connection.is_closed:
            await subscription.unsubscribe()
