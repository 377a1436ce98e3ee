"""Follow what happens to an account: current states only, never an older one after a newer one."""

from collections import OrderedDict, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import TypeVar, cast

from gateway.domain.errors import GatewayError, RateLimited
from gateway.domain.event import (
    BalanceChanged,
    ClientEvent,
    Cursor,
    Delivery,
    GenerationMoved,
    GenerationUpdate,
)
from gateway.domain.generation import GenerationStatus
from gateway.domain.user import Principal
from gateway.ports.clock import Clock
from gateway.ports.event_feed import EventFeed
from gateway.ports.generation import Generations

REMEMBERED_MAX = 1_000
_RANK = {GenerationStatus.QUEUED: 0, GenerationStatus.PROCESSING: 1}
_FINAL_RANK = 2

Value = TypeVar("Value")


class FollowEvents:
    """Opens streams of events, a bounded number for each user."""

    def __init__(
        self, feed: EventFeed, generations: Generations, clock: Clock, *, streams_per_user_max: int
    ) -> None:
        self._feed = feed
        self._generations = generations
        self._clock = clock
        self._streams_per_user_max = streams_per_user_max
        self._open: dict[str, int] = defaultdict(int)

    def admit(self, principal: Principal) -> None:
        """Raise RateLimited when this user has as many streams open as one may have."""
        if self._open.get(principal.user_id, 0) >= self._streams_per_user_max:
            raise RateLimited(
                f"At most {self._streams_per_user_max} event streams may be open at once.",
                retry_after_s=5,
                reason="TOO_MANY_STREAMS",
            )

    async def __call__(self, principal: Principal, after: Cursor | None) -> AsyncIterator[ClientEvent]:
        """Deliver events until the principal's proof expires or the feed ends."""
        self.admit(principal)
        view = _View(self._generations, principal.user_id, shown_balance=after.balance if after else 0)
        with self._counted(principal.user_id):
            deliveries = cast(AsyncGenerator[Delivery, None], self._feed.follow(principal.user_id, after))
            async with aclosing(deliveries):
                async for delivery in deliveries:
                    if self._clock.now() >= principal.expires_at:
                        return
                    yield await view.seen(delivery)

    @contextmanager
    def _counted(self, user_id: str) -> Iterator[None]:
        self._open[user_id] += 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]


class _View:
    """What one connection has shown so far."""

    def __init__(self, generations: Generations, account_id: str, *, shown_balance: int) -> None:
        self._generations = generations
        self._account_id = account_id
        self._shown_balance = shown_balance
        self._shown: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._reserved: OrderedDict[str, int] = OrderedDict()

    async def seen(self, delivery: Delivery) -> ClientEvent:
        """What to tell of a delivery; nothing when something newer was told before."""
        told: object = delivery.fact
        match delivery.fact:
            case BalanceChanged() as changed:
                self._remember_reserved(changed.generation_id, changed.reserved_credits)
                told = None
                if changed.balance.sequence > self._shown_balance:
                    self._shown_balance = changed.balance.sequence
                    told = changed.balance
            case GenerationMoved() as moved:
                self._remember_reserved(moved.generation_id, moved.reserved_credits)
                told = await self._update(moved) if self._is_news(moved) else None
        cursor = replace(delivery.cursor, balance=self._shown_balance)
        return ClientEvent(cursor=cursor, told=told)  # type: ignore[arg-type]

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

    def _remember_reserved(self, generation_id: str | None, amount_credits: int | None) -> None:
        if generation_id and amount_credits is not None:
            _remember(self._reserved, generation_id, amount_credits)

    async def _reserved_credits(self, generation_id: str) -> int | None:
        if generation_id not in self._reserved:
            try:
                generation = await self._generations.one(self._account_id, generation_id)
            except GatewayError:
                # Deleted, or not to be asked now: the event matters more than this number.
                return None
            self._remember_reserved(generation_id, generation.credits_reserved)
        return self._reserved.get(generation_id)


def _remember(memory: OrderedDict[str, Value], key: str, value: Value) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > REMEMBERED_MAX:
        memory.popitem(last=False)
