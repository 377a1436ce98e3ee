"""Asks the broker for messages of a durable consumer: by one request for many, each told when it comes."""

import asyncio
import contextlib
import json
from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

# How much later than promised the broker may say something.
_GRACE_S = 2.0
# In a request that lasts longer, the broker says as often that it is still there. One that came back after an
# outage knows of no request.
_HEARTBEAT_S = 2.5
_NS_A_S = 1_000_000_000
# There is none now; the request's time is over. Whatever else the broker says, something is not as it was.
_PLAIN_ENDS = frozenset({"404", "408"})
_HEARTBEAT = "100"


class PullInterrupted(NatsError):
    """The broker ended a request before its time, or said nothing when it was over."""


class Pull:
    """One request at a time. `take` is called with each message, and whether it was asked for.

    One that was not came too late for an earlier request.
    """

    def __init__(
        self, js: JetStreamContext, *, stream: str, durable: str, take: Callable[[Msg, bool], None]
    ) -> None:
        self._client: Client = js._nc
        self._next = f"{js._prefix}.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._take = take
        self._inbox = ""
        self._subscription: Subscription | None = None
        self._missing = 0
        self._over = asyncio.Event()
        self._interrupted: str | None = None
        self._is_silent = True

    async def open(self) -> None:
        """Listen for messages."""
        self._inbox = self._client.new_inbox()
        self._subscription = await self._client.subscribe(self._inbox, cb=self._hear)

    async def close(self) -> None:
        """Listen no longer: what comes now is delivered again."""
        if self._subscription is not None:
            with contextlib.suppress(Exception):
                await self._subscription.unsubscribe()

    def give_up(self) -> int:
        """Return how many of those that were asked for did not come: what comes now was not asked for."""
        missing, self._missing = self._missing, 0
        return missing

    def interrupt(self, why: str) -> None:
        """End the request that waits: whoever takes its messages found something not as it was."""
        self._interrupted = why
        self._over.set()

    async def ask(self, wanted: int, *, within_s: float) -> None:
        """Ask for so many; return once they came or the time is over. Raises PullInterrupted."""
        self._missing, self._interrupted = wanted, None
        self._over.clear()
        request = {"batch": wanted, "expires": int(within_s * _NS_A_S)}
        silent_s = within_s
        if within_s > 2 * _HEARTBEAT_S:
            silent_s = _HEARTBEAT_S
            request["idle_heartbeat"] = int(_HEARTBEAT_S * _NS_A_S)
        await self._client.publish(self._next, json.dumps(request).encode(), self._inbox)
        while not self._over.is_set():
            self._is_silent = True
            try:
                async with asyncio.timeout(silent_s + _GRACE_S):
                    await self._over.wait()
            except TimeoutError:
                if self._is_silent:
                    raise PullInterrupted("the broker does not answer") from None
        if self._interrupted is not None:
            raise PullInterrupted(self._interrupted)

    async def _hear(self, message: Msg) -> None:
        self._is_silent = False
        status = JetStreamContext.is_status_msg(message)
        if status is None:
            was_asked_for = self._missing > 0
            self._take(message, was_asked_for)
            self._missing -= was_asked_for
            if not self._missing:
                self._over.set()
        elif status != _HEARTBEAT:
            if status not in _PLAIN_ENDS:
                self.interrupt(f"{status} {(message.headers or {}).get('Description', '')}".strip())
            self._over.set()
