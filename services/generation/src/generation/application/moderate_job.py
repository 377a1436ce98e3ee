"""Asks whether a job may be made, before any provider hears of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from generation.application.follow_run import Postponed
from generation.application.start_generation import Job
from generation.domain.errors import UnknownModel
from generation.domain.generation import Failure, Generation
from generation.domain.moderation import refusal, texts_of
from generation.ports.catalogue import Catalogue
from generation.ports.clock import Clock
from generation.ports.meter import Meter, Verdict
from generation.ports.moderation import Moderation, ModerationUnavailable

UNASKED = Failure("MODERATION_UNAVAILABLE", "whether this may be made could not be asked in time")
ASK_AGAIN_S = 5.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class JobModerator:
    """`is_open`: what nobody can say anything about is made; else it waits until somebody can."""

    moderation: Moderation | None
    catalogue: Catalogue
    clock: Clock
    meter: Meter
    is_open: bool = False

    async def refusal(self, job: Job) -> Failure | None:
        """Return why the job is not to be made. Raises Postponed.

        A run that is known was asked about before it was submitted.
        """
        if self.moderation is None or job.attempt.run_id is not None:
            return None
        return await self.refusal_of(self._texts(job.generation))

    async def refusal_of(self, texts: Sequence[str]) -> Failure | None:
        """Return why what these say is not to be made. Raises Postponed."""
        if self.moderation is None or not texts:
            return None
        try:
            categories = await self.moderation.refused(texts)
        except ModerationUnavailable as away:
            self.meter.moderated(Verdict.AWAY)
            log.warning("moderation is away", error=str(away))
            if self.is_open:
                return None
            pause = timedelta(seconds=max(ASK_AGAIN_S, away.retry_after_s or 0))
            raise Postponed(self.clock.now() + pause, UNASKED) from away
        self.meter.moderated(Verdict.REFUSED if categories else Verdict.PASSED)
        return refusal(categories) if categories else None

    def _texts(self, generation: Generation) -> list[str]:
        try:
            schema = self.catalogue.model(generation.model_id).input_schema
        except UnknownModel:
            schema = {}
        return list(texts_of(generation.input, schema))
