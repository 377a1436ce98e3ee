"""Has outputs say where they come from."""

from dataclasses import dataclass

import structlog

from generation.application.provenance_of_job import ProvenanceTeller
from generation.application.start_generation import Job
from generation.ports.content_signer import ContentSigner, SigningFailed
from generation.ports.media_intake import ReceivedMedia
from generation.ports.meter import Meter

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class OutputSigner:
    """Nobody misses an output because it could not be signed: operators see that it was not."""

    signer: ContentSigner
    provenance: ProvenanceTeller
    meter: Meter

    async def signed(self, job: Job, media: ReceivedMedia) -> ReceivedMedia:
        """Return the file to store."""
        try:
            return await self.signer.signed(media, self.provenance.of(job))
        except SigningFailed as failure:
            self.meter.unsigned()
            log.error("output is not signed", attempt_id=job.attempt.attempt_id, error=str(failure))
            return media
