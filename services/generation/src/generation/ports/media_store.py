"""Keeps outputs."""

from typing import Protocol

from generation.ports.media_intake import ReceivedMedia


class StoreUnavailable(Exception):
    """The store did not answer; the same call may be made again."""


class MediaStore(Protocol):
    """Private object storage: nobody reads an object without a signed address."""

    async def put(self, key: str, media: ReceivedMedia) -> None:
        """Store the file. Idempotent. Raises StoreUnavailable."""
        ...

    async def remove(self, key: str) -> None:
        """Remove the object; an absent one is no error. Raises StoreUnavailable."""
        ...

    def signed_url(self, key: str, *, ttl_s: int, download_as: str | None = None) -> str:
        """Return an address good for `ttl_s` seconds; with `download_as`, browsers save it as that."""
        ...
