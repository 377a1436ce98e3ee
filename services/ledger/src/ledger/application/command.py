"""What every command of the ledger has: one file a use case defines each of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from ledger.application.bounds import require_metadata, require_short, require_text
from ledger.domain.account import Account
from ledger.domain.balance import Balance
from ledger.domain.occasion import Occasion, no_metadata
from ledger.domain.reservation import Reservation
from ledger.ports.unit_of_work import Needs, WorkingSet


class Outcome(NamedTuple):
    """How a command ended: what it made, or why it was refused; and the account's balance after it."""

    made_id: str
    balance: Balance
    # The reservation as it stands, for commands that are about one.
    reservation: Reservation | None = None
    # For clawbacks: what is taken back for the payment in all.
    taken: int = 0
    replayed: bool = False
    refusal: Exception | None = None


@dataclass(kw_only=True, slots=True)
class Command:
    """Something to do to one account, once per request id. Never changed once it is made.

    It is not frozen, because a frozen dataclass takes several times as long to make, and this one is made
    for every command of every batch.
    """

    request_id: str
    reason: str = ""
    actor: str = ""
    metadata: Mapping[str, str] = field(default_factory=no_metadata)

    def validate(self) -> None:
        """Raise InvalidField for a value that is out of its bounds."""
        require_text("request_id", self.request_id)
        if self.reason:
            require_short("reason", self.reason, longest=1000)
        if self.actor:
            require_short("actor", self.actor)
        if self.metadata:
            require_metadata(self.metadata)

    def tell_needs(self, needs: Needs, now: datetime) -> None:
        """Add the keys of what it is about."""
        raise NotImplementedError

    def account(self, found: WorkingSet) -> Account:
        """Return the account that it changes. Raises ReservationNotFound where it needs one."""
        raise NotImplementedError

    def decide(self, account: Account, occasion: Occasion) -> str:
        """Change the account and return the id of what was made; or raise, with nothing changed."""
        raise NotImplementedError

    def outcome(self, account: Account, made_id: str, *, replayed: bool) -> Outcome:
        """Return how it ended."""
        return Outcome(made_id, account.balance(), replayed=replayed)

    def fingerprint(self) -> str:
        """Return the sha256 (hex) of its name and fields: the same command has the same one."""
        kind: Any = type(self)
        content = (kind.__name__, _content_of(kind)(self))
        return hashlib.sha256(repr(content).encode()).hexdigest()


@cache
def _content_of(command_type: Any) -> Any:
    """Read the fields that make a command what it is: all but those that are not compared."""
    return attrgetter(*(one.name for one in fields(command_type) if one.compare))
