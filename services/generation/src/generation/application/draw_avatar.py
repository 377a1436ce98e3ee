"""Draws a small square of a picture that a person sends in of themselves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from generation.application.upload_keeper import refusals
from generation.application.uploads_in_hand import UploadsInHand
from generation.domain.identifiers import AccountId
from generation.ports.upload_intake import UploadIntake

AVATAR_SIZE_MAX_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True)
class DrawAvatarHandler:
    """Looks at it as at any stranger's file, and keeps nothing: profiles are kept elsewhere."""

    intake: UploadIntake
    in_hand: UploadsInHand

    async def __call__(self, account_id: AccountId, content: AsyncIterator[bytes]) -> bytes:
        """Return a WebP of 256 by 256 pixels and at most 64 KiB.

        Raises UnusableMedia, UploadTooLarge, TooManyUploads, StorageUnavailable, and whatever reading the
        content raises.
        """
        with refusals(), self.in_hand.one_more(account_id):
            return await self.intake.avatar(content, size_bytes_max=AVATAR_SIZE_MAX_BYTES)
