"""Uploads, and which media jobs were given."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from generation.domain.awaited_upload import AwaitedUpload
from generation.domain.identifiers import AccountId, GenerationId, UploadId
from generation.domain.input_media import UsedMedia
from generation.domain.upload import Upload, UploadTotals


class Uploads(Protocol):
    """Pictures that users sent in. One account's transaction sees its own only."""

    async def lock(self, account_id: AccountId) -> None:
        """Let no other transaction add uploads of this account until this one ends."""
        ...

    async def add(self, upload: Upload) -> bool:
        """Store a new one; False, changing nothing, when its account used its key before."""
        ...

    async def get(self, upload_id: UploadId) -> Upload | None:
        """Read one."""
        ...

    async def with_key(self, account_id: AccountId, idempotency_key: str) -> Upload | None:
        """Return the upload that was made under this key."""
        ...

    async def page(self, account_id: AccountId, *, before: UploadId | None, limit: int) -> Sequence[Upload]:
        """Return this account's, newest first, older than `before`."""
        ...

    async def totals(self, account_id: AccountId) -> UploadTotals:
        """Return how many this account has, and what they weigh."""
        ...

    async def use(self, upload_ids: Collection[UploadId], *, now: datetime) -> Sequence[Upload]:
        """Return those of these that are there, with their last use set; they stay until the end."""
        ...

    async def remove(self, upload_id: UploadId) -> None:
        """Forget one; an absent one is no error."""
        ...

    async def remove_unused(self, *, before: datetime, limit: int) -> Sequence[Upload]:
        """Forget those that were made, and last used, before that moment and that no job has; return them.

        A job that is made from one at the same time keeps it.
        """
        ...


class AwaitedUploads(Protocol):
    """Files that users were to send straight to the store. One account's transaction sees its own only."""

    async def add(self, awaited: AwaitedUpload) -> None:
        """Store a new one, under a key that its account did not use for another."""
        ...

    async def get(self, upload_id: UploadId) -> AwaitedUpload | None:
        """Read one."""
        ...

    async def with_key(self, account_id: AccountId, idempotency_key: str) -> AwaitedUpload | None:
        """Return the one that was announced under this key."""
        ...

    async def count(self, account_id: AccountId) -> int:
        """Return how many of this account's there are, ended ones too."""
        ...

    async def save(self, awaited: AwaitedUpload) -> None:
        """Store what became of it, unless something did before."""
        ...

    async def remove_old(self, *, created_before: datetime, limit: int) -> Sequence[str]:
        """Forget those that were announced before that moment; return where each was sent to."""
        ...


class MediaUses(Protocol):
    """Which media jobs were given. What an open job has is not removed from the store (Deletions)."""

    async def add(self, uses: Sequence[UsedMedia]) -> None:
        """Store what a new job was given."""
        ...

    async def of(self, generation_id: GenerationId) -> Sequence[UsedMedia]:
        """Return what a job was given, in order of id."""
        ...

    async def among(self, media_ids: Collection[str]) -> Collection[str]:
        """Return those of these that some job has."""
        ...

    async def remove(self, generation_id: GenerationId) -> None:
        """Forget what a job was given."""
        ...
