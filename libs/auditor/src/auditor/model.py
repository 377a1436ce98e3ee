"""What the auditor compares, and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass


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
class Books:
    """Everything that is compared, read from three services."""

    jobs: Mapping[str, Job]
    reservations: Mapping[str, SettledReservation]
    purchases: Mapping[str, Payment]
    grants: Mapping[str, Payment]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One invariant: how many things were checked, how many broke it, the first few of those."""

    invariant: str
    description: str
    checked: int
    violations: int
    examples: tuple[str, ...] = ()
