"""Generation in memory: real JSON Schema, jobs that move when they are told to."""

import secrets
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from jsonschema import Draft202012Validator

from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.adapters.outbound.memory.library_page import library_page
from gateway.domain.errors import (
    Conflict,
    FieldProblem,
    Forbidden,
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidRequest,
    NotFound,
)
from gateway.domain.generation import (
    EVERY_GENERATION,
    QUEUE_COUNTED_MAX,
    Document,
    Generation,
    GenerationStatus,
    LibraryFilter,
    Modality,
    Model,
    NewGeneration,
    Output,
    Pricing,
    Quote,
)
from gateway.domain.identifiers import AccountId, CollectionId, GenerationId, ModelId, OutputId, QuoteId
from gateway.domain.page import Page
from gateway.domain.usage import ModelUsage
from gateway.ports.clock import Clock


def _model(name: str, modality: Modality, unit: str, credits_per_unit: int, **more: Any) -> Model:
    return Model(
        model_id=ModelId(f"local/{name}"),
        title=name.title(),
        description="Drawn on this machine.",
        modality=modality,
        category=f"text-to-{modality.value}",
        input_schema={
            "type": "object",
            "additionalProperties": False,
            "required": ["prompt"],
            "properties": {
                "prompt": {"type": "string", "title": "Prompt", "minLength": 3, "maxLength": 1000},
                "ratio": {"type": "string", "enum": ["1:1", "16:9", "9:16"], "default": "1:1"},
                "output_count": {"type": "integer", "minimum": 1, "maximum": 4, "default": 1},
                "seed": {"type": "integer", "minimum": 0, "maximum": 2147483647},
                **more,
            },
        },
        pricing=Pricing(
            unit=unit,
            credits_per_unit=credits_per_unit,
            summary=f"{credits_per_unit} credits {'an' if unit == 'image' else 'a'} {unit}",
        ),
        providers=("local",),
    )


MODELS = (
    _model("sketch", Modality.IMAGE, "image", 5),
    _model(
        "motion",
        Modality.VIDEO,
        "second",
        25,
        duration_s={"type": "integer", "minimum": 1, "maximum": 12, "default": 3},
    ),
)


@dataclass
class MemoryGenerations:
    """Implements Generations on a MemoryLedger."""

    clock: Clock
    ledger: MemoryLedger
    jobs: dict[str, Generation] = field(default_factory=dict)
    # Hidden, and until when it can be shown again.
    discarded: dict[str, datetime] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[NewGeneration, str]] = field(default_factory=dict)
    refusals: dict[str, InsufficientCredits] = field(default_factory=dict)
    charged: list[Generation] = field(default_factory=list)
    failure: Exception | None = None
    """Raised in place of a sum, as when the service is away."""
    quotes: dict[str, tuple[str, str, dict[str, Any]]] = field(default_factory=dict)
    # What each account's collections hold.
    collected: dict[tuple[AccountId, CollectionId], set[GenerationId]] = field(default_factory=dict)
    # Seconds that jobs take, by model, where that is known.
    medians_s: dict[str, float] = field(default_factory=dict)

    # What models require, by model, and what plans open, by account.
    requires: dict[str, str] = field(default_factory=dict)
    entitlements: dict[str, set[str]] = field(default_factory=dict)

    async def models(self, account_id: AccountId | None = None) -> Sequence[Model]:
        """See Generations."""
        opened = self.entitlements.get(account_id or "", set())
        return [
            replace(
                model,
                median_duration_s=self.medians_s.get(model.model_id),
                requires=(word := self.requires.get(model.model_id)),
                is_usable=(word is None or word in opened) if account_id else None,
            )
            for model in MODELS
        ]

    async def model(self, model_id: ModelId, account_id: AccountId | None = None) -> Model:
        """See Generations."""
        for model in await self.models(account_id):
            if model.model_id == model_id:
                return model
        raise NotFound("There is no such model.", reason="UNKNOWN_MODEL")

    async def quote(self, account_id: AccountId, *, model_id: ModelId, job: Document) -> Quote:
        """See Generations."""
        model = await self.model(model_id)
        _check(model, job)
        price = _price(model, job)
        quote_id = secrets.token_urlsafe(16)
        self.quotes[quote_id] = (account_id, model_id, dict(job))
        return Quote(
            quote_id=QuoteId(quote_id),
            credits=price,
            expires_at=self.clock.now() + timedelta(minutes=10),
            breakdown=model.pricing.summary,
        )

    async def create(self, account_id: AccountId, new: NewGeneration) -> tuple[Generation, bool]:
        """See Generations."""
        if known := self.keys.get((account_id, new.idempotency_key)):
            if known[0] != new:
                raise IdempotencyKeyReused("The key came before with another body.")
            if known[1] in self.refusals:
                raise replayed(self.refusals[known[1]])
            return self._seen(self.jobs[known[1]]), True
        model = await self.model(new.model_id, account_id)
        _check(model, new.input)
        if not model.is_usable:
            detail = f"{model.title} is for plans with {model.requires!r}, and yours is none of them"
            raise Forbidden(detail, reason="ENTITLEMENT_REQUIRED")
        if new.quote_id and self.quotes.get(new.quote_id) != (account_id, new.model_id, dict(new.input)):
            raise InvalidRequest("The quote is not for this input.", reason="INVALID_QUOTE")
        generation = self._stored(account_id, model, new)
        self.keys[account_id, new.idempotency_key] = (new, generation.generation_id)
        try:
            reservation = self.ledger.reserve(
                account_id, generation.credits_reserved, generation.generation_id
            )
        except InsufficientCredits as refusal:
            refusal.decided_at = self.clock.now().isoformat()
            self.refusals[generation.generation_id] = refusal
            self._change(generation.generation_id, status=GenerationStatus.REJECTED, credits_reserved=0)
            raise
        made = self._change(generation.generation_id, reservation_id=reservation.reservation_id)
        return self._seen(made), False

    async def generation(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        """See Generations."""
        found = self.jobs.get(generation_id)
        if found is None or found.account_id != account_id or generation_id in self.discarded:
            raise NotFound("There is no such generation.")
        return self._seen(found)

    async def page(
        self,
        account_id: AccountId,
        *,
        wanted: LibraryFilter = EVERY_GENERATION,
        cursor: str | None,
        limit: int,
    ) -> Page[Generation]:
        """See Generations."""
        own = [
            self._seen(job)
            for job in reversed(self.jobs.values())
            if job.account_id == account_id and job.generation_id not in self.discarded
        ]
        held = None
        if wanted.collection_id is not None:
            held = self.collected.get((account_id, wanted.collection_id))
            if held is None:
                raise NotFound("There is no such collection.", reason="COLLECTION_NOT_FOUND")
        return library_page(own, wanted, held=held, cursor=cursor, limit=limit)

    async def mark_favourite(
        self, account_id: AccountId, generation_id: GenerationId, *, is_favourite: bool
    ) -> Generation:
        """See Generations."""
        await self.generation(account_id, generation_id)
        return self._change(generation_id, is_favourite=is_favourite)

    async def cancel(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        """See Generations."""
        job = await self.generation(account_id, generation_id)
        if job.status is GenerationStatus.CANCELLED:
            return job
        if job.status.is_final:
            raise Conflict("It had ended already.", reason="GENERATION_FINISHED")
        return self.finish(generation_id, GenerationStatus.CANCELLED)

    async def delete(self, account_id: AccountId, generation_id: GenerationId) -> None:
        """See Generations."""
        job = await self.generation(account_id, generation_id)
        if not job.status.is_final:
            raise Conflict("It is still running.", reason="GENERATION_RUNNING")
        del self.jobs[generation_id]
        self.discarded.pop(generation_id, None)

    async def discard(self, account_id: AccountId, generation_id: GenerationId) -> datetime:
        """See Generations."""
        if known := self._discarded(account_id, generation_id):
            return known
        job = await self.generation(account_id, generation_id)
        if not job.status.is_final:
            raise Conflict("It is still running.", reason="GENERATION_RUNNING")
        self.discarded[generation_id] = self.clock.now() + timedelta(minutes=10)
        return self.discarded[generation_id]

    async def restore(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        """See Generations."""
        if self._discarded(account_id, generation_id):
            del self.discarded[generation_id]
        return await self.generation(account_id, generation_id)

    def _discarded(self, account_id: AccountId, generation_id: GenerationId) -> datetime | None:
        """Return until when it can be restored."""
        until = self.discarded.get(generation_id)
        is_own = until and self.jobs[generation_id].account_id == account_id
        return until if is_own and until and until > self.clock.now() else None

    async def usage(self, account_id: AccountId, *, bounds: Sequence[datetime]) -> Sequence[ModelUsage]:
        """See Generations."""
        if self.failure:
            raise self.failure
        if not 2 <= len(bounds) <= 400 or any(later <= earlier for earlier, later in pairwise(bounds)):
            raise InvalidRequest("The bounds must be 2 to 400 that grow.", reason="INVALID_INPUT")
        costs: dict[tuple[int, ModelId], list[int]] = {}
        for job in self.charged:
            if job.account_id == account_id and job.finished_at:
                period = bisect_right(bounds, job.finished_at) - 1
                costs.setdefault((period, job.model_id), []).append(job.credits_charged)
        return [
            ModelUsage(period=period, model_id=model_id, credits=sum(each), generations=len(each))
            for (period, model_id), each in sorted(costs.items())
            if 0 <= period < len(bounds) - 1
        ]

    def finish(self, generation_id: GenerationId, status: GenerationStatus) -> Generation:
        """End a job as the worker does: with an output and a charge, or with a refund."""
        job = self.jobs[generation_id]
        succeeded = status is GenerationStatus.SUCCEEDED
        charged = job.credits_reserved if succeeded else 0
        self.ledger.settle(generation_id, charged_credits=charged)
        ended = self._change(
            generation_id,
            status=status,
            progress=1.0 if succeeded else job.progress,
            outputs=(self._output(),) if succeeded else (),
            credits_charged=charged,
            credits_refunded=job.credits_reserved - charged,
            finished_at=self.clock.now(),
        )
        if charged:
            self.charged.append(ended)
        return ended

    def _stored(self, account_id: AccountId, model: Model, new: NewGeneration) -> Generation:
        generation = Generation(
            generation_id=GenerationId(f"gen_{secrets.token_hex(16)}"),
            account_id=account_id,
            model_id=model.model_id,
            modality=model.modality,
            status=GenerationStatus.QUEUED,
            input=new.input,
            provider_order=new.provider_order,
            metadata=new.metadata,
            credits_reserved=_price(model, new.input),
            created_at=self.clock.now(),
        )
        self.jobs[generation.generation_id] = generation
        return generation

    def _seen(self, job: Generation) -> Generation:
        """Return a job with its place among everybody's, or with the time at which it should be done."""
        if job.status is GenerationStatus.QUEUED:
            queue = [other.generation_id for other in self.jobs.values() if other.status is job.status]
            place = min(queue.index(job.generation_id), QUEUE_COUNTED_MAX) + 1
            return replace(job, queue_position=place)
        usual_s = self.medians_s.get(job.model_id)
        if job.status is GenerationStatus.PROCESSING and job.started_at and usual_s is not None:
            return replace(job, expected_ready_at=job.started_at + timedelta(seconds=usual_s))
        return job

    def start(self, generation_id: GenerationId) -> Generation:
        """Give a job to a worker."""
        return self._change(generation_id, status=GenerationStatus.PROCESSING, started_at=self.clock.now())

    def _change(self, generation_id: GenerationId, **changes: Any) -> Generation:
        self.jobs[generation_id] = replace(self.jobs[generation_id], **changes)
        return self.jobs[generation_id]

    def _output(self) -> Output:
        output_id = f"out_{secrets.token_hex(16)}"
        return Output(
            output_id=OutputId(output_id),
            media_type="image/png",
            size_bytes=1024,
            width=512,
            height=512,
            duration_s=0.0,
            sha256="0" * 64,
            url=f"https://media.example/{output_id}?signature=x",
            download_url=f"https://media.example/{output_id}?signature=x&download=1",
            expires_at=self.clock.now() + timedelta(minutes=15),
            blurhash="LxH14G2ZwxW=mtWWjtf7g0fjfQfj",
            thumbnail_url=f"https://media.example/{output_id}.thumbnail?signature=x",
        )


def _check(model: Model, job: Document) -> None:
    broken = [
        FieldProblem(".".join(map(str, error.absolute_path)) or "input", error.message[:200])
        for error in Draft202012Validator(model.input_schema).iter_errors(dict(job))
    ]
    if broken:
        raise InvalidRequest("The input breaks the model's schema.", reason="INVALID_INPUT", fields=broken)


def _price(model: Model, job: Document) -> int:
    units = job.get("duration_s", 3) if model.pricing.unit == "second" else 1
    return int(model.pricing.credits_per_unit * units * job.get("output_count", 1))


def replayed(refusal: InsufficientCredits) -> InsufficientCredits:
    """Return the same decision, told again."""
    return InsufficientCredits(
        refusal.detail,
        balance_credits=refusal.balance_credits,
        required_credits=refusal.required_credits,
        generation_id=refusal.generation_id,
        decided_at=refusal.decided_at,
        replayed=True,
    )
