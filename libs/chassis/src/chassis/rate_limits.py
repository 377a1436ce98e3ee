"""Counts of rate limits by the `limits` library: in memory, or for several replicas in Redis or Valkey."""

from math import ceil
from time import time
from typing import Annotated, cast

from limits import WindowStats, parse
from limits.aio.storage import Storage
from limits.storage import storage_from_string
from pydantic import AfterValidator, Field

TIMEOUT_S = 2.0


def _rate_limit(text: str) -> str:
    parse(text)
    return text


RateLimit = Annotated[str, AfterValidator(_rate_limit)]
"""A limit as `limits` writes it: `10/5 minutes`."""
StorageUri = Annotated[str, Field(pattern=r"^(memory|rediss?|valkeys?)://")]
"""Where counts are kept."""


def open_storage(uri: str) -> Storage:
    """Return the storage at an address of `StorageUri`; nothing is connected to before the first count.

    Its calls raise `limits.errors.StorageError` within seconds when it does not answer.
    """
    options: dict[str, str | float | bool] = {"wrap_exceptions": True}
    if not uri.startswith("memory:"):
        # Valkey speaks Redis' protocol, so that one client serves both.
        uri = uri.replace("valkey", "redis", 1)
        options |= {
            "implementation": "redispy",
            "socket_timeout": TIMEOUT_S,
            "socket_connect_timeout": TIMEOUT_S,
        }
    return cast(Storage, storage_from_string(f"async+{uri}", **options))


def reset_s(window: WindowStats) -> int:
    """Return in how many seconds, at least one, a window admits more."""
    return max(1, ceil(window.reset_time - time()))
