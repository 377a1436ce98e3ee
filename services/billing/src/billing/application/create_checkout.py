"""Use case: open a hosted checkout page for one pack."""

from dataclasses import dataclass, replace

from billing.application.bounds import require_same_origin, require_text
from billing.domain.checkout import Checkout
from billing.domain.errors import IdempotencyKeyReused, PaymentProcessorUnavailable, UnknownPack
from billing.domain.pack import Catalogue
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class CreateCheckout:
    """Sell one pack to one user. Without a key, every call opens a checkout of its own."""

    user_id: str
    email: str
    pack_id: str
    idempotency_key: str
    success_url: str
    cancel_url: str


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The checkout, and whether this key had opened it before."""

    checkout: Checkout
    replayed: bool


class CreateCheckoutHandler:
    """Commits the checkout before it asks the processor: a crash in between opens no second one."""

    def __init__(
        self,
        units: UnitsOfWork,
        processor: PaymentProcessor,
        catalogue: Catalogue,
        clock: Clock,
        ids: IdSource,
        *,
        public_url: str,
    ) -> None:
        self._units = units
        self._processor = processor
        self._catalogue = catalogue
        self._clock = clock
        self._ids = ids
        self._public_url = public_url

    async def handle(self, command: CreateCheckout) -> Opened:
        """Open the page, or return the one that this key opened.

        Raises InvalidField, UnknownPack, IdempotencyKeyReused, PaymentProcessorUnavailable.
        """
        self._validate(command)
        pack = self._catalogue.find(command.pack_id)
        if pack is None:
            raise UnknownPack(f"there is no pack {command.pack_id!r}", pack_id=command.pack_id)
        checkout_id = self._ids.new("chk")
        wanted = Checkout(
            checkout_id=checkout_id,
            user_id=command.user_id,
            idempotency_key=command.idempotency_key or checkout_id,
            pack_id=pack.pack_id,
            pack_title=pack.title,
            credits=pack.credits,
            price_minor=pack.price_minor,
            currency=pack.currency,
            created_at=self._clock.now(),
        )
        async with self._units.begin(command.user_id) as unit:
            checkout = await unit.add_checkout(wanted)
            customer_id = await unit.customer_of(command.user_id)
            await unit.commit()
        replayed = checkout.checkout_id != checkout_id
        if checkout.pack_id != command.pack_id:
            raise IdempotencyKeyReused(
                f"this key opened a checkout of {checkout.pack_id!r} before", checkout_id=checkout.checkout_id
            )
        if checkout.session_id is None:
            checkout = await self._open(checkout, pack.lookup_key, customer_id, command)
        return Opened(checkout=checkout, replayed=replayed)

    async def _open(
        self, checkout: Checkout, lookup_key: str, customer_id: str | None, command: CreateCheckout
    ) -> Checkout:
        if customer_id is None:
            opened = await self._processor.open_customer(user_id=command.user_id, email=command.email)
            async with self._units.begin(command.user_id) as unit:
                customer_id = await unit.link_customer(command.user_id, opened)
                await unit.commit()
        seen = await self._processor.open_checkout(
            checkout,
            lookup_key=lookup_key,
            customer_id=customer_id,
            success_url=command.success_url,
            cancel_url=command.cancel_url,
        )
        if (seen.amount_minor, seen.currency) != (checkout.price_minor, checkout.currency):
            # The catalogue was changed and not published: nobody is sent to a page with another price.
            raise PaymentProcessorUnavailable(
                f"the published price of {checkout.pack_id!r} is not the catalogue's: publish the catalogue"
            )
        async with self._units.begin(command.user_id) as unit:
            current = await unit.checkout(checkout.checkout_id, lock=True)
            if current is None:
                raise RuntimeError(f"checkout {checkout.checkout_id} was committed and is gone")
            if current.session_id is None:
                current = replace(
                    current, session_id=seen.session_id, url=seen.url, expires_at=seen.expires_at
                )
                await unit.save_checkout(current)
            await unit.commit()
        return current

    def _validate(self, command: CreateCheckout) -> None:
        require_text("user_id", command.user_id)
        require_text("email", command.email, longest=320)
        require_text("pack_id", command.pack_id)
        if command.idempotency_key:
            require_text("idempotency_key", command.idempotency_key)
        require_same_origin("success_url", command.success_url, self._public_url)
        require_same_origin("cancel_url", command.cancel_url, self._public_url)
