"""What every command of the ledger has: one file a use case defines each of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, NamedTuple, Self

from ledger.application.bounds import REASON_MAX, require_metadata, require_short, require_text
from ledger.domain.account import Account
from ledger.domain.balance import Balance
from ledger.domain.identifiers import AccountId, MadeId, RequestId, ReservationId, TransactionId
from ledger.domain.occasion import Occasion, no_metadata
from ledger.domain.reservation import Reservation
from ledger.ports.id_source import IdSource
from ledger.ports.unit_of_work import Needs, WorkingSet


class Outcome(NamedTuple):
    """How a command ended: what it made, or why it was refused; and the account's balance after it."""

    # None when it was refused.
    made_id: MadeId | None
    balance: Balance
    # The reservation as it stands, for commands that are about one.
    reservation: Reservation | None = None
    # For clawbacks: what is taken back for the payment in all.
    taken: int = 0
    replayed: bool = False
    refusal: Exception | None = None

    @classmethod
    def refused(cls, refusal: Exception) -> Self:
        """Return how a command ended that changed nothing and of which no balance is told."""
        return cls(None, Balance(AccountId("")), refusal=refusal)

    @classmethod
    def of_reservation(
        cls, account: Account, reservation_id: ReservationId, *, now: datetime, replayed: bool
    ) -> Self:
        """Return how a command ended that was about a reservation, as this stands now."""
        held = account.reservations[reservation_id]
        return cls(reservation_id, account.balance(now), held, replayed=replayed)


@dataclass(kw_only=True, slots=True)
class Command:
    """Something to do to one account, once per request id. Never changed once it is made.

    It is not frozen, because a frozen dataclass takes several times as long to make, and this one is made
    for every command of every batch.

    `kind` and the fields named in `asked` make the fingerprint, which is kept for ever: they never change,
    and a further field is optional, absent when it is None, and added at the end.
    """

    kind: ClassVar[str]
    asked: ClassVar[tuple[str, ...]] = ("reason", "actor", "metadata")

    # None for what is harmless to repeat: nothing is kept of it.
    request_id: RequestId | None
    reason: str | None = None
    actor: str | None = None
    metadata: Mapping[str, str] = field(default_factory=no_metadata)

    def validate(self) -> None:
        """Raise InvalidField for a value that is out of its bounds."""
        require_text("request_id", self.request_id)
        if self.reason:
            require_short("reason", self.reason, longest=REASON_MAX)
        if self.actor:
            require_short("actor", self.actor)
        require_metadata(self.metadata)

    def tell_needs(self, needs: Needs, now: datetime) -> None:
        """Add the keys of what it is about."""
        raise NotImplementedError

    def account(self, found: WorkingSet) -> Account:
        """Return the account that it changes. Raises ReservationNotFound where it needs one."""
        raise NotImplementedError

    def occasion(self, account: Account, now: datetime, ids: IdSource) -> Occasion:
        """Return what is known of it besides the account: a journal's time never goes back."""
        return Occasion(
            now=now,
            written_at=max(now, account.updated_at),
            new_id=ids.new,
            transaction_id=TransactionId(ids.new("txn")),
            request_id=self.request_id,
            actor=self.actor,
            reason=self.reason,
            metadata=self.metadata,
        )

    def decide(self, account: Account, occasion: Occasion) -> MadeId:
        """Change the account and return the id of what was made; or raise, with nothing changed."""
        raise NotImplementedError

    def outcome(self, account: Account, made_id: MadeId, *, now: datetime, replayed: bool) -> Outcome:
        """Return how it ended."""
        return Outcome(made_id, account.balance(now), replayed=replayed)
