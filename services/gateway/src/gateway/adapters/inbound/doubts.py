"""Hears that something known of a user is old, so that it does not count any more."""

import asyncio
from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.msg import Msg

from gateway.domain.identifiers import UserId


async def hear_of(connection: Client, subject: str, doubt: Callable[[UserId], None]) -> None:
    """Listen until cancelled; `doubt` is told whom a fact is about.

    Every gateway hears every one, as it is published: no consumer that remembers where it was, since an
    answer that nobody doubted is forgotten soon anyhow. The subject alone says whose it is, and the broker
    lets nobody but its service publish there.
    """

    async def heard(message: Msg) -> None:
        doubt(UserId(message.subject.rpartition(".")[2]))

    subscription = await connection.subscribe(subject, cb=heard)
    try:
        await asyncio.Event().wait()
    finally:
        if not connection.is_closed:
            await subscription.unsubscribe()
