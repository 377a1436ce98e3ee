"""Deletes an upload."""

from dataclasses import dataclass

from generation.domain.identifiers import AccountId, UploadId
from generation.domain.upload import own_upload
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class DeleteUploadHandler:
    """Forgets it and queues its objects for removal; a job that was given it before still gets it.

    Raises UploadNotFound, also the second time.
    """

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, account_id: AccountId, upload_id: UploadId) -> None:
        async with self.units.of(account_id) as work:
            upload = own_upload(await work.uploads.get(upload_id), account_id)
            await work.uploads.remove(upload_id)
            await work.deletions.schedule(upload.object_keys, due_at=self.clock.now())
