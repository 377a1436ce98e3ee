"""Validates, prices and starts a job."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from generation.application.chosen_media import MediaChooser
from generation.application.entitlement_check import EntitlementCheck
from generation.application.reserve_credits import CreditReserver
from generation.application.standing_account import require_standing
from generation.domain.documents import metadata_violations
from generation.domain.errors import IdempotencyKeyReused, InsufficientCredits, InvalidInput, KeyLimitReached
from generation.domain.fingerprint import fingerprint, is_fingerprint_of
from generation.domain.generation import KEY_LIMIT_REACHED, Generation, Status
from generation.domain.identifiers import AccountId, GenerationId, ModelId, QuoteId
from generation.domain.key_use import KeyUse
from generation.domain.pricing import Price
from generation.ports.catalogue import Catalogue
from generation.ports.clock import Clock
from generation.ports.dice import Dice
from generation.ports.ids import IdSource
from generation.ports.input_checker import InputChecker
from generation.ports.quote_signer import QuoteSigner
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class CreateGeneration:
    """The command; without a key of the caller's, each command is a new job."""

    account_id: AccountId
    model_id: ModelId
    input: Mapping[str, Any]
    quote_id: QuoteId | None = None
    provider_order: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    key: KeyUse | None = None

    @property
    def asked(self) -> Mapping[str, Any]:
        """What makes it this command and no other, as it was sent."""
        return {
            "model": self.model_id,
            "input": self.input,
            # Fingerprints were first made of an empty text where there is no quote.
            "quote": self.quote_id or "",
            "providers": list(self.provider_order),
            "metadata": self.metadata,
        }


@dataclass(frozen=True)
class CreateGenerationHandler:
    """Commits the job as `reserving`, then asks the ledger, then queues it.

    Raises UnknownModel, InvalidInput, InvalidQuote, QuoteExpired, EntitlementRequired, IdempotencyKeyReused,
    AccountGone, InsufficientCredits and KeyLimitReached (the job stands as rejected), and LedgerUnavailable
    (the sweeper resolves it).
    The same key and command get the first answer, a rejection too.
    """

    units: UnitsOfWork
    catalogue: Catalogue
    checker: InputChecker
    signer: QuoteSigner
    credits: CreditReserver
    ids: IdSource
    dice: Dice
    clock: Clock
    entitlement: EntitlementCheck
    media: MediaChooser
    queue_timeout_s: int

    async def __call__(self, command: CreateGeneration) -> tuple[Generation, bool]:
        """Return the job, and whether it is an earlier one."""
        if problems := metadata_violations(command.metadata):
            raise InvalidInput(problems)
        async with self.units.of(command.account_id) as work:
            earlier = await self._earlier(work, command)
            if earlier is None:
                new = self._priced(command)
                await require_standing(work, command.account_id)
                model = self.catalogue.model(new.model_id)
                await self.entitlement.require(work, command.account_id, model)
                used = await self.media.chosen(work, model, new)
                if await work.generations.add(new):
                    await work.media_uses.add(used)
                else:
                    earlier = await work.generations.with_key(command.account_id, new.idempotency_key)
        generation = self._same(earlier, command) if earlier else new
        if generation.status is Status.RESERVING:
            generation = await self.credits.reserve(generation)
        if generation.status is Status.REJECTED:
            raise refused(generation, replayed=earlier is not None)
        return generation, earlier is not None

    async def _earlier(self, work: UnitOfWork, command: CreateGeneration) -> Generation | None:
        if command.idempotency_key is None:
            return None
        return await work.generations.with_key(command.account_id, command.idempotency_key)

    def _same(self, earlier: Generation, command: CreateGeneration) -> Generation:
        if not is_fingerprint_of(earlier.fingerprint, command.asked):
            raise IdempotencyKeyReused("this idempotency key came before with another request")
        return earlier

    def _priced(self, command: CreateGeneration) -> Generation:
        model = self.catalogue.model(command.model_id)
        provider_order = model.order(command.provider_order)
        job = self.checker.checked(model, command.input)
        generation_id = GenerationId(self.ids.new("gen"))
        now = self.clock.now()
        return Generation(
            generation_id=generation_id,
            account_id=command.account_id,
            model_id=command.model_id,
            modality=model.modality,
            # Drawn after the price: a quote is for what was asked.
            input=model.drawn(job, between=self.dice.between),
            provider_order=provider_order,
            metadata=command.metadata,
            price=self._promised(command, job, model.tariff.price(job)),
            idempotency_key=command.idempotency_key or generation_id,
            fingerprint=fingerprint(command.asked),
            key=command.key,
            created_at=now,
            deadline_at=now + timedelta(seconds=self.queue_timeout_s),
        )

    def _promised(self, command: CreateGeneration, job: Mapping[str, Any], price: Price) -> Price:
        if command.quote_id is None:
            return price
        quote = self.signer.open(command.quote_id)
        promised = quote.honour(
            account_id=command.account_id, model_id=command.model_id, job=job, now=self.clock.now()
        )
        return replace(price, credits=promised)


def refused(generation: Generation, *, replayed: bool) -> InsufficientCredits | KeyLimitReached:
    """Return the refusal, with what was available when it was made: a repeated key gets no new decision."""
    detail = generation.failure.detail if generation.failure else "too few credits"
    decided_at = generation.finished_at or generation.created_at
    if replayed:
        detail += f" (decided at {decided_at:%Y-%m-%d %H:%M:%S} UTC; a new idempotency key asks again)"
    if generation.failure and generation.failure.reason == KEY_LIMIT_REACHED:
        return KeyLimitReached(detail)
    return InsufficientCredits(
        detail,
        available=generation.available_credits or 0,
        required=generation.price.credits,
        generation_id=generation.generation_id,
        decided_at=decided_at,
        replayed=replayed,
    )
