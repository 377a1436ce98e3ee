"""NATS JetStream: connections, given up only when they are beyond repair, and streams."""

import asyncio
import re
import time
from collections import deque

import nats
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

log = structlog.get_logger(__name__)

STREAM_MAX_AGE_S = 14 * 24 * 3600
STREAM_MAX_BYTES = 2 * 1024**3
# A broker that lost its data gets the stream again without anybody being started anew.
ENSURE_EVERY_S = 30.0


# A peer that is gone without a word is noticed within a minute.
_PING_EVERY_S, _PINGS_MAX = 20, 2
_CHECK_EVERY_S = 1.0
# A broker that restarts with other users may refuse a login for a while; one that was replaced stays refused.
_REFUSED_MAX_S = 60.0
_DENIED_MAX = 1_000
_DENIED = re.compile(r'permissions violation for publish to "(?P<subject>[^"]*)"', re.IGNORECASE)

_HEADER = re.compile(rb"(?!(?i:status|description):)[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e]*")


class ConnectionLost(ConnectionError):
    """The connection will not come back by itself: the process ends, and its supervisor starts it anew."""


class Connection(Client):
    """A connection that reconnects for ever, and knows when that is in vain.

    The client closes itself for good over some errors that the broker sends, such as a message that is too
    large or a login that was withdrawn.
    """

    def __init__(self) -> None:
        super().__init__()
        # In small letters, as the client passes them on.
        self._denied: deque[str] = deque(maxlen=_DENIED_MAX)
        self._refused_since: float | None = None

    async def run(self) -> None:
        """Watch until cancelled; raise ConnectionLost once it is beyond repair."""
        while True:
            self.raise_if_lost()
            await asyncio.sleep(_CHECK_EVERY_S)

    async def is_alive(self) -> None:
        """Raise ConnectionLost once it is beyond repair, not while it reconnects: a liveness check."""
        self.raise_if_lost()

    async def answers(self) -> None:
        """Raise unless the broker answers now: a readiness check."""
        if not self.is_connected:
            raise ConnectionError("not connected to the broker")
        await self.flush(timeout=2)

    def raise_if_lost(self) -> None:
        """Raise ConnectionLost once it is beyond repair."""
        if self.is_closed:
            raise ConnectionLost(f"the client closed itself: {self.last_error}")
        reading, attempt = self._reading_task, self._reconnection_task
        if self.is_connected and reading is not None and reading.done():
            raise ConnectionLost("the client stopped reading")
        if self.is_reconnecting and attempt is not None and attempt.done():
            raise ConnectionLost("the client stopped reconnecting")
        if self._refused_since and time.monotonic() - self._refused_since > _REFUSED_MAX_S:
            raise ConnectionLost("the broker refuses the login")

    def was_denied(self, subject: str) -> bool:
        """Whether the broker refused this subject of late: such a message gets no other answer."""
        return subject.lower() in self._denied

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None
    ) -> None:
        # Status lines are the broker's, in answers to requests. What others wrote into a message's headers
        # must neither pass for one nor end the client's reading.
        if headers and not bytes(subject).startswith(bytes(self._inbox_prefix)):
            headers = _plain(bytes(headers))
        await super()._process_msg(sid, subject, reply, data, headers)  # type: ignore[arg-type]

    async def note_error(self, error: Exception) -> None:
        """Remember what an error says of this connection, and log it."""
        if denied := _DENIED.search(str(error)):
            self._denied.append(denied["subject"].lower())
        if "authorization" in str(error).lower():
            self._refused_since = self._refused_since or time.monotonic()
        log.warning("nats error", error=str(error) or type(error).__name__)

    async def note_disconnected(self) -> None:
        """Say so."""
        log.warning("nats disconnected")

    async def note_reconnected(self) -> None:
        """Say so, and that the login is good."""
        self._refused_since = None
        log.info("nats reconnected")


def _plain(headers: bytes) -> bytes | None:
    """Keep the lines of a block that are headers, without those that the client takes for the broker's."""
    lines = [line for line in headers.split(b"\r\n") if _HEADER.fullmatch(line)]
    return b"".join((b"NATS/1.0\r\n", *(line + b"\r\n" for line in lines), b"\r\n")) if lines else None


async def connect(url: str, *, user: str, password: str, name: str) -> Connection:
    """Connect, failing clearly when the first attempt fails; afterwards reconnect for ever.

    `run` must run beside it. Replies arrive under `_INBOX_<user>`, the only inbox that the user's permissions
    cover. Several servers of a cluster are separated by commas.
    """
    servers = url.split(",")
    # nats-py retries a refused first connect for ever, bad credentials included; a probe that may
    # not reconnect says what is wrong.
    probe = await nats.connect(
        servers, user=user, password=password, name=f"{name}-probe", allow_reconnect=False, connect_timeout=5
    )
    await probe.close()
    connection = Connection()
    await connection.connect(
        servers,
        user=user,
        password=password,
        name=name,
        inbox_prefix=f"_INBOX_{user}".encode(),
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,  # type: ignore[arg-type]
        ping_interval=_PING_EVERY_S,
        max_outstanding_pings=_PINGS_MAX,
        error_cb=connection.note_error,
        disconnected_cb=connection.note_disconnected,
        reconnected_cb=connection.note_reconnected,
    )
    return connection


async def ensure_stream(js: JetStreamContext, context: str, *, replicas: int = 1) -> None:
    """Create the context's own stream (`LEDGER` for `tintype.ledger.v1.>`), or bring it up to date.

    `replicas` is how many servers of the cluster hold it. What was stored stays. When a stream is full, the
    oldest go, consumed or not: to refuse new facts would stop everybody for the sake of the slowest consumer.
    Consumers measure how near theirs are to going (consumer_lag.py), long before.
    """
    wanted = {"num_replicas": replicas, "allow_atomic": True}
    config = StreamConfig(
        name=context.upper(),
        subjects=[f"tintype.{context}.v1.>"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        max_age=STREAM_MAX_AGE_S,
        max_bytes=STREAM_MAX_BYTES,
        duplicate_window=120,
    ).evolve(**wanted)
    try:
        found = (await js.stream_info(config.name or "")).config
    except NotFoundError:
        await js.add_stream(config)
        return
    for setting, value in wanted.items():
        if getattr(found, setting) == value:
            continue
        try:
            found = (await js.update_stream(found.evolve(**{setting: value}))).config
        except APIError as refused:
            # Its facts are published all the same: one by one, or held by fewer servers.
            log.error("stream not brought up to date", stream=config.name, setting=setting, value=value,
                      reason=refused.description)  # fmt: skip
