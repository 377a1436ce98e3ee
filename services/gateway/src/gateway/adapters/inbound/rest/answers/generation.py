"""A job."""

from typing import Annotated, Any, Self

from gateway.adapters.inbound.rest.answers.answer import (
    Answer,
    Credits,
    GenerationId,
    ModelId,
    Moment,
    shown,
)
from gateway.adapters.inbound.rest.answers.output import Output
from gateway.adapters.inbound.rest.answers.page import Page
from gateway.domain import generation as domain

Progress = Annotated[float, shown(0.5, minimum=0, maximum=1)]
"""From 0 to 1."""


class GenerationError(Answer):
    """Why nothing came out."""

    reason: Annotated[str, shown("PROVIDER_FAILED")]
    """A stable word for programs."""
    detail: Annotated[str, shown("The provider could not run this input.")]
    """For people."""


class GenerationCredits(Answer):
    """What a generation cost."""

    reserved: Credits | None
    """Set aside when it began; null in an event that could not learn it."""
    charged: Annotated[Credits, shown(0)]
    """Kept for what came out."""
    refunded: Annotated[Credits, shown(0)]
    """Returned."""


class Generation(Answer):
    """A job."""

    id: GenerationId
    model: ModelId
    modality: domain.Modality
    """What comes out."""
    status: domain.GenerationStatus
    """Succeeded, failed, cancelled and rejected are final."""
    progress: Progress
    """How far it is, from 0 to 1."""
    input: Annotated[dict[str, Any], shown({"prompt": "a heron"})]
    """What was asked for, by the model's `input_schema`."""
    provider_order: Annotated[list[str], shown([], ["local"])]
    """Providers to try, as the caller ordered them; empty for the model's own order."""
    metadata: Annotated[dict[str, Any], shown({"album": "birds"})]
    """The caller's own, unchanged."""
    outputs: list[Output]
    """Empty until it succeeded, and again once they expired."""
    outputs_kept_until: Moment | None
    """Until when they are kept; null for good."""
    outputs_expired_at: Moment | None
    """When they went; null while they are there."""
    error: GenerationError | None
    """Null unless it failed or was rejected."""
    credits_reserved: Credits
    """The same as `credits.reserved`."""
    credits: GenerationCredits
    cancel_requested: Annotated[bool, shown(False)]
    """Whether it was asked to stop; it may still end in another way."""
    queue_position: Annotated[int | None, shown(None, 3, minimum=1, maximum=101)]
    """Its place among all jobs that wait here or, where that says so, at its provider's: 1 is the next one,
    101 more than a hundred; null once it runs."""
    expected_ready_at: Moment | None
    """When such jobs are done as a rule, while it runs; it may have passed. Null where nobody knows."""
    is_favourite: Annotated[bool, shown(False, True)]
    """Whether its user marked it as a favourite."""
    created_at: Moment
    started_at: Moment | None
    """When a provider began; null before."""
    finished_at: Moment | None
    """When it got its final status; null before."""

    @classmethod
    def of(cls, generation: domain.Generation) -> Self:
        """Show a generation."""
        failure = generation.failure
        return cls(
            id=generation.generation_id,
            model=generation.model_id,
            modality=generation.modality,
            status=generation.status,
            progress=generation.progress,
            input=dict(generation.input),
            provider_order=list(generation.provider_order),
            metadata=dict(generation.metadata),
            outputs=[Output.of(output) for output in generation.outputs],
            outputs_kept_until=generation.outputs_kept_until,
            outputs_expired_at=generation.outputs_expired_at,
            error=GenerationError(reason=failure.reason, detail=failure.detail) if failure else None,
            credits_reserved=generation.credits_reserved,
            credits=GenerationCredits(
                reserved=generation.credits_reserved,
                charged=generation.credits_charged,
                refunded=generation.credits_refunded,
            ),
            cancel_requested=generation.cancel_requested,
            queue_position=generation.queue_position,
            expected_ready_at=generation.expected_ready_at,
            is_favourite=generation.is_favourite,
            created_at=generation.created_at,
            started_at=generation.started_at,
            finished_at=generation.finished_at,
        )


class GenerationPage(Page[Generation]):
    """Some generations, and where the next part begins."""
