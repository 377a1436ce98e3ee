"""Validates, prices and starts a job."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from generation.application.chosen_media import MediaChooser
from generation.application.entitlement_check import EntitlementCheck
from generation.application.reserve_credits import CreditReserver
from generation.application.shared_step import shared_unless_refused
from generation.application.standing_account import require_standing
from generation.application.start_generation import StartGenerationHandler
from generation.application.start_in_call import START_WITHIN_S
from generation.domain.documents import metadata_violations
from generation.domain.errors import (
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidInput,
    InvalidQuote,
    KeyLimitReached,
    PreviewsNotOffered,
    UnknownModel,
)
from generation.domain.fingerprint import fingerprint, is_fingerprint_of
from generation.domain.generation import KEY_LIMIT_REACHED, Generation, Status
from generation.domain.identifiers import AccountId, GenerationId, ModelId, QuoteId
from generation.domain.input_media import media_fields
from generation.domain.key_use import KeyUse
from generation.domain.model import Model
from generation.domain.previews import Previews
from generation.domain.pricing import Price
from generation.ports.catalogue import Catalogue
from generation.ports.clock import Clock
from generation.ports.dice import Dice
from generation.ports.ids import IdSource
from generation.ports.input_checker import InputChecker
from generation.ports.needs import Needs
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
    # Of a job that starts in the call itself. The same job may be asked for again without them.
    previews_max: int = 0

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
    The same key and command get the first answer, a rejection too. A picture that was to be shown, and whose
    call went before it had begun, is left to workers.
    """

    units: UnitsOfWork
    catalogue: Catalogue
    checker: InputChecker
    # None: no quotes are honoured here.
    signer: QuoteSigner | None
    credits: CreditReserver
    ids: IdSource
    dice: Dice
    clock: Clock
    entitlement: EntitlementCheck
    media: MediaChooser
    queue_timeout_s: int
    # None: pictures that were to be shown are begun by whoever holds this, with somebody who watches.
    start: StartGenerationHandler | None = None

    async def __call__(self, command: CreateGeneration) -> tuple[Generation, bool]:
        """Return the job, and whether it is an earlier one."""
        generation, is_earlier = await self.store(command)
        if generation.status is Status.RESERVING:
            generation = await self.credits.reserve(generation)
        if generation.status is Status.REJECTED:
            raise refused(generation, replayed=is_earlier)
        if self.start and generation.previews and generation.status is Status.QUEUED:
            generation = await self.start.begin(generation)
        return generation, is_earlier

    async def store(self, command: CreateGeneration) -> tuple[Generation, bool]:
        """Return the job of the command's key, stored now or earlier, and whether it is an earlier one.

        Nothing is reserved for one that is stored now.
        """
        if problems := metadata_violations(command.metadata):
            raise InvalidInput(problems)
        generation_id = GenerationId(self.ids.new("gen"))
        begun = await self._begun(command, generation_id)
        is_earlier = begun.generation_id != generation_id
        return (self._same(begun, command) if is_earlier else begun), is_earlier

    async def _begun(self, command: CreateGeneration, generation_id: GenerationId) -> Generation:
        """Return the job of the command's key: an earlier one, or this one, which is stored now."""
        if not self._is_plain(command.model_id):
            async with self.units.of(command.account_id) as work:
                return await self._stored(work, command, generation_id)

        async def store(work: UnitOfWork) -> Generation:
            return await self._stored(work, command, generation_id)

        needs = Needs(account_id=command.account_id, idempotency_key=command.idempotency_key or generation_id)
        return await shared_unless_refused(self.units, store, needs)

    def _is_plain(self, model_id: ModelId) -> bool:
        """Whether a job of this model is asked about nothing but its key and its account."""
        try:
            model = self.catalogue.model(model_id)
        except UnknownModel:
            return True
        return model.requires is None and not media_fields(model.input_schema)

    async def _stored(
        self, work: UnitOfWork, command: CreateGeneration, generation_id: GenerationId
    ) -> Generation:
        if (earlier := await self._earlier(work, command)) is not None:
            return earlier
        new = self._priced(command, generation_id)
        await require_standing(work, command.account_id)
        model = self.catalogue.model(new.model_id)
        await self.entitlement.require(work, command.account_id, model)
        used = await self.media.chosen(work, model, new)
        if await work.generations.add(new):
            await work.media_uses.add(used)
            return new
        earlier = await work.generations.with_key(command.account_id, new.idempotency_key)
        if earlier is None:
            raise LookupError(f"{generation_id} was not stored, and no other is under its key")
        return earlier

    async def _earlier(self, work: UnitOfWork, command: CreateGeneration) -> Generation | None:
        if command.idempotency_key is None:
            return None
        return await work.generations.with_key(command.account_id, command.idempotency_key)

    def _same(self, earlier: Generation, command: CreateGeneration) -> Generation:
        if not is_fingerprint_of(earlier.fingerprint, command.asked):
            raise IdempotencyKeyReused("this idempotency key came before with another request")
        return earlier

    def _priced(self, command: CreateGeneration, generation_id: GenerationId) -> Generation:
        model = self.catalogue.model(command.model_id)
        provider_order = model.order(command.provider_order)
        job = self.checker.checked(model, command.input)
        now, previews = self.clock.now(), _previews(command, model, job)
        price = self._promised(command, job, model.tariff.price(job))
        return Generation(
            generation_id=generation_id,
            account_id=command.account_id,
            model_id=command.model_id,
            modality=model.modality,
            # Drawn after the price: a quote is for what was asked.
            input=model.drawn(job, between=self.dice.between),
            provider_order=provider_order,
            metadata=command.metadata,
            price=previews.added_to(price) if previews else price,
            idempotency_key=command.idempotency_key or generation_id,
            fingerprint=fingerprint(command.asked),
            key=command.key,
            created_at=now,
            deadline_at=now + timedelta(seconds=START_WITHIN_S if previews else self.queue_timeout_s),
            is_interactive=previews is not None,
            previews=previews,
        )

    def _promised(self, command: CreateGeneration, job: Mapping[str, Any], price: Price) -> Price:
        if command.quote_id is None:
            return price
        if self.signer is None:
            raise InvalidQuote("quotes are not honoured here")
        quote = self.signer.open(command.quote_id)
        promised = quote.honour(
            account_id=command.account_id, model_id=command.model_id, job=job, now=self.clock.now()
        )
        return replace(price, credits=promised)


def _previews(command: CreateGeneration, model: Model, job: Mapping[str, Any]) -> Previews | None:
    """Return the terms of the previews that are asked for. Raises PreviewsNotOffered."""
    if not command.previews_max:
        return None
    if model.previews is None or int(job.get("output_count", 1)) != 1:
        raise PreviewsNotOffered(f"no previews of one picture by {model.model_id}")
    return Previews(command.previews_max, model.previews.credits_each)


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
