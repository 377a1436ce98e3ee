"""Use case: buy a pack for who is low on credits, without them there."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from billing.application.begin_top_up import Begun, TopUpStarter, stop
from billing.application.complete_purchase import complete_purchase
from billing.application.current_offers import CurrentOffers
from billing.application.open_page import PageOpener, PageRequest
from billing.domain.auto_top_up import AutoTopUp, Charge, ChargeStatus, StopReason, TopUpState
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus, Purchase
from billing.domain.errors import PaymentProcessorMisconfigured, PaymentProcessorRefused, PriceChanged
from billing.domain.identifiers import CheckoutId, PaymentId, PurchaseId, UserId
from billing.domain.offer import offer_of_pack
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitOfWork, UnitsOfWork

# How long the bank is left alone after it has not answered yet.
ASK_AGAIN = timedelta(minutes=5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BuyTopUpHandler:
    """Committed before the processor is asked, and settled in one transaction with its purchase.

    Whoever dies in between, or gets no answer, leaves it in flight: it is asked about again, and the
    processor has a checkout paid once.
    """

    units: UnitsOfWork
    processor: PaymentProcessor
    pages: PageOpener
    starter: TopUpStarter
    offers: CurrentOffers
    clock: Clock
    ids: IdSource
    public_url: str
    retry_after: timedelta

    async def __call__(self, user_id: UserId) -> bool:
        """Buy what is due for a user; False when nothing is.

        Raises PaymentProcessorUnavailable and PaymentProcessorMisconfigured: then it stays in flight.
        """
        async with self.units.of(user_id) as work:
            if await work.is_erased(user_id):
                return False
            known = await work.auto_top_up(user_id)
            begun = await self.starter.begin(work, known, self.clock.now()) if known else None
        if begun is None:
            return False
        charge = await self._charge(begun)
        checkout = begun.checkout
        if charge.status is ChargeStatus.NEEDS_AUTHENTICATION:
            checkout = await self._with_page(checkout)
        async with self.units.of(user_id) as work:
            known = await work.auto_top_up(user_id)
            if known is not None and known.in_flight == checkout.checkout_id and not known.is_paid:
                await self._settle(work, known, checkout, charge)
        return True

    async def _charge(self, begun: Begun) -> Charge:
        try:
            return await self.processor.charge_saved_method(begun.checkout, customer_id=begun.customer_id)
        except PaymentProcessorRefused as refused:
            # The processor itself: it would refuse it again.
            log.warning("a top-up was refused", checkout_id=begun.checkout.checkout_id, error=str(refused))
            return Charge(status=ChargeStatus.REFUSED)

    async def _with_page(self, checkout: Checkout) -> Checkout:
        """Return the checkout with a page where its owner answers the bank, if there can be one."""
        offered = await self.offers.read()
        pack = offered.find(checkout.pack_id) if checkout.pack_id else None
        if pack is None or checkout.page_id is not None:
            return checkout
        back = f"{self.public_url.rstrip('/')}/billing"
        # The customer is known, so that no address is needed.
        request = PageRequest(email="", success_url=back, cancel_url=back)
        try:
            return await self.pages.open(checkout, offer_of_pack(pack), request)
        except (PaymentProcessorRefused, PaymentProcessorMisconfigured, PriceChanged) as failure:
            log.warning("a top-up has no page", checkout_id=checkout.checkout_id, error=str(failure))
            return checkout

    async def _settle(self, work: UnitOfWork, known: AutoTopUp, checkout: Checkout, charge: Charge) -> None:
        now, checkout_id = self.clock.now(), checkout.checkout_id
        match charge.status:
            case ChargeStatus.PAID:
                await self._paid(work, known, checkout, charge, now)
            case ChargeStatus.PROCESSING:
                await work.save_auto_top_up(replace(known, due_at=now + ASK_AGAIN))
            case ChargeStatus.NEEDS_AUTHENTICATION:
                await _end(work, checkout_id, has_page=checkout.page_id is not None)
                stopped = known.stopped(StopReason.AUTHENTICATION_REQUIRED, authenticates=checkout_id)
                await stop(work, stopped, now, url=checkout.url)
            case ChargeStatus.NO_METHOD:
                await _end(work, checkout_id)
                await stop(work, known.stopped(StopReason.NO_PAYMENT_METHOD), now)
            case ChargeStatus.REFUSED:
                await _end(work, checkout_id)
                refused = known.refused(now, retry_after=self.retry_after)
                await (stop(work, refused, now) if refused.reason else work.save_auto_top_up(refused))

    async def _paid(
        self, work: UnitOfWork, known: AutoTopUp, checkout: Checkout, charge: Charge, now: datetime
    ) -> None:
        """Write the purchase, and tell it, as of any checkout: its credits come the same way."""
        purchase = Purchase(
            purchase_id=PurchaseId(self.ids.new("pay")),
            user_id=checkout.user_id,
            checkout_id=checkout.checkout_id,
            pack_id=checkout.pack_id or known.pack_id,
            pack_title=checkout.pack_title,
            credits=checkout.credits,
            amount_minor=checkout.price_minor,
            currency=checkout.currency,
            payment_id=charge.payment_id or PaymentId(checkout.checkout_id),
            created_at=now,
        )
        if await complete_purchase(work, purchase, now):
            await work.save_checkout(
                replace(
                    checkout,
                    status=CheckoutStatus.COMPLETE,
                    payment_status=PaymentStatus.PAID,
                    purchase_id=purchase.purchase_id,
                )
            )
        await _mark(work, checkout.checkout_id, TopUpState.PAID)
        await work.save_auto_top_up(known.paid())


async def _end(work: UnitOfWork, checkout_id: CheckoutId, *, has_page: bool = False) -> None:
    """Write that nothing more comes of it by itself; what its owner pays on its page counts all the same."""
    await _mark(work, checkout_id, TopUpState.REFUSED)
    checkout = await work.checkout(checkout_id, lock=True)
    if checkout is not None and not has_page:
        failed = replace(checkout, status=CheckoutStatus.EXPIRED, payment_status=PaymentStatus.FAILED)
        await work.save_checkout(failed)


async def _mark(work: UnitOfWork, checkout_id: CheckoutId, state: TopUpState) -> None:
    top_up = await work.top_up(checkout_id)
    if top_up is not None:
        await work.save_top_up(replace(top_up, state=state))
