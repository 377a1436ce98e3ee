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
    owed_back: Mapping[str, int]
    taken_back: Mapping[str, int]


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
