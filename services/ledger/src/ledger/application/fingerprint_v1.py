"""The first fingerprints, which had no version: how the ledger wrote them until version 2. Frozen.

They are the sha256 (hex) of Python's `repr` of a command's class and fields. Rows with them are kept for
ever, so this file never changes, and whatever it prints (an enumeration, a budget's scope) keeps its name.
"""

from collections.abc import Collection
from hashlib import sha256
from types import MappingProxyType

from ledger.application.command import Command

_SHARED = ("request_id", "reason", "actor", "metadata")
_GRANT = (
    *_SHARED,
    "account_id",
    "amount",
    "category",
    "priority",
    "effective_at",
    "expires_at",
    "source",
    "payment_id",
)
# By a command's kind: what its class was called, and its fields in the order of their declaration.
_FORMS = {
    "grant": ("GrantCredits", _GRANT),
    "renew": ("RenewSubscription", _GRANT),
    "reserve": (
        "ReserveCredits",
        (*_SHARED, "account_id", "amount", "reference", "ttl_s", "budget_scopes"),
    ),
    "charge": ("ChargeReservation", (*_SHARED, "reservation_id", "amount")),
    "refund": ("RefundReservation", (*_SHARED, "reservation_id", "even_if_charged")),
    "extend": ("ExtendReservation", (*_SHARED, "reservation_id", "ttl_s")),
    "claw_back": (
        "ClawBackCredits",
        (*_SHARED, "account_id", "payment_id", "cause", "target", "reinstated"),
    ),
    "adjust": ("AdjustBalance", (*_SHARED, "account_id", "amount")),
}
_USUAL_PRIORITY = 100


def fingerprint(command: Command, *, present: Collection[str]) -> str | None:
    """Return a command's fingerprint of then; None when it asks for something that did not exist then."""
    if command.kind not in _FORMS:
        return None
    name, fields = _FORMS[command.kind]
    if not set(present) <= set(fields):
        return None
    content = (name, tuple(_value(command, field) for field in fields))
    return sha256(repr(content).encode()).hexdigest()


def _value(command: Command, field: str) -> object:
    value = getattr(command, field)
    if field == "metadata":
        return dict(value) if value else MappingProxyType({})
    if field in {"reason", "actor"} and value is None:
        return ""
    if field == "priority" and value is None:
        return _USUAL_PRIORITY
    return value
