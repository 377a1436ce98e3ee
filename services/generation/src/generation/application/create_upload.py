"""Takes in a picture."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from generation.application.upload_keeper import UploadKeeper, refusals
from generation.application.uploads_in_hand import UploadsInHand
from generation.domain.errors import IdempotencyKeyReused
from generation.domain.identifiers import AccountId
from generation.domain.upload import Upload
from generation.ports.upload_intake import UploadIntake


@dataclass(frozen=True, kw_only=True)
class CreateUpload:
    """Whose, and the file as it comes; without a key of the caller's, each command is a new upload."""

    account_id: AccountId
    content: AsyncIterator[bytes]
    idempotency_key: str | None = None


@dataclass(frozen=True)
class CreateUploadHandler:
    """Looks at the quota, streams the file in, draws it anew, stores it, and then says that it is there.

    Raises UnusableMedia, UploadTooLarge, UploadQuotaReached, TooManyUploads, IdempotencyKeyReused,
    StorageUnavailable, and whatever reading the content raises; nothing is kept then. The same key and bytes
    get the first answer, for as long as the upload is there.
    """

    intake: UploadIntake
    keeper: UploadKeeper
    in_hand: UploadsInHand

    async def __call__(self, command: CreateUpload) -> tuple[Upload, bool]:
        """Return the upload, and whether it is an earlier one."""
        with refusals(), self.in_hand.one_more(command.account_id):
            if earlier := await self._earlier(command):
                return _same(earlier, await self.intake.digest(command.content)), True
            async with self.intake.receive(command.content) as received:
                kept, is_earlier = await self.keeper.keep(
                    command.account_id, received, idempotency_key=command.idempotency_key
                )
                return _same(kept, received.source_sha256), is_earlier

    async def _earlier(self, command: CreateUpload) -> Upload | None:
        """Return what was made under the key; else refuse, before a byte is read, what would be too much."""
        async with self.keeper.units.of(command.account_id) as work:
            if command.idempotency_key is not None:
                earlier = await work.uploads.with_key(command.account_id, command.idempotency_key)
                if earlier is not None:
                    return earlier
            self.keeper.quota.require(await work.uploads.totals(command.account_id))
        return None


def _same(earlier: Upload, source_sha256: str) -> Upload:
    if earlier.source_sha256 != source_sha256:
        raise IdempotencyKeyReused("this idempotency key came before with another file")
    return earlier
