"""Keeps outputs."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from generation.ports.media_intake import ReceivedMedia


class StoreUnavailable(Exception):
    """The store did not answer; the same call may be made again."""


class ObjectAbsent(Exception):
    """There is no such object."""


@dataclass(frozen=True)
class SignedForm:
    """Where a file is posted, as multipart/form-data: these fields first, and then the file as `file`."""

    url: str
    fields: Mapping[str, str]


class MediaStore(Protocol):
    """Private object storage: nobody reads an object without a signed address."""

    async def put(self, key: str, media: ReceivedMedia) -> None:
        """Store the file. Idempotent. Raises StoreUnavailable."""
        ...

    async def remove(self, key: str) -> None:
        """Remove the object; an absent one is no error. Raises StoreUnavailable."""
        ...

    async def read(self, key: str, *, size_bytes_max: int) -> bytes:
        """Return an object's bytes. Raises StoreUnavailable, also for one that is absent or larger."""
        ...

    def pieces(self, key: str) -> AsyncIterator[bytes]:
        """Yield an object's bytes in order. Raises ObjectAbsent and StoreUnavailable, while it is read."""
        ...

    def signed_form(self, key: str, *, size_bytes_max: int, until: datetime) -> SignedForm:
        """Return how a stranger sends this one object, of a byte or more, until that moment."""
        ...

    def signed_url(
        self, key: str, *, ttl_s: int, download_as: str | None = None, signed_at: datetime | None = None
    ) -> str:
        """Return an address good for `ttl_s` seconds; with `download_as`, browsers save it as that.

        They count from `signed_at`, and the same moment makes the same address; from now without.
        """
        ...
