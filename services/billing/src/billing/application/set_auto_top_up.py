"""Use case: say whether packs are bought by themselves when credits run low."""

from dataclasses import dataclass

from billing.application.current_offers import CurrentOffers
from billing.application.require_staying import require_standing, require_staying
from billing.domain.auto_top_up import AutoTopUp
from billing.domain.errors import InvalidField, NoPaymentMethod, UnknownPack
from billing.domain.identifiers import PackId, UserId
from billing.domain.pack import Pack
from billing.domain.price import Price, require_price
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitOfWork, UnitsOfWork

THRESHOLD_MAX, PURCHASES_MAX = 1_000_000_000, 100


@dataclass(frozen=True, kw_only=True)
class SeenBalance:
    """A balance as whoever asks saw it, and its place among those of the account."""

    available: int
    sequence: int


@dataclass(frozen=True, kw_only=True)
class SetAutoTopUp:
    """What a user wants from now on. `expected_price` is what they were shown that the pack costs."""

    user_id: UserId
    is_on: bool
    threshold_credits: int
    pack_id: PackId
    purchases_max: int
    expected_price: Price | None = None
    balance: SeenBalance | None = None


@dataclass(frozen=True)
class SetAutoTopUpHandler:
    """Buys nothing itself: it writes down that a top-up is due."""

    units: UnitsOfWork
    processor: PaymentProcessor
    offers: CurrentOffers
    clock: Clock

    async def __call__(self, command: SetAutoTopUp) -> None:
        """Write down what is wanted, and at what price: what the pack costs now is agreed to.

        Raises InvalidField, UnknownPack, PriceChanged, NoPaymentMethod, AccountGone, AccountLeaving where
        it is to be on, and what the processor's port does.
        """
        pack = await self._validate(command)
        if command.is_on:
            require_price(Price.of(pack), command.expected_price)
            await self._require_method(command.user_id)
        async with self.units.of(command.user_id) as work:
            await self._write(work, command, Price.of(pack))

    async def _write(self, work: UnitOfWork, command: SetAutoTopUp, price: Price) -> None:
        now, seen = self.clock.now(), command.balance
        await (require_staying if command.is_on else require_standing)(work, command.user_id)
        first = AutoTopUp(
            user_id=command.user_id,
            threshold_credits=command.threshold_credits,
            pack_id=command.pack_id,
            purchases_max=command.purchases_max,
        )
        known = await work.auto_top_up(command.user_id)
        if known is None:
            # Of two that come at once one adds it, and the other finds it there.
            await work.add_auto_top_up(first)
            known = await work.auto_top_up(command.user_id) or first
        wanted = known.changed(
            is_on=command.is_on,
            threshold_credits=command.threshold_credits,
            pack_id=command.pack_id,
            purchases_max=command.purchases_max,
            now=now,
        )
        if command.is_on:
            wanted = wanted.accepting(price)
        if seen is not None:
            wanted = wanted.heard(available=seen.available, sequence=seen.sequence, now=now)
        await work.save_auto_top_up(wanted)

    async def _require_method(self, user_id: UserId) -> None:
        async with self.units.of(user_id) as work:
            await require_staying(work, user_id)
            customer_id = await work.customer_of(user_id)
        if customer_id is None or await self.processor.saved_method(customer_id) is None:
            raise NoPaymentMethod("nothing is saved to pay with: buy a pack first, and the card is kept")

    async def _validate(self, command: SetAutoTopUp) -> Pack:
        for field, value, most in (
            ("threshold_credits", command.threshold_credits, THRESHOLD_MAX),
            ("monthly_purchases_max", command.purchases_max, PURCHASES_MAX),
        ):
            if not 1 <= value <= most:
                raise InvalidField(field, f"must be from 1 to {most:,}, not {value:,}")
        # Whoever turns it off may have a pack that is on sale no more.
        offered = await self.offers.read() if command.is_on else self.offers.offered
        pack = offered.find(command.pack_id)
        if pack is None:
            raise UnknownPack(f"there is no pack {command.pack_id!r} on sale", pack_id=command.pack_id)
        return pack
