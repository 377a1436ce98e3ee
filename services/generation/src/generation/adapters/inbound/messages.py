"""Domain objects as the contract's messages."""

from collections.abc import Mapping
from typing import Any

from chassis.timestamps import to_timestamp
from google.protobuf.struct_pb2 import Struct
from tintype.generation.v1 import generation_pb2 as pb

from generation.application.create_quote import SignedQuote
from generation.application.read_generations import GenerationView, SignedOutput
from generation.domain.attempt import Attempt
from generation.domain.generation import Generation, Status
from generation.domain.model import Modality, Model
from generation.domain.settlement import Settlement


def model_message(model: Model) -> pb.Model:
    """A model with its schema and price."""
    return pb.Model(
        model_id=model.model_id,
        title=model.title,
        description=model.description,
        modality=modality_value(model.modality),
        category=model.category,
        input_schema=struct(model.input_schema),
        pricing=pb.Pricing(
            unit=model.tariff.unit,
            credits_per_unit=model.tariff.credits,
            summary=model.tariff.summary,
        ),
        providers=[provider.name for provider in model.providers],
    )


def quote_message(quote: SignedQuote) -> pb.CreateQuoteResponse:
    """A quote to carry."""
    return pb.CreateQuoteResponse(
        quote_id=quote.quote_id,
        credits=quote.credits,
        expires_at=to_timestamp(quote.expires_at),
        breakdown=quote.breakdown,
    )


def generation_message(view: GenerationView) -> pb.Generation:
    """A job with its outputs and, where they were read, its attempts."""
    generation = view.generation
    failure = generation.failure
    return pb.Generation(
        generation_id=generation.generation_id,
        account_id=generation.account_id,
        model_id=generation.model_id,
        modality=modality_value(generation.modality),
        status=status_value(generation.status),
        progress=generation.progress,
        input=struct(generation.input),
        provider_order=list(generation.provider_order),
        metadata=struct(generation.metadata),
        outputs=[_output(signed) for signed in view.outputs],
        failure=pb.Failure(reason=failure.reason, detail=failure.detail) if failure else None,
        credits_reserved=generation.credits_reserved,
        credits_charged=generation.credits_charged,
        credits_refunded=generation.credits_refunded,
        reservation_id=generation.reservation_id or "",
        cancel_requested=generation.cancel_requested,
        created_at=to_timestamp(generation.created_at),
        started_at=to_timestamp(generation.started_at),
        finished_at=to_timestamp(generation.finished_at),
        attempts=[_attempt(attempt) for attempt in view.attempts],
    )


def settlement_message(settlement: Settlement) -> pb.GetSettlementResponse:
    """What the ledger should do."""
    return pb.GetSettlementResponse(
        decision=pb.SettlementDecision.Value(f"SETTLEMENT_DECISION_{settlement.decision.name}"),
        charge_credits=settlement.charge_credits,
        reason=settlement.reason or "",
    )


def settled_message(generation: Generation) -> pb.ListSettlementsResponse:
    """One line of the reconciliation."""
    return pb.ListSettlementsResponse(
        generation_id=generation.generation_id,
        account_id=generation.account_id,
        reservation_id=generation.reservation_id or "",
        status=status_value(generation.status),
        charge_credits=generation.credits_charged,
        reserved_credits=generation.credits_reserved,
    )


def status_value(status: Status) -> pb.GenerationStatus.ValueType:
    """The contract's word for a status."""
    return pb.GenerationStatus.Value(f"GENERATION_STATUS_{status.name}")


def modality_value(modality: Modality) -> pb.Modality.ValueType:
    """The contract's word for a modality."""
    return pb.Modality.Value(f"MODALITY_{modality.name}")


def struct(document: Mapping[str, Any]) -> Struct:
    """A JSON object as protobuf."""
    message = Struct()
    message.update(dict(document))
    return message


def _output(signed: SignedOutput) -> pb.Output:
    output = signed.output
    return pb.Output(
        output_id=output.output_id,
        media_type=output.media_type,
        size_bytes=output.size_bytes,
        width=output.width,
        height=output.height,
        duration_s=output.duration_s,
        sha256=output.sha256,
        url=signed.url,
        expires_at=to_timestamp(signed.expires_at),
        download_url=signed.download_url,
        thumbnail_url=signed.thumbnail_url or "",
        incomplete=output.incomplete or "",
    )


def _attempt(attempt: Attempt) -> pb.Attempt:
    return pb.Attempt(
        attempt_id=attempt.attempt_id,
        provider=attempt.provider,
        # Between two tries no worker has it, and nothing runs.
        outcome="waiting" if attempt.not_before else attempt.outcome,
        detail=attempt.detail or "",
        started_at=to_timestamp(attempt.started_at),
        finished_at=to_timestamp(attempt.finished_at),
    )
