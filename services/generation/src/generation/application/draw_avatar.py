"""Draws a small square of a picture that a person sends in of themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from generation.application.upload_keeper import refusals
from generation.application.uploads_in_hand import UploadsInHand
from generation.domain.errors import UploadBrokenOff
from generation.domain.identifiers import AccountId
from generation.ports.upload_intake import UploadIntake, WholeFile

AVATAR_SIZE_MAX_BYTES = 5 * 1024 * 1024
# The largest comes in it at 350 kbit/s.
COMES_WITHIN_S = 120.0


@dataclass(frozen=True)
class DrawAvatarHandler:
    """Looks at it as at any stranger's file, and keeps nothing: profiles are kept elsewhere.

    Those that come slowly take none of the places of those that are drawn: only what is whole has one.
    """

    intake: UploadIntake
    coming: UploadsInHand
    drawing: UploadsInHand
    comes_within_s: float = COMES_WITHIN_S

    async def __call__(self, account_id: AccountId, content: AsyncIterator[bytes]) -> bytes:
        """Return a WebP of 256 by 256 pixels and at most 64 KiB.

        Raises UnusableMedia, UploadTooLarge, UploadBrokenOff when it takes too long to come, TooManyUploads,
        StorageUnavailable, and whatever reading the content raises.
        """
        with refusals():
            async with self._whole(account_id, content) as file:
                with self.drawing.one_more(account_id):
                    return await self.intake.avatar(file)

    @asynccontextmanager
    async def _whole(self, account_id: AccountId, content: AsyncIterator[bytes]) -> AsyncIterator[WholeFile]:
        async with AsyncExitStack() as held:
            with self.coming.one_more(account_id):
                try:
                    async with asyncio.timeout(self.comes_within_s):
                        file = await held.enter_async_context(
                            self.intake.whole(content, size_bytes_max=AVATAR_SIZE_MAX_BYTES)
                        )
                except TimeoutError:
                    late = f"the file did not come within {self.comes_within_s:.0f} seconds"
                    raise UploadBrokenOff(late) from None
            yield file
