"""Accepts a job whose picture is shown, to whoever asks for it, while it is made."""

from dataclasses import dataclass, replace

from generation.application.create_generation import CreateGeneration, CreateGenerationHandler, refused
from generation.application.show_previews import Showing
from generation.application.start_generation import Job
from generation.application.start_in_call import InCallStarter
from generation.domain.errors import InvalidInput, PreviewsNotOffered, Violation
from generation.domain.generation import Generation, Status
from generation.domain.previews import PREVIEWS_MAX
from generation.ports.catalogue import Catalogue
from generation.ports.media_intake import MediaIntake


@dataclass(frozen=True, kw_only=True)
class PreviewGeneration:
    """The command: what is to be made, and how often it is shown before it is whole, at most."""

    wanted: CreateGeneration
    previews_max: int


@dataclass(frozen=True)
class Accepted:
    """A job, as it is once its credits are held; `job` where it is to be run here, with somebody watching."""

    generation: Generation
    is_earlier: bool
    job: Job | None = None
    showing: Showing | None = None


@dataclass(frozen=True)
class PreviewGenerationHandler:
    """Commits the job as CreateGeneration does, asks the ledger, then leases it to this process.

    It is a job like any other: it is charged, tried again, taken over and cancelled as those of workers are.
    Raises what CreateGenerationHandler raises, and PreviewsNotOffered: nothing is stored then.
    """

    create: CreateGenerationHandler
    catalogue: Catalogue
    start: InCallStarter
    intake: MediaIntake
    # Those that show what they make before it is whole.
    providers: frozenset[str]

    async def __call__(self, command: PreviewGeneration) -> Accepted:
        """Return the job; under a known key it is the earlier one, of which nothing is shown once it runs."""
        self._require_previews(command)
        shown = replace(command.wanted, previews_max=command.previews_max)
        generation, is_earlier = await self.create.store(shown)
        if generation.previews is None:
            # It was asked for without previews before, and is a worker's.
            return Accepted(*await self.create(command.wanted))
        if generation.status is Status.REJECTED:
            raise refused(generation, replayed=True)
        if generation.status not in (Status.RESERVING, Status.QUEUED):
            return Accepted(generation, is_earlier)
        model = self.catalogue.model(generation.model_id)
        begun = await self.start.start(generation, model)
        if not isinstance(begun, Job):
            if begun.status is Status.REJECTED:
                raise refused(begun, replayed=False)
            return Accepted(begun, is_earlier)
        begun.showing = Showing(self.intake, generation.previews.most)
        return Accepted(begun.generation, is_earlier, begun, begun.showing)

    def _require_previews(self, command: PreviewGeneration) -> None:
        if not 1 <= command.previews_max <= PREVIEWS_MAX:
            raise InvalidInput([Violation("previews_max", f"is 1 to {PREVIEWS_MAX}")])
        model = self.catalogue.model(command.wanted.model_id)
        if not self.providers.intersection(model.order(command.wanted.provider_order)):
            raise PreviewsNotOffered(f"nobody who runs {model.model_id} shows previews")
