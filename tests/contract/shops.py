"""Shops by the gateway's port of billing: its fake and the real thing, with visitors whom a test plays."""

from dataclasses import dataclass
from typing import Protocol

from billing.application.add_promotion import AddPromotion
from billing.application.end_promotion import EndPromotionHandler
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.refund import RefundStatus
from billing_support import BillingUnderTest
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.adapters.outbound.memory.billing import MemoryBilling
from gateway.domain.price import Price
from gateway.domain.purchase import Checkout, Purchase
from gateway.ports.billing import Billing

ME = "usr_me"


class Shop(Protocol):
    """The port, and a visitor who pays."""

    port: Billing

    async def pay(self, checkout: Checkout) -> None:
        """Pay, and wait until billing knows."""

    def play(self, checkout: Checkout, *acts: str) -> None:
        """Play the page and the bank, in this order; no webhook speaks of it."""

    async def refund(self, purchase: Purchase, amount_minor: int) -> None:
        """Send a part of the money back, and wait until billing knows."""

    async def register(self) -> None:
        """Give me the free plan, as a registration does."""

    async def begin(self, checkout: Checkout) -> None:
        """Pay for a plan."""

    async def reprice(self, pack_id: str) -> None:
        """Have a pack cost a dollar more at the processor, which nobody tells."""

    async def decline(self) -> None:
        """Have my payment method declined from now on."""

    async def promote(self, code: str, *, is_over: bool = False) -> None:
        """Make a code for 100 credits."""


@dataclass
class FakeShop:
    """The gateway's own fake."""

    port: MemoryBilling

    async def pay(self, checkout: Checkout) -> None:
        self.port.pay(checkout.checkout_id)

    def play(self, checkout: Checkout, *acts: str) -> None:
        for act in acts:
            getattr(self.port, act)(checkout.checkout_id)

    async def refund(self, purchase: Purchase, amount_minor: int) -> None:
        self.port.refund(ME, purchase.purchase_id, amount_minor)

    async def register(self) -> None:
        self.port.subscribe(ME)

    async def begin(self, checkout: Checkout) -> None:
        self.port.begin(checkout.checkout_id)

    async def reprice(self, pack_id: str) -> None:
        (pack,) = (pack for pack in await self.port.packs() if pack.pack_id == pack_id)
        price = Price(price_minor=pack.price_minor + 100, currency=pack.currency)
        self.port.repriced[pack_id] = price

    async def decline(self) -> None:
        self.port.declined.add(ME)

    async def promote(self, code: str, *, is_over: bool = False) -> None:
        self.port.promotions[code] = 0 if is_over else 100


@dataclass
class RealShop:
    """Billing itself."""

    port: GrpcBilling
    billing: BillingUnderTest

    async def pay(self, checkout: Checkout) -> None:
        session = f"cs_{checkout.checkout_id}"
        self.billing.processor.pay(session)
        await self.billing.settle(session)

    def play(self, checkout: Checkout, *acts: str) -> None:
        # Past the pause between two questions.
        self.billing.clock.advance(5)
        for act in acts:
            getattr(self.billing.processor, act)(f"cs_{checkout.checkout_id}")

    async def refund(self, purchase: Purchase, amount_minor: int) -> None:
        refund_id = f"re_{amount_minor}"
        self.billing.processor.refund(purchase.payment_id, refund_id, amount_minor, RefundStatus.SUCCEEDED)
        await self.billing.refund(purchase.payment_id)

    async def register(self) -> None:
        billing = self.billing
        start = StartFreePlanHandler(billing.units, billing.clock, billing.ids, billing.catalogue.plans[0])
        await start(ME, since=billing.clock.now())

    async def begin(self, checkout: Checkout) -> None:
        self.billing.processor.pay(f"cs_{checkout.checkout_id}")
        await self.billing.settle(f"cs_{checkout.checkout_id}")

    async def reprice(self, pack_id: str) -> None:
        pack = self.billing.catalogue.find(pack_id)
        assert pack is not None
        await self.billing.processor.publish(pack)
        self.billing.processor.reprice(pack.price_name, pack.price_minor + 100)

    async def decline(self) -> None:
        self.billing.processor.declined |= set(self.billing.processor.subscriptions)

    async def promote(self, code: str, *, is_over: bool = False) -> None:
        await self.billing.add_promotion(AddPromotion(code=code, credits=100))
        if is_over:
            await EndPromotionHandler(self.billing.units, self.billing.clock)(code)
