"""Validates, prices and accepts a chat that runs in the call itself."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from generation.application.create_generation import refused
from generation.application.entitlement_check import EntitlementCheck
from generation.application.shared_step import shared_unless_refused
from generation.application.standing_account import require_standing
from generation.application.start_generation import Job
from generation.application.start_in_call import START_WITHIN_S, InCallStarter
from generation.application.unread import Unread
from generation.domain.chat import Chat, read_chat
from generation.domain.documents import metadata_violations
from generation.domain.errors import (
    GenerationRunning,
    IdempotencyKeyReused,
    InvalidInput,
    Violation,
)
from generation.domain.fingerprint import fingerprint, is_fingerprint_of
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import AccountId, GenerationId, ModelId
from generation.domain.key_use import KeyUse
from generation.domain.model import Model
from generation.ports.catalogue import Catalogue
from generation.ports.chat_provider import ChatStream
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.needs import Needs
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork

# Reading more of JSON than this keeps everybody else waiting.
APART_FROM_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class StreamGeneration:
    """The command; without a key of the caller's, each command is a new job."""

    account_id: AccountId
    model_id: ModelId
    chat: bytes = field(repr=False)
    is_streamed: bool = True
    idempotency_key: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    key: KeyUse | None = None
    provider_order: tuple[str, ...] = ()

    @property
    def asked(self) -> Mapping[str, Any]:
        """What makes it this command and no other: one that was streamed may be asked for whole."""
        return {
            "model": self.model_id,
            "chat": self.chat.decode(errors="replace"),
            "providers": list(self.provider_order),
            "metadata": self.metadata,
        }


@dataclass
class Talk:
    """An accepted chat, as the process has it that runs it."""

    job: Job
    model: Model
    chat: Chat
    is_streamed: bool
    unread: Unread = field(default_factory=Unread)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    # Why it was stopped, the first reason there was.
    why: Failure | None = None
    # At the provider's that is asked now, or was last.
    stream: ChatStream | None = None
    # Something was passed on: nobody else is asked any more.
    has_begun: bool = False

    def stop(self, why: Failure) -> None:
        """Have it end with what has come by now."""
        self.why = self.why or why
        self.stopped.set()


@dataclass(frozen=True)
class StreamGenerationHandler:
    """Commits the job as `reserving`, asks the ledger, then leases it to this process.

    Raises UnknownModel, InvalidInput, EntitlementRequired, IdempotencyKeyReused, GenerationRunning,
    AccountGone, InsufficientCredits and KeyLimitReached (the job stands as rejected), and LedgerUnavailable:
    the same call may be made again, and one that is not made is ended by the sweepers.
    """

    units: UnitsOfWork
    catalogue: Catalogue
    start: InCallStarter
    ids: IdSource
    clock: Clock
    entitlement: EntitlementCheck
    # Those that hold chats.
    providers: frozenset[str]

    async def __call__(self, command: StreamGeneration) -> Talk | Generation:
        """Return the chat that is to be run now; a job that has ended, where the key was known."""
        if problems := metadata_violations(command.metadata):
            raise InvalidInput(problems)
        model = self.catalogue.model(command.model_id)
        order = self._order(model, command.provider_order)
        chat = await _read(command, model)
        generation = await self._stored(command, model, self._new(command, model, order, chat))
        if generation.is_terminal:
            if generation.status is Status.REJECTED:
                raise refused(generation, replayed=True)
            return generation
        begun = await self.start.start(generation, model)
        if isinstance(begun, Job):
            return Talk(begun, model, chat, command.is_streamed)
        if begun.status is Status.PROCESSING:
            raise GenerationRunning("it runs in another call with this idempotency key")
        if begun.status is Status.REJECTED:
            raise refused(begun, replayed=False)
        return begun

    async def _stored(self, command: StreamGeneration, model: Model, new: Generation) -> Generation:
        """Return the job of the command's key: an earlier one, or the new one, which is stored now."""

        async def store(work: UnitOfWork) -> Generation:
            await require_standing(work, command.account_id)
            await self.entitlement.require(work, command.account_id, model)
            if await work.generations.add(new):
                return new
            return _same(await work.generations.with_key(new.account_id, new.idempotency_key), command)

        if model.requires is None:
            needs = Needs(account_id=new.account_id, idempotency_key=new.idempotency_key)
            return await shared_unless_refused(self.units, store, needs)
        async with self.units.of(new.account_id) as work:
            return await store(work)

    def _order(self, model: Model, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Return who may be asked, best first: who holds chats, and is asked for nothing else."""
        order = tuple(
            name for name in model.order(wanted) if name in self.providers and model.at(name).request is None
        )
        if not order:
            field_name = "provider_order" if wanted else "model_id"
            raise InvalidInput([Violation(field_name, "names nobody who holds chats in the call itself")])
        return order

    def _new(self, command: StreamGeneration, model: Model, order: tuple[str, ...], chat: Chat) -> Generation:
        now, generation_id = self.clock.now(), GenerationId(self.ids.new("gen"))
        return Generation(
            generation_id=generation_id,
            account_id=command.account_id,
            model_id=command.model_id,
            modality=model.modality,
            input=chat.kept,
            provider_order=order,
            metadata=command.metadata,
            price=model.tariff.priced(chat.units, chat.kept),
            idempotency_key=command.idempotency_key or generation_id,
            fingerprint=fingerprint(command.asked),
            key=command.key,
            is_interactive=True,
            created_at=now,
            deadline_at=now + timedelta(seconds=START_WITHIN_S),
        )


async def _read(command: StreamGeneration, model: Model) -> Chat:
    if len(command.chat) < APART_FROM_BYTES:
        return read_chat(command.chat, model, is_streamed=command.is_streamed)
    return await asyncio.to_thread(read_chat, command.chat, model, is_streamed=command.is_streamed)


def _same(earlier: Generation | None, command: StreamGeneration) -> Generation:
    """Return the job that has the key, if it is this one, and ended or never began."""
    if earlier is None or not is_fingerprint_of(earlier.fingerprint, command.asked):
        raise IdempotencyKeyReused("this idempotency key came before with another request")
    if earlier.status in (Status.QUEUED, Status.PROCESSING):
        raise GenerationRunning("the generation with this idempotency key has not ended")
    return earlier
