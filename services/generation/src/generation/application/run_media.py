"""The media that a job was given, as its provider gets them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from generation.domain.generation import Generation
from generation.domain.identifiers import MediaId
from generation.domain.input_media import UsedMedia, media_fields
from generation.domain.model import Model
from generation.ports.media_provider import InputMedia, MediaUnreadable
from generation.ports.media_store import MediaStore, StoreUnavailable
from generation.ports.unit_of_work import UnitsOfWork

# A provider may fetch what it was given until its run ends, and its clock may differ.
BEYOND_DEADLINE = timedelta(minutes=15)


@dataclass(frozen=True)
class StoredMedia:
    """A file in the store; implements InputMedia."""

    used: UsedMedia
    url: str
    store: MediaStore

    @property
    def media_type(self) -> str:
        """See InputMedia."""
        return self.used.media_type

    @property
    def size_bytes(self) -> int:
        """See InputMedia."""
        return self.used.size_bytes

    async def read(self) -> bytes:
        """See InputMedia."""
        try:
            return await self.store.read(self.used.object_key, size_bytes_max=self.used.size_bytes)
        except StoreUnavailable as away:
            raise MediaUnreadable(str(away)) from away


@dataclass(frozen=True)
class RunMedia:
    """Signs what a job was given, the same each time: a submit that is repeated is the same request."""

    units: UnitsOfWork
    store: MediaStore

    async def of(self, model: Model, job: Generation) -> Mapping[MediaId, InputMedia]:
        """Return them by id; no transaction is opened for a model that takes none."""
        if not media_fields(model.input_schema):
            return {}
        async with self.units.of_system() as work:
            given = await work.media_uses.of(job.generation_id)
        return {used.media_id: StoredMedia(used, self._url(job, used), self.store) for used in given}

    def _url(self, job: Generation, used: UsedMedia) -> str:
        signed_at = (job.started_at or job.created_at).replace(microsecond=0)
        ttl = job.deadline_at - signed_at + BEYOND_DEADLINE
        return self.store.signed_url(used.object_key, ttl_s=int(ttl.total_seconds()), signed_at=signed_at)
