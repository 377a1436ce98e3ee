"""Decide whether a pack is bought now, and write down that it is about to be."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billing.domain.auto_top_up import AutoTopUp, StopReason, TopUp
from billing.domain.catalogue import Catalogue
from billing.domain.checkout import Checkout
from billing.domain.events import AutoTopUpStopped
from billing.domain.identifiers import CheckoutId, CustomerId
from billing.domain.month import calendar_month
from billing.domain.pack import Pack
from billing.domain.price import Price
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import UnitOfWork

# Whoever began one and died leaves it to the others after this.
LEASE = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A checkout that is to be paid without a page, and by whom."""

    checkout: Checkout
    customer_id: CustomerId


@dataclass(frozen=True)
class TopUpStarter:
    """Works in the caller's transaction, which holds the account's lock: no two decide at once."""

    catalogue: Catalogue
    ids: IdSource

    async def begin(self, work: UnitOfWork, known: AutoTopUp, now: datetime) -> Begun | None:
        """Return the top-up that is to be paid now: the one in flight, or a new one where one is wanted.

        None where there is none; when it is looked at next is written down.
        """
        departure = await work.departure(known.user_id)
        if departure is not None and departure.is_leaving:
            # What was paid and not answered is found in the processor's list.
            await work.save_auto_top_up(known.held_back())
            return None
        if known.in_flight is not None:
            return await self._go_on(work, known, known.in_flight)
        if not known.may_begin:
            await work.save_auto_top_up(replace(known, due_at=None))
            return None
        month = calendar_month(now)
        if await work.count_top_ups(known.user_id, since=month.start) >= known.purchases_max:
            await work.save_auto_top_up(replace(known, due_at=month.end))
            return None
        pack = self.catalogue.at_prices(await work.processor_prices()).find(known.pack_id)
        customer_id = await work.customer_of(known.user_id)
        if pack is not None and known.is_too_dear(Price.of(pack)):
            await stop(work, known.stopped(StopReason.PRICE_RAISED), now)
            return None
        if pack is None or customer_id is None:
            missing = StopReason.PACK_NOT_ON_SALE if pack is None else StopReason.NO_PAYMENT_METHOD
            await stop(work, known.stopped(missing), now)
            return None
        checkout = await work.add_checkout(self._checkout(known, pack, now))
        await work.add_top_up(
            TopUp(
                checkout_id=checkout.checkout_id,
                user_id=known.user_id,
                customer_id=customer_id,
                created_at=now,
            )
        )
        # Who set it up before prices were kept agreed to the first that is paid.
        agreed = known if known.accepted is not None else known.accepting(Price.of(pack))
        await work.save_auto_top_up(agreed.begun(checkout.checkout_id, until=now + LEASE))
        return Begun(checkout=checkout, customer_id=customer_id)

    async def _go_on(self, work: UnitOfWork, known: AutoTopUp, in_flight: CheckoutId) -> Begun | None:
        checkout, top_up = await work.checkout(in_flight), await work.top_up(in_flight)
        if known.is_paid or checkout is None or top_up is None:
            # The balance is to show its credits: nothing is done before.
            await work.save_auto_top_up(replace(known, due_at=None))
            return None
        return Begun(checkout=checkout, customer_id=top_up.customer_id)

    def _checkout(self, known: AutoTopUp, pack: Pack, now: datetime) -> Checkout:
        checkout_id = CheckoutId(self.ids.new("chk"))
        return Checkout(
            checkout_id=checkout_id,
            user_id=known.user_id,
            idempotency_key=checkout_id,
            pack_id=pack.pack_id,
            pack_title=pack.title,
            credits=pack.credits,
            price_minor=pack.price_minor,
            currency=pack.currency,
            created_at=now,
            opened_at=now,
        )


async def stop(work: UnitOfWork, stopped: AutoTopUp, now: datetime, *, url: str | None = None) -> None:
    """Write down that it stopped, and tell it, unless its owner had turned it off meanwhile."""
    await work.save_auto_top_up(stopped)
    if stopped.reason is not None:
        await work.publish(AutoTopUpStopped(auto_top_up=stopped, url=url, occurred_at=now))
