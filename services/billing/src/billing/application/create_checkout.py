"""Use case: open a hosted checkout page for one pack or one plan."""

from dataclasses import dataclass

from billing.application.bounds import require_same_origin, require_text
from billing.application.current_offers import CurrentOffers
from billing.application.follow_checkout import FollowCheckoutHandler
from billing.application.open_page import PageOpener, PageRequest
from billing.application.refresh_prices import RefreshPricesHandler
from billing.application.require_staying import require_staying
from billing.application.subscribers import Subscribers
from billing.domain.checkout import Checkout, CheckoutStatus
from billing.domain.errors import (
    IdempotencyKeyReused,
    InvalidField,
    PaymentProcessorMisconfigured,
    PlanNotOnSale,
    PriceChanged,
    UnknownPack,
)
from billing.domain.identifiers import CheckoutId, PackId, PlanId, UserId
from billing.domain.offer import Offer, offer_of_pack, offer_of_plan
from billing.domain.page_request import fingerprint, is_same_request
from billing.domain.price import Price, price_changed, require_price
from billing.domain.standing import BillingInterval
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class CreateCheckout:
    """Sell one pack, or one plan by an interval, to one user. Without a key, each call opens another one.

    `{CHECKOUT_ID}` in an address stands for the checkout's id. `expected_price` is what the user was shown.
    """

    user_id: UserId
    email: str
    pack_id: PackId | None = None
    plan_id: PlanId | None = None
    interval: BillingInterval | None = None
    expected_price: Price | None = None
    idempotency_key: str | None
    success_url: str
    cancel_url: str

    @property
    def fingerprint(self) -> str:
        """What tells it apart from another request under the same key."""
        return fingerprint(
            pack_id=self.pack_id,
            plan_id=self.plan_id,
            interval=self.interval,
            success_url=self.success_url,
            cancel_url=self.cancel_url,
        )


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The checkout, and whether this key had opened it before."""

    checkout: Checkout
    replayed: bool


@dataclass(frozen=True)
class CreateCheckoutHandler:
    """Commits the checkout before it asks the processor: a crash in between opens no second one."""

    units: UnitsOfWork
    pages: PageOpener
    follow: FollowCheckoutHandler
    subscribers: Subscribers
    offers: CurrentOffers
    prices: RefreshPricesHandler
    clock: Clock
    ids: IdSource
    public_url: str

    async def __call__(self, command: CreateCheckout) -> Opened:
        """Open the page, or return the one that this key opened; one that has expired gets another page.

        Raises InvalidField, UnknownPack, PlanNotOnSale, PriceChanged, SubscribedAlready, AccountGone,
        AccountLeaving, IdempotencyKeyReused, and what the processor's port does.
        """
        self._validate(command)
        known = await self._opened_before(command)
        if known is not None and known.page_id is not None and known.status is not CheckoutStatus.EXPIRED:
            # What it said is what is paid, whatever is asked or on sale by now.
            if command.expected_price not in (None, _price_of(known)):
                raise IdempotencyKeyReused(
                    "this key opened a checkout at another price before", checkout_id=known.checkout_id
                )
            return Opened(checkout=known, replayed=True)
        try:
            offer = await self._offer(command)
        except (UnknownPack, PlanNotOnSale):
            if known is None or known.page_id is None:
                raise
            # Its page has expired and there can be no other: that is how it stands.
            return Opened(checkout=known, replayed=True)
        require_price(Price.of(offer), command.expected_price)
        return await self._open(command, offer)

    async def _opened_before(self, command: CreateCheckout) -> Checkout | None:
        """Return the checkout that the key stands for, as it stands now. Raises IdempotencyKeyReused."""
        async with self.units.of(command.user_id) as work:
            await require_staying(work, command.user_id)
            if command.idempotency_key is None:
                return None
            known = await work.checkout_of_key(command.user_id, command.idempotency_key)
        if known is None:
            return None
        _require_same(known, command)
        return await self.follow.look_again(known)

    async def _open(self, command: CreateCheckout, offer: Offer) -> Opened:
        wanted = self._new(command, offer)
        async with self.units.of(command.user_id) as work:
            await require_staying(work, command.user_id)
            checkout = await work.add_checkout(wanted)
        # Somebody else may have come first with the same key.
        _require_same(checkout, command)
        # Without a page nothing was answered before.
        replayed = checkout.page_id is not None
        if checkout.page_id is None or checkout.status is CheckoutStatus.EXPIRED:
            request = PageRequest(
                email=command.email, success_url=command.success_url, cancel_url=command.cancel_url
            )
            if offer.plan_id is not None:
                await self.subscribers.require_none(command.user_id)
            try:
                checkout = await self.pages.open(checkout, offer, request)
            except PaymentProcessorMisconfigured:
                # Whoever looks again sees whether it is on sale.
                await self.prices.look_again()
                raise
            except PriceChanged as changed:
                await self.prices.look_again()
                raise price_changed(Price.of(await self._offer(command))) from changed
        return Opened(checkout=checkout, replayed=replayed)

    async def _offer(self, command: CreateCheckout) -> Offer:
        offered = await self.offers.read()
        if command.plan_id is None:
            pack = offered.find(command.pack_id) if command.pack_id else None
            if pack is None:
                raise UnknownPack(
                    f"there is no pack {command.pack_id!r} on sale", pack_id=command.pack_id or ""
                )
            return offer_of_pack(pack)
        plan, price = offered.on_sale(command.plan_id, command.interval)
        async with self.units.of(command.user_id) as work:
            is_first = not await work.has_paid_plan(command.user_id)
        return offer_of_plan(plan, price, is_first=is_first)

    def _new(self, command: CreateCheckout, offer: Offer) -> Checkout:
        checkout_id, now = CheckoutId(self.ids.new("chk")), self.clock.now()
        return Checkout(
            checkout_id=checkout_id,
            user_id=command.user_id,
            idempotency_key=checkout_id if command.idempotency_key is None else command.idempotency_key,
            pack_id=offer.pack_id,
            plan_id=offer.plan_id,
            interval=offer.interval,
            pack_title=offer.title,
            credits=offer.credits,
            price_minor=offer.price_minor,
            currency=offer.currency,
            created_at=now,
            opened_at=now,
            fingerprint=command.fingerprint,
        )

    def _validate(self, command: CreateCheckout) -> None:
        require_text("user_id", command.user_id)
        require_text("email", command.email, longest=320)
        if (command.pack_id is None) == (command.plan_id is None):
            raise InvalidField("plan_id", "say either a pack or a plan")
        if command.plan_id is None:
            require_text("pack_id", command.pack_id or "")
        else:
            require_text("plan_id", command.plan_id)
            if command.interval is None:
                raise InvalidField("interval", "is required with a plan")
        if command.idempotency_key is not None:
            require_text("idempotency_key", command.idempotency_key)
        require_same_origin("success_url", command.success_url, self.public_url)
        require_same_origin("cancel_url", command.cancel_url, self.public_url)


def _price_of(checkout: Checkout) -> Price:
    return Price(price_minor=checkout.price_minor, currency=checkout.currency)


def _require_same(known: Checkout, command: CreateCheckout) -> None:
    """Raise IdempotencyKeyReused unless the key's first request was this one."""
    if not is_same_request(known, pack_id=command.pack_id, asked=command.fingerprint):
        raise IdempotencyKeyReused("this key opened another checkout before", checkout_id=known.checkout_id)
