"""Generation in memory: jobs that move when they are told to."""

import secrets
from datetime import datetime, timedelta

from gateway.adapters.outbound.memory.library_page import library_page
from gateway.adapters.outbound.memory.models import MemoryModels, check_input, price_of
from gateway.adapters.outbound.memory.usage import MemoryUsage
from gateway.adapters.outbound.memory.worker import MemoryWorker
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
    Document,
    Generation,
    GenerationStatus,
    LibraryFilter,
    Model,
    NewGeneration,
)
from gateway.domain.identifiers import AccountId, GenerationId
from gateway.domain.page import Page


class MemoryGenerations(MemoryModels, MemoryUsage, MemoryWorker):
    """Implements Generations on a MemoryLedger."""

    async def create(self, account_id: AccountId, new: NewGeneration) -> tuple[Generation, bool]:
        """See Generations."""
        if known := self.keys.get((account_id, new.idempotency_key)):
            if known[0] != new:
                raise IdempotencyKeyReused("The key came before with another body.")
            if known[1] in self.refusals:
                raise replayed(self.refusals[known[1]])
            return self._seen(self.jobs[known[1]]), True
        model = await self.model(new.model_id, account_id)
        check_input(model, new.input)
        self._check_media(account_id, model, new.input)
        if not model.is_usable:
            detail = f"{model.title} is for plans with {model.requires!r}, and yours is none of them"
            raise Forbidden(detail, reason="ENTITLEMENT_REQUIRED")
        if new.quote_id and self.quotes.get(new.quote_id) != (account_id, new.model_id, dict(new.input)):
            raise InvalidRequest("The quote is not for this input.", reason="INVALID_QUOTE")
        self._require_room(model, new)
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
        if self.ends_at_once is not None:
            made = self.finish(made.generation_id, self.ends_at_once)
        return self._seen(made), False

    def _require_room(self, model: Model, new: NewGeneration) -> None:
        """Raise Forbidden where its key may not reserve what a job costs; months never end here."""
        limit = new.key.terms.monthly_credits_max if new.key else None
        if new.key is None or limit is None:
            return
        used = sum(
            self.jobs[generation_id].credits_reserved
            for earlier, generation_id in self.keys.values()
            if earlier.key is not None and earlier.key.key_id == new.key.key_id
        )
        if used + price_of(model, new.input) > limit:
            detail = f"the key {new.key.terms.name!r} may reserve {limit} credits a month: {used} are used"
            raise Forbidden(detail, reason="KEY_LIMIT_REACHED")

    def _check_media(self, account_id: AccountId, model: Model, job: Document) -> None:
        """Raise InvalidRequest for an input that names what is none of this account's media."""
        own_jobs = [each for each in self.jobs.values() if each.account_id == account_id]
        own = {str(output.output_id) for each in own_jobs for output in each.outputs}
        kept = self.uploads.kept if self.uploads else {}
        own |= {upload_id for upload_id, (owner, _) in kept.items() if owner == account_id}
        rules = model.input_schema["properties"]
        wrong = [
            FieldProblem(f"{name}.{place}", "is none of your uploads, nor of your generations' outputs")
            for name, rule in rules.items()
            if "x-media" in rule
            for place, media_id in enumerate(job.get(name, []))
            if media_id not in own
        ]
        if wrong:
            raise InvalidRequest("The input names what is not there.", reason="INVALID_INPUT", fields=wrong)

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
            credits_reserved=price_of(model, new.input),
            created_at=self.clock.now(),
        )
        self.jobs[generation.generation_id] = generation
        return generation

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

    async def withdraw(self, account_id: AccountId, idempotency_key: str) -> Generation:
        """See Generations."""
        if (known := self.keys.get((account_id, idempotency_key))) is None:
            raise NotFound("No generation was asked for with this key.")
        job = self.jobs[known[1]]
        return job if job.status.is_final else self.finish(job.generation_id, GenerationStatus.CANCELLED)

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
