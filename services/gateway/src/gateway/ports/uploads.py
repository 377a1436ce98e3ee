"""Pictures that users sent in, as the generation service keeps them."""

from collections.abc import AsyncIterator
from typing import Protocol

from gateway.domain.identifiers import AccountId, UploadId
from gateway.domain.page import Page
from gateway.domain.upload import AwaitedUpload, Upload


class Uploads(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`.

    What is not this account's is not there: NotFound (UPLOAD_NOT_FOUND).
    """

    async def create_upload(
        self, account_id: AccountId, content: AsyncIterator[bytes], *, idempotency_key: str
    ) -> tuple[Upload, bool]:
        """Pass a file on as it comes; return what is kept, and whether it came before under this key.

        Raises whatever reading the content raises, InvalidRequest (UNUSABLE_MEDIA), TooLarge
        (UPLOAD_TOO_LARGE), Conflict (UPLOAD_QUOTA_REACHED), RateLimited (TOO_MANY_UPLOADS) and
        IdempotencyKeyReused; nothing is kept then.
        """
        ...

    async def draw_avatar(self, account_id: AccountId, content: AsyncIterator[bytes]) -> bytes:
        """Return a small square WebP of the middle of a picture, and keep nothing.

        Raises whatever reading the content raises, InvalidRequest (UNUSABLE_MEDIA), TooLarge
        (UPLOAD_TOO_LARGE) and RateLimited (TOO_MANY_UPLOADS).
        """
        ...

    async def await_upload(
        self, account_id: AccountId, *, size_bytes: int, idempotency_key: str
    ) -> tuple[AwaitedUpload, bool]:
        """Return how a file of that size is sent straight to the store, and whether it was asked before.

        Raises InvalidRequest (INVALID_INPUT), TooLarge (UPLOAD_TOO_LARGE), Conflict (UPLOAD_QUOTA_REACHED),
        RateLimited (TOO_MANY_UPLOADS) and IdempotencyKeyReused.
        """
        ...

    async def complete_upload(self, account_id: AccountId, upload_id: UploadId) -> tuple[Upload, bool]:
        """Have what was sent looked at and kept; return it, and whether it was complete before.

        Raises NotFound, Conflict (UPLOAD_NOT_SENT, UPLOAD_QUOTA_REACHED), RateLimited (TOO_MANY_UPLOADS),
        InvalidRequest (UNUSABLE_MEDIA) and TooLarge (UPLOAD_TOO_LARGE): what was sent is gone after the last
        two, and the answer stays.
        """
        ...

    async def upload(self, account_id: AccountId, upload_id: UploadId) -> Upload:
        """Return one. Raises NotFound."""
        ...

    async def uploads(self, account_id: AccountId, *, cursor: str | None, limit: int) -> Page[Upload]:
        """Return a part of this account's, newest first. Raises InvalidRequest for a cursor that is none."""
        ...

    async def delete_upload(self, account_id: AccountId, upload_id: UploadId) -> None:
        """Delete it; generations that were given it still have it. Raises NotFound."""
        ...
