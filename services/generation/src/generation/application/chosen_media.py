"""Which media a new job is made from."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generation.domain.errors import InvalidInput, Violation
from generation.domain.generation import Generation
from generation.domain.identifiers import AccountId, MediaId, OutputId, UploadId
from generation.domain.input_media import Reference, UsedMedia, references
from generation.domain.model import Model
from generation.domain.output import Output
from generation.domain.upload import Upload
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitOfWork

_ID = re.compile(r"(upl|out)_[0-9a-f]{32}")
# In one way, whether it never was, is gone, or is another user's.
ABSENT = "is none of your uploads, nor of your generations' outputs"


@dataclass(frozen=True)
class MediaChooser:
    """Finds what an input names among its account's own uploads and outputs, and has it kept for the job."""

    clock: Clock

    async def chosen(self, work: UnitOfWork, model: Model, job: Generation) -> Sequence[UsedMedia]:
        """Return each file once. Raises InvalidInput, which names every field that is wrong."""
        named = references(model.input_schema, job.input)
        media_ids = sorted({each.media_id for each in named})
        found = await self._found(work, job.account_id, media_ids)
        if wrong := [problem for each in named if (problem := _problem(each, found))]:
            raise InvalidInput(wrong)
        return [_use(job, media_id, found[media_id]) for media_id in media_ids]

    async def _found(
        self, work: UnitOfWork, account_id: AccountId, media_ids: Iterable[MediaId]
    ) -> Mapping[MediaId, Upload | Output]:
        known = [media_id for media_id in media_ids if _ID.fullmatch(media_id)]
        upload_ids = [UploadId(media_id) for media_id in known if media_id.startswith("upl_")]
        output_ids = [OutputId(media_id) for media_id in known if media_id.startswith("out_")]
        found: dict[MediaId, Upload | Output] = {}
        if upload_ids:
            uploads = await work.uploads.use(upload_ids, now=self.clock.now())
            found |= {MediaId(upload.upload_id): upload for upload in uploads}
        if output_ids:
            outputs = await work.outputs.with_ids(output_ids)
            # Locked: a deletion at the same time would queue a file for removal that this job is given.
            there = await work.generations.lock_present({output.generation_id for output in outputs})
            outputs = [output for output in outputs if output.generation_id in there]
            found |= {MediaId(output.output_id): output for output in outputs}
        return {media_id: media for media_id, media in found.items() if media.account_id == account_id}


def _problem(named: Reference, found: Mapping[MediaId, Upload | Output]) -> Violation | None:
    media = found.get(named.media_id)
    if media is None:
        return Violation(named.path, ABSENT)
    if not named.field.kind.admits(media.media_type):
        plain = media.media_type.partition(";")[0]
        return Violation(named.path, f"is of the type {plain}; this field takes {named.field.kind.words}")
    return None


def _use(job: Generation, media_id: MediaId, media: Any) -> UsedMedia:
    return UsedMedia(
        generation_id=job.generation_id,
        media_id=media_id,
        account_id=job.account_id,
        object_key=media.object_key,
        media_type=media.media_type,
        size_bytes=media.size_bytes,
    )
