"""Awaits a file that its owner sends straight to the store."""

from dataclasses import dataclass

from generation.application.standing_account import require_standing
from generation.domain.awaited_upload import AwaitedUpload, incoming_key, require_room
from generation.domain.errors import IdempotencyKeyReused, InvalidInput, UploadTooLarge, Violation
from generation.domain.identifiers import AccountId, UploadId
from generation.domain.upload import UploadQuota
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.media_store import MediaStore, SignedForm
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class AwaitUpload:
    """Whose, and how large at most; without a key of the caller's, each command awaits another file."""

    account_id: AccountId
    size_bytes: int
    idempotency_key: str | None = None


@dataclass(frozen=True)
class AwaitUploadHandler:
    """Gives out a form by which one file of that size goes to the store, and nothing else.

    Whatever comes is removed once the time to complete it is over. Raises InvalidInput, UploadTooLarge,
    UploadQuotaReached, TooManyUploads and IdempotencyKeyReused; nothing is awaited then. The same key and
    size get the same id and, as it is signed anew, another form.
    """

    units: UnitsOfWork
    store: MediaStore
    ids: IdSource
    clock: Clock
    quota: UploadQuota
    size_bytes_max: int

    async def __call__(self, command: AwaitUpload) -> tuple[AwaitedUpload, SignedForm, bool]:
        """Return what is awaited, the form, and whether it was awaited before."""
        if command.size_bytes < 1:
            raise InvalidInput([Violation("size_bytes", "must be 1 or more")])
        if command.size_bytes > self.size_bytes_max:
            raise UploadTooLarge(f"the file is larger than {self.size_bytes_max} bytes")
        awaited, is_earlier = await self._awaited(command)
        form = self.store.signed_form(
            awaited.object_key, size_bytes_max=awaited.size_bytes_max, until=awaited.send_by
        )
        return awaited, form, is_earlier

    async def _awaited(self, command: AwaitUpload) -> tuple[AwaitedUpload, bool]:
        awaited = self._new(command)
        async with self.units.of(command.account_id) as work:
            # Several at once must not pass the bounds together.
            await require_standing(work, command.account_id)
            await work.uploads.lock(command.account_id)
            earlier = await work.awaited_uploads.with_key(command.account_id, awaited.idempotency_key)
            if earlier is None:
                self.quota.require(await work.uploads.totals(command.account_id))
                require_room(await work.awaited_uploads.count(command.account_id))
                await work.awaited_uploads.add(awaited)
                await work.deletions.schedule([awaited.object_key], due_at=awaited.complete_by)
        if earlier is None:
            return awaited, False
        if earlier.size_bytes_max != command.size_bytes:
            raise IdempotencyKeyReused("this idempotency key came before with another size")
        return earlier, True

    def _new(self, command: AwaitUpload) -> AwaitedUpload:
        upload_id = UploadId(self.ids.new("upl"))
        return AwaitedUpload(
            upload_id=upload_id,
            account_id=command.account_id,
            object_key=incoming_key(command.account_id, upload_id),
            size_bytes_max=command.size_bytes,
            idempotency_key=command.idempotency_key or upload_id,
            created_at=self.clock.now(),
        )
