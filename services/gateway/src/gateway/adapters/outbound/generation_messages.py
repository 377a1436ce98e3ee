"""Generation's messages as our own objects."""

from chassis.timestamps import moment, to_datetime
from tintype.generation.v1 import generation_pb2 as pb

from gateway.adapters.outbound.wire import document
from gateway.domain.generation import (
    Attempt,
    Failure,
    Generation,
    GenerationStatus,
    Modality,
    Model,
    Output,
    Pricing,
)

STATUSES = {
    # To users a job whose credits are being reserved is queued already.
    pb.GENERATION_STATUS_RESERVING: GenerationStatus.QUEUED,
    **{pb.GenerationStatus.Value(f"GENERATION_STATUS_{one.name}"): one for one in GenerationStatus},
}
MODALITIES = {pb.Modality.Value(f"MODALITY_{one.name}"): one for one in Modality}


def model(message: pb.Model) -> Model:
    """A model on offer."""
    return Model(
        model_id=message.model_id,
        title=message.title,
        description=message.description,
        modality=MODALITIES[message.modality],
        category=message.category,
        input_schema=document(message.input_schema),
        pricing=Pricing(
            unit=message.pricing.unit,
            credits_per_unit=message.pricing.credits_per_unit,
            summary=message.pricing.summary,
        ),
        providers=tuple(message.providers),
    )


def generation(message: pb.Generation) -> Generation:
    """A job."""
    failure = message.failure
    return Generation(
        generation_id=message.generation_id,
        account_id=message.account_id,
        model_id=message.model_id,
        modality=MODALITIES[message.modality],
        status=STATUSES[message.status],
        progress=message.progress,
        input=document(message.input),
        provider_order=tuple(message.provider_order),
        metadata=document(message.metadata),
        outputs=tuple(_output(one) for one in message.outputs),
        failure=Failure(reason=failure.reason, detail=failure.detail)
        if message.HasField("failure")
        else None,
        credits_reserved=message.credits_reserved,
        credits_charged=message.credits_charged,
        credits_refunded=message.credits_refunded,
        reservation_id=message.reservation_id or None,
        cancel_requested=message.cancel_requested,
        created_at=to_datetime(message.created_at),
        started_at=moment(message, "started_at"),
        finished_at=moment(message, "finished_at"),
        attempts=tuple(_attempt(one) for one in message.attempts),
    )


def _output(message: pb.Output) -> Output:
    return Output(
        output_id=message.output_id,
        media_type=message.media_type,
        size_bytes=message.size_bytes,
        width=message.width,
        height=message.height,
        duration_s=message.duration_s,
        sha256=message.sha256,
        url=message.url,
        download_url=message.download_url,
        expires_at=to_datetime(message.expires_at),
        thumbnail_url=message.thumbnail_url or None,
        incomplete=message.incomplete or None,
    )


def _attempt(message: pb.Attempt) -> Attempt:
    return Attempt(
        attempt_id=message.attempt_id,
        provider=message.provider,
        outcome=message.outcome,
        detail=message.detail,
        started_at=moment(message, "started_at"),
        finished_at=moment(message, "finished_at"),
    )
