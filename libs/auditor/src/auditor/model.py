"""What the auditor compares, and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Job:
    """A generation that ended, as generation tells it: what it asked the ledger to take of a reservation."""

    generation_id: str
    reservation_id: str
    charge_credits: int
    reserved_credits: int


@dataclass(frozen=True, kw_only=True)
class SettledReservation:
    """A reservation that is no longer held, as the ledger tells it."""

    reservation_id: str
    generation_id: str
    charged: int
    reserved: int


@dataclass(frozen=True, kw_only=True)
class Payment:
    """Credits that a payment is worth, as billing or the ledger tells it."""

    payment_id: str
    account_id: str
    credits: int


@dataclass(frozen=True, kw_only=True)
class Money:
    """What a payment brought and what went back of it, as billing or the payment processor tells it.

    `disputes` are those that moved money: pairs of the processor's id and where the money is.
    """

    amount_minor: int
    currency: str
    refunded_minor: int = 0
    disputes: frozenset[tuple[str, str]] = frozenset()
    moved_at: datetime = field(compare=False)


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """Credits that a plan brought, as billing told them or as the ledger granted them.

    `payment_id` is the payment of the invoice that pays for them, as billing says; empty: nothing was paid.
    """

    subscription_id: str
    account_id: str
    credits: int
    starts_at: datetime
    ends_at: datetime | None
    payment_id: str = field(default="", compare=False)
    invoice_id: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """Return its name: of one subscription one allocation begins at a moment."""
        return f"{self.subscription_id} {self.starts_at.isoformat()}"


@dataclass(frozen=True, kw_only=True)
class FreePlan:
    """A plan that costs nothing: only its last month is known, whose credits billing told last."""

    subscription_id: str
    account_id: str
    began_at: datetime
    allocated_from: datetime | None

    @property
    def last(self) -> str | None:
        """Return the name of its last month."""
        return f"{self.subscription_id} {self.allocated_from.isoformat()}" if self.allocated_from else None


@dataclass(frozen=True, kw_only=True)
class Books:
    """Everything that is compared, read from three services and, through billing, the payment processor.

    The money and the credits that are taken back are by payment; `processor` is None when it did not answer,
    and `processor_failure` says why.
    """

    jobs: Mapping[str, Job]
    reservations: Mapping[str, SettledReservation]
    purchases: Mapping[str, Payment]
    grants: Mapping[str, Payment]
    money: Mapping[str, Money]
    processor: Mapping[str, Money] | None
    processor_failure: str = ""
    # The processor's invoices of plans of which nothing was to be paid.
    unpaid_invoices: frozenset[str] = frozenset()
    owed_back: Mapping[str, int]
    taken_back: Mapping[str, int]
    # What billing told of paid plans' credits, and what the ledger granted of all plans', by their keys.
    allocations: Mapping[str, Allocation] = field(default_factory=dict)
    plan_grants: Mapping[str, Allocation] = field(default_factory=dict)
    # By subscription.
    free_plans: Mapping[str, FreePlan] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One invariant: how many things were checked, how many broke it, the first few of those.

    What is `pending` is different on both sides and moved so lately that it may still be on its way.
    """

    invariant: str
    description: str
    checked: int
    violations: int
    examples: tuple[str, ...] = ()
    pending: int = 0
