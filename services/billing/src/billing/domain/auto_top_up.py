"""Buying a pack by itself when credits run low: what a person asked for, and where it stands. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from billing.domain.identifiers import CheckoutId, CustomerId, PackId, PaymentId, PaymentMethodId, UserId
from billing.domain.price import Price

# A card that was refused so often in a row is not tried again before its owner says so.
REFUSALS_MAX = 2


class AutoTopUpStatus(StrEnum):
    """Whether packs are bought by themselves."""

    OFF = "off"
    ACTIVE = "active"
    # It stopped itself; its owner turns it on again.
    PAUSED_BY_FAILURE = "paused_by_failure"
    # The bank asks for its owner, who pays on a page; that turns it on again.
    NEEDS_AUTHENTICATION = "needs_authentication"


class StopReason(StrEnum):
    """Why it stopped itself."""

    PAYMENT_REFUSED = "payment_refused"
    NO_PAYMENT_METHOD = "no_payment_method"
    PACK_NOT_ON_SALE = "pack_not_on_sale"
    AUTHENTICATION_REQUIRED = "authentication_required"
    # The pack costs more than its owner agreed to.
    PRICE_RAISED = "price_raised"


@dataclass(frozen=True, kw_only=True)
class AutoTopUp:
    """One a user. `available` and `sequence` are the newest balance that was heard of.

    `in_flight` is the top-up that was begun and whose credits the balance does not show yet: while there is
    one there is no other. `is_paid` says that its money arrived. `authenticates` is the top-up that its
    owner can pay on a page. `due_at` is when it is looked at next. `price_minor` and `currency` are what its
    owner agreed to pay for the pack at most; None of one that is older than that.
    """

    user_id: UserId
    threshold_credits: int
    pack_id: PackId
    # In a calendar month, UTC.
    purchases_max: int
    status: AutoTopUpStatus = AutoTopUpStatus.ACTIVE
    reason: StopReason | None = None
    refusals: int = 0
    available: int | None = None
    sequence: int = 0
    in_flight: CheckoutId | None = None
    is_paid: bool = False
    authenticates: CheckoutId | None = None
    due_at: datetime | None = None
    price_minor: int | None = None
    currency: str | None = None

    @property
    def accepted(self) -> Price | None:
        """What its owner agreed to pay for the pack."""
        if self.price_minor is None or self.currency is None:
            return None
        return Price(price_minor=self.price_minor, currency=self.currency)

    def accepting(self, price: Price) -> "AutoTopUp":
        """Return it with a price that its owner agreed to."""
        return replace(self, price_minor=price.price_minor, currency=price.currency)

    def is_too_dear(self, asked: Price) -> bool:
        """Whether the pack costs more than its owner agreed to: another currency can't be told from more."""
        known = self.accepted
        return known is not None and (
            asked.currency != known.currency or asked.price_minor > known.price_minor
        )

    @property
    def is_low(self) -> bool:
        """Whether fewer credits are left than its owner wants; False before any balance was heard of."""
        return self.available is not None and self.available < self.threshold_credits

    @property
    def may_begin(self) -> bool:
        """Whether a top-up is wanted now, but for the month's bound."""
        return self.status is AutoTopUpStatus.ACTIVE and self.is_low and self.in_flight is None

    def heard(self, *, available: int, sequence: int, now: datetime) -> "AutoTopUp":
        """Return it with a balance, unless a newer one was heard of."""
        if sequence <= self.sequence:
            return self
        return replace(self, available=available, sequence=sequence)._looked_at(now)

    def changed(
        self, *, is_on: bool, threshold_credits: int, pack_id: PackId, purchases_max: int, now: datetime
    ) -> "AutoTopUp":
        """Return what its owner wants from now on: nothing of before keeps it stopped."""
        wanted = replace(
            self,
            status=AutoTopUpStatus.ACTIVE if is_on else AutoTopUpStatus.OFF,
            threshold_credits=threshold_credits,
            pack_id=pack_id,
            purchases_max=purchases_max,
        )
        return wanted._again(now)

    def begun(self, checkout_id: CheckoutId, *, until: datetime) -> "AutoTopUp":
        """Return it with a top-up in flight, which is asked about again at `until` if nobody settles it."""
        return replace(self, in_flight=checkout_id, is_paid=False, due_at=until)

    def held_back(self) -> "AutoTopUp":
        """Return it with nothing begun, and with nothing asked about that is in flight."""
        return replace(self, due_at=None)

    def going_on(self, now: datetime) -> "AutoTopUp":
        """Return it after it was held back: looked at again, where there is anything to look at."""
        waits = self.in_flight is not None and not self.is_paid
        return replace(self, due_at=now) if waits or self.may_begin else self

    def paid(self) -> "AutoTopUp":
        """Return it with the top-up's money here: it waits for the balance to show the credits."""
        return replace(self, is_paid=True, refusals=0, due_at=None)

    def credited(self, now: datetime) -> "AutoTopUp":
        """Return it with the top-up's credits in the balance: the next one may begin."""
        return replace(self, in_flight=None, is_paid=False, refusals=0)._looked_at(now)

    def authenticated(self, now: datetime) -> "AutoTopUp":
        """Return it on again: its owner paid what the bank asked about."""
        return replace(self, status=AutoTopUpStatus.ACTIVE)._again(now)

    def refused(self, now: datetime, *, retry_after: timedelta) -> "AutoTopUp":
        """Return it after the bank refused: tried again later, or stopped."""
        known = replace(self, in_flight=None, is_paid=False, refusals=self.refusals + 1)
        if known.refusals >= REFUSALS_MAX:
            return known.stopped(StopReason.PAYMENT_REFUSED)
        return replace(known, due_at=now + retry_after)

    def stopped(self, reason: StopReason, *, authenticates: CheckoutId | None = None) -> "AutoTopUp":
        """Return it stopped, unless its owner turned it off meanwhile: then it stays off."""
        asks = reason is StopReason.AUTHENTICATION_REQUIRED
        is_off = self.status is AutoTopUpStatus.OFF
        why = AutoTopUpStatus.NEEDS_AUTHENTICATION if asks else AutoTopUpStatus.PAUSED_BY_FAILURE
        return replace(
            self,
            status=self.status if is_off else why,
            reason=None if is_off else reason,
            in_flight=None,
            is_paid=False,
            authenticates=authenticates,
            due_at=None,
        )

    def _again(self, now: datetime) -> "AutoTopUp":
        fresh = replace(self, reason=None, refusals=0, authenticates=None)
        return (fresh if fresh.in_flight else replace(fresh, due_at=None))._looked_at(now)

    def _looked_at(self, now: datetime) -> "AutoTopUp":
        if self.in_flight is not None:
            # When it is asked about next is no matter of the balance.
            return self
        return replace(self, due_at=(self.due_at or now) if self.may_begin else None)


@dataclass(frozen=True, kw_only=True)
class TopUpStanding:
    """How it stands for its owner: the month's purchases, and the open page where the bank is answered."""

    auto_top_up: AutoTopUp
    purchases: int
    url: str | None


class TopUpState(StrEnum):
    """What became of one top-up."""

    OPEN = "open"
    PAID = "paid"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class TopUp:
    """One pack that was bought, or tried to be, without its owner there. Its checkout has the terms.

    The customer is the one that was asked first: what was paid is looked for there.
    """

    checkout_id: CheckoutId
    user_id: UserId
    customer_id: CustomerId
    created_at: datetime
    state: TopUpState = TopUpState.OPEN


@dataclass(frozen=True, kw_only=True)
class SavedMethod:
    """What a customer pays with when nobody is there, as a person knows it: `visa`, `4242`."""

    method_id: PaymentMethodId
    brand: str
    last4: str


class ChargeStatus(StrEnum):
    """What came of a payment without the customer."""

    PAID = "paid"
    PROCESSING = "processing"
    REFUSED = "refused"
    NEEDS_AUTHENTICATION = "needs_authentication"
    # There is nothing to pay with: nothing was tried.
    NO_METHOD = "no_method"


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A payment without the customer, as it stands. `payment_id` is None where nothing was tried."""

    status: ChargeStatus
    payment_id: PaymentId | None = None
