"""What one connection shows of an account: current states only, never an older one after a newer one."""

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TypeVar

from gateway.domain.credits import Balance
from gateway.domain.errors import GatewayError
from gateway.domain.event import (
    BalanceChanged,
    Cursor,
    Delivery,
    Fact,
    GenerationMoved,
    GenerationUpdate,
    PaymentReceived,
    PlanChanged,
)
from gateway.domain.generation import Generation, GenerationStatus
from gateway.domain.identifiers import AccountId, GenerationId
from gateway.ports.generation import Generations
from gateway.ports.ledger import Ledger

REMEMBERED_MAX = 1_000
SNAPSHOT_GENERATIONS = 20
_RANK = {GenerationStatus.QUEUED: 0, GenerationStatus.PROCESSING: 1}
_FINAL_RANK = 2

Value = TypeVar("Value")
State = Balance | GenerationUpdate | PaymentReceived | PlanChanged
Told = tuple[Cursor, State | None]


class AccountView:
    """What one connection has shown so far."""

    def __init__(
        self, generations: Generations, ledger: Ledger, account_id: AccountId, after: Cursor | None
    ) -> None:
        self._generations = generations
        self._ledger = ledger
        self._account_id = account_id
        self.shown_balance = after.balance if after else 0
        self._shown: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._reserved: OrderedDict[str, int] = OrderedDict()
        self._shown_revision = 0
        self._held: dict[str, Delivery] = {}

    async def seen(self, delivery: Delivery) -> AsyncIterator[Told]:
        """Deliver what to tell of a delivery; no state when a newer one was told before.

        What the client may have seen is held until everything that it missed was told, and dropped when
        a later state of the same thing comes: nothing that it shows steps back.
        """
        fact = delivery.fact
        if fact is None:
            async for told in self.held():
                yield told
            yield delivery.cursor, None
            return
        self._remember_reserved(fact)
        if delivery.maybe_seen:
            self._hold(_subject(fact), delivery)
            return
        self._held.pop(_subject(fact), None)
        if (state := await self._state(fact)) is not None:
            yield delivery.cursor, state

    async def held(self) -> AsyncIterator[Told]:
        """Deliver what the client may have seen, and nothing newer came of."""
        held, self._held = self._held, {}
        for delivery in held.values():
            if delivery.fact and (state := await self._state(delivery.fact)) is not None:
                yield delivery.cursor, state

    async def snapshot(self) -> list[Balance | GenerationUpdate]:
        """How the account stands now, as far as the services say: a stream opens without them too."""
        states: list[Balance | GenerationUpdate] = []
        with suppress(GatewayError):
            balance = await self._ledger.balance(self._account_id)
            self.shown_balance = balance.sequence
            states.append(balance)
        with suppress(GatewayError):
            page = await self._generations.page(self._account_id, cursor=None, limit=SNAPSHOT_GENERATIONS)
            states.extend(_as_update(generation) for generation in reversed(page.items))
        return states

    def _hold(self, subject: str, delivery: Delivery) -> None:
        before = self._held.get(subject)
        if before is not None and _number(before) > _number(delivery):
            return
        self._held[subject] = delivery

    async def _state(self, fact: Fact) -> State | None:
        match fact:
            case BalanceChanged() as moved:
                if moved.balance.sequence <= self.shown_balance:
                    return None
                self.shown_balance = moved.balance.sequence
                return moved.balance
            case GenerationMoved() as job:
                return await self._update(job) if self._is_news(job) else None
            case PlanChanged() as changed:
                if changed.revision <= self._shown_revision:
                    return None
                self._shown_revision = changed.revision
                return changed
            case PaymentReceived() as paid:
                return paid

    def _is_news(self, moved: GenerationMoved) -> bool:
        # Facts come in no promised order: what was shown may never be taken back.
        stage = (_RANK.get(moved.status, _FINAL_RANK), moved.progress)
        shown = self._shown.get(moved.generation_id)
        if shown is not None and (stage <= shown or shown[0] == _FINAL_RANK):
            return False
        _remember(self._shown, moved.generation_id, stage)
        return True

    async def _update(self, moved: GenerationMoved) -> GenerationUpdate:
        reserved = await self._reserved_credits(moved.generation_id)
        charged = moved.charged_credits or 0
        refunded = (reserved or 0) - charged if moved.status.is_final else 0
        return GenerationUpdate(
            generation_id=moved.generation_id,
            status=moved.status,
            progress=moved.progress,
            reserved_credits=reserved,
            charged_credits=charged,
            refunded_credits=max(0, refunded),
        )

    def _remember_reserved(self, fact: Fact) -> None:
        if isinstance(fact, PaymentReceived | PlanChanged) or fact.generation_id is None:
            return
        if fact.reserved_credits is not None:
            _remember(self._reserved, fact.generation_id, fact.reserved_credits)

    async def _reserved_credits(self, generation_id: GenerationId) -> int | None:
        if generation_id not in self._reserved:
            try:
                generation = await self._generations.generation(self._account_id, generation_id)
            except GatewayError:
                # Deleted, or not to be asked now: the event matters more than this number.
                return None
            _remember(self._reserved, generation_id, generation.credits_reserved)
        return self._reserved.get(generation_id)


def _subject(fact: Fact) -> str:
    """Return what a fact tells a state of: of one subject only the newest counts."""
    match fact:
        case BalanceChanged():
            return "balance"
        case GenerationMoved():
            return fact.generation_id
        case PaymentReceived():
            return fact.payment_id
        case PlanChanged():
            return "plan"


def _number(delivery: Delivery) -> int:
    """Return by what of two states of one subject the later one is known; 0 where nothing says so."""
    match delivery.fact:
        case BalanceChanged() as changed:
            return changed.balance.sequence
        case PlanChanged() as changed:
            return changed.revision
        case _:
            return 0


def _as_update(generation: Generation) -> GenerationUpdate:
    return GenerationUpdate(
        generation_id=generation.generation_id,
        status=generation.status,
        progress=generation.progress,
        reserved_credits=generation.credits_reserved,
        charged_credits=generation.credits_charged,
        refunded_credits=generation.credits_refunded,
    )


def _remember(memory: OrderedDict[str, Value], key: str, value: Value) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > REMEMBERED_MAX:
        memory.popitem(last=False)
