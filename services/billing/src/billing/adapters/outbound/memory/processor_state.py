"""What the payment processor in memory knows: its parts share it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import TypeVar

from billing.adapters.outbound.memory.saved_methods import MemorySavedMethods
from billing.adapters.outbound.memory.subscribing import MemorySubscribing
from billing.domain.checkout import Checkout
from billing.domain.dispute import ProcessorDispute
from billing.domain.errors import PaymentProcessorUnavailable, PriceChanged, UnknownToProcessor
from billing.domain.identifiers import CustomerId
from billing.domain.pack import Pack
from billing.domain.plan import PlanPrice
from billing.domain.refund import RefundStatus
from billing.domain.settlement import ProcessorCheckout
from billing.ports.clock import Clock

T = TypeVar("T")
K = TypeVar("K", bound=str)


class MemoryProcessorState(MemorySavedMethods, MemorySubscribing):
    """Customers, pages and money back; and how it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.customers: dict[str, CustomerId] = {}
        self.sessions: dict[str, ProcessorCheckout] = {}
        self.published: dict[str, Pack] = {}
        self.published_prices: dict[str, PlanPrice] = {}
        self.disputes: dict[str, ProcessorDispute] = {}
        self.answers = True
        self.sells_plans = True
        # Price names of packs and plans that were archived.
        self.archived: set[str] = set()
        self.return_urls: dict[str, tuple[str, str]] = {}
        self.opened: dict[str, tuple[Checkout, CustomerId, int]] = {}
        # Pages that were asked about, in order.
        self.questions: list[str] = []
        # What every call raises.
        self.failure: Exception | None = None
        # How a refund that is ordered of us begins.
        self.refund_status = RefundStatus.SUCCEEDED
        self.clock: Clock | None = None
        self.page_size = 100
        self._numbers = count(1)

    @property
    def _everything(self) -> dict[str, Pack | PlanPrice]:
        return {**self.published, **self.published_prices}

    def _require_price(self, price: PlanPrice) -> None:
        self._require_asked(price.price_name, price.price_minor, price.currency)

    def _require_asked(self, price_name: str, price_minor: int, currency: str) -> None:
        sold = self._everything.get(price_name)
        if sold is not None and (sold.price_minor, sold.currency) != (price_minor, currency):
            raise PriceChanged("it costs something else by now: look at its price again")

    def _note_created(self, object_id: str) -> None:
        self._created[object_id] = self._now()

    def _now(self) -> datetime:
        return self.clock.now() if self.clock else datetime.now(UTC)

    def _require_answer(self) -> None:
        if self.failure is not None:
            raise self.failure
        if not self.answers:
            raise PaymentProcessorUnavailable("the payment processor did not answer; try again")

    def _known(self, objects: Mapping[K, T], object_id: K) -> T:
        if object_id in self.failures:
            raise self.failures[object_id]
        if object_id not in objects:
            raise UnknownToProcessor(f"the payment processor does not know {object_id}")
        return objects[object_id]
