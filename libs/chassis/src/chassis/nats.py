"""NATS JetStream: connections and streams."""

import nats
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

log = structlog.get_logger(__name__)

STREAM_MAX_AGE_S = 14 * 24 * 3600
STREAM_MAX_BYTES = 2 * 1024**3


async def connect(url: str, *, user: str, password: str, name: str) -> Client:
    """Connect, failing clearly when the first attempt fails; afterwards reconnect for ever.

    Replies arrive under `_INBOX_<user>`, the only inbox that the user's permissions cover.
    """

    async def on_error(error: Exception) -> None:
        log.warning("nats error", error=str(error) or type(error).__name__)

    async def on_disconnected() -> None:
        log.warning("nats disconnected")

    async def on_reconnected() -> None:
        log.info("nats reconnected")

    # nats-py retries a refused first connect for ever, bad credentials included; a probe that may
    # not reconnect says what is wrong.
    probe = await nats.connect(
        url, user=user, password=password, name=f"{name}-probe", allow_reconnect=False, connect_timeout=5
    )
    await probe.close()
    return await nats.connect(
        url,
        user=user,
        password=password,
        name=name,
        inbox_prefix=f"_INBOX_{user}".encode(),
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,
        error_cb=on_error,
        disconnected_cb=on_disconnected,
        reconnected_cb=on_reconnected,
    )


async def ensure_stream(js: JetStreamContext, context: str) -> None:
    """Create the context's own stream (`LEDGER` for `tintype.ledger.v1.>`), or leave it as it is.

    A stream that was made before it took atomic batches takes them from now on.
    """
    config = StreamConfig(
        name=context.upper(),
        subjects=[f"tintype.{context}.v1.>"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        max_age=STREAM_MAX_AGE_S,
        max_bytes=STREAM_MAX_BYTES,
        duplicate_window=120,
        allow_atomic=True,
    )
    try:
        found = (await js.stream_info(config.name or "")).config
    except NotFoundError:
        await js.add_stream(config)
        return
    if not found.allow_atomic:
        try:
            await js.update_stream(found.evolve(allow_atomic=True))
        except APIError as refused:
            # Its facts are published one by one, as by a broker that knows no batches.
            log.warning("stream takes no batches", stream=config.name, reason=refused.description)
