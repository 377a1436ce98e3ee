"""Domain objects as the contract's messages."""

from chassis.timestamps import to_timestamp
from tintype.generation.v1 import generation_pb2 as pb

from generation.adapters.inbound.named_fields import Named, struct
from generation.application.create_quote import SignedQuote
from generation.application.read_collections import CollectionView
from generation.application.read_generations import GenerationView, SignedOutput
from generation.application.read_models import ModelView
from generation.application.read_shares import SharedView
from generation.domain.attempt import Attempt
from generation.domain.collection import Collection
from generation.domain.generation import Generation, Status
from generation.domain.model import Modality
from generation.domain.model_statistics import RunStatistics
from generation.domain.output import Output
from generation.domain.settlement import Settlement
from generation.domain.share import Share

# Named alike in domain and contract: every field is in the message, or here.
GENERATION = Named(
    pb.Generation,
    Generation,
    made={"outputs", "failure", "attempts", "queue_position", "expected_ready_at"},
    hidden={
        "price",
        "provider_place",
        "idempotency_key",
        "fingerprint",
        "deadline_at",
        "available_credits",
        "deleted_at",
        "purge_at",
        "key",
        "is_interactive",
        "previews",
    },
)
OUTPUT = Named(
    pb.Output,
    Output,
    made={"url", "download_url", "thumbnail_url", "expires_at", "signature"},
    hidden={
        "generation_id",
        "account_id",
        "position",
        "object_key",
        "thumbnail_key",
        "answer_key",
        "expired_at",
        "is_inline",
        "content",
        "answer",
    },
)
SHARE = Named(pb.Share, Share, hidden={"generation_id", "account_id", "token_hash"})
ATTEMPT = Named(
    pb.Attempt,
    Attempt,
    made={"outcome"},
    hidden={
        "generation_id",
        "account_id",
        "number",
        "worker",
        "lease_until",
        "run_id",
        "reason",
        "not_before",
        "submitted",
        "tries",
        # Between us and the provider.
        "cost",
        "output_count",
        "tokens",
    },
)
COLLECTION = Named(pb.Collection, Collection, made={"generation_count", "cover"}, hidden={"account_id"})


def model_message(view: ModelView) -> pb.Model:
    """Return a model with its schema, its price and how long it takes."""
    model = view.model
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
            per_units=model.tariff.per_units,
            summary=model.tariff.summary,
            tiers=[pb.PriceTier(credits_per_unit=t.credits, when=t.words) for t in model.tariff.tiers],
        ),
        providers=[provider.name for provider in model.providers],
        stand_ins=view.stand_ins,
        median_duration_s=view.median_duration_s,
        requires=model.requires or "",
        is_usable=view.is_usable,
        last_day=pb.ModelStatistics(
            overall=_runs(view.last_day.overall),
            providers=[
                pb.ProviderStatistics(provider=name, runs=_runs(runs))
                for name, runs in view.last_day.providers.items()
            ],
        ),
    )


def _runs(statistics: RunStatistics) -> pb.RunStatistics:
    return pb.RunStatistics(
        success_rate=statistics.success_rate, median_duration_s=statistics.median_duration_s
    )


def quote_message(quote: SignedQuote) -> pb.CreateQuoteResponse:
    """Return a quote to carry."""
    return pb.CreateQuoteResponse(
        quote_id=quote.quote_id,
        credits=quote.credits,
        expires_at=to_timestamp(quote.expires_at),
        breakdown=quote.breakdown,
        lines=[
            pb.PriceLine(
                quantity=line.quantity,
                unit=line.unit,
                credits_per_unit=line.credits_per_unit,
                per_units=line.per_units,
                credits=line.credits,
                tier=line.tier,
            )
            for line in quote.lines
        ],
    )


def generation_message(view: GenerationView) -> pb.Generation:
    """Return a job with its outputs and, where they were read, its attempts."""
    failure, ready_at = view.generation.failure, view.standing.expected_ready_at
    return GENERATION.message(
        view.generation,
        outputs=[_output(signed) for signed in view.outputs],
        failure=pb.Failure(reason=failure.reason, detail=failure.detail) if failure else None,
        attempts=[_attempt(attempt) for attempt in view.attempts],
        queue_position=view.standing.queue_position,
        expected_ready_at=to_timestamp(ready_at) if ready_at else None,
    )


def shared_message(view: SharedView) -> pb.GetSharedResponse:
    """Return what a link leads to."""
    return pb.GetSharedResponse(
        modality=modality_value(view.modality),
        prompt=view.prompt or "",
        outputs=[_output(signed) for signed in view.outputs],
        expires_at=to_timestamp(view.expires_at),
    )


def collection_message(view: CollectionView) -> pb.Collection:
    """Return a collection with its cover, where it has one."""
    return COLLECTION.message(
        view.collection,
        generation_count=view.generation_count,
        cover=_output(view.cover) if view.cover else None,
    )


def settlement_message(settlement: Settlement) -> pb.GetSettlementResponse:
    """Return what the ledger should do."""
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
    """Return the contract's word for a status."""
    return pb.GenerationStatus.Value(f"GENERATION_STATUS_{status.name}")


def modality_value(modality: Modality) -> pb.Modality.ValueType:
    """Return the contract's word for a modality."""
    return pb.Modality.Value(f"MODALITY_{modality.name}")


def _output(signed: SignedOutput) -> pb.Output:
    return OUTPUT.message(
        signed.output,
        url=signed.url,
        download_url=signed.download_url,
        thumbnail_url=signed.thumbnail_url,
        expires_at=to_timestamp(signed.expires_at),
        signature=signed.signature,
    )


def _attempt(attempt: Attempt) -> pb.Attempt:
    # Between two tries no worker has it, and nothing runs.
    return ATTEMPT.message(attempt, outcome="waiting" if attempt.not_before else attempt.outcome)
