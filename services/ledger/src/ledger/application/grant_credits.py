"""Use case: add a lot of credits to an account."""

from dataclasses import dataclass
from datetime import datetime

from ledger.application.bounds import require_amount, require_between, require_short, require_text
from ledger.application.once import once
from ledger.domain.balance import Balance
from ledger.domain.entry import Links
from ledger.domain.errors import InvalidField
from ledger.domain.lot import USUAL_PRIORITY, Category, Lot
from ledger.ports.clock import Clock
from ledger.ports.id_source import IdSource
from ledger.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class GrantCredits:
    """Add `amount` credits. `source` says where they come from, such as `payment:pi_123`."""

    request_id: str
    account_id: str
    amount: int
    category: Category
    priority: int = USUAL_PRIORITY
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    source: str
    payment_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Granted:
    """The lot that was made, and the balance now."""

    grant_id: str
    balance: Balance
    replayed: bool


class GrantCreditsHandler:
    """Grants once per request id, and once per event when one is given."""

    def __init__(self, units: UnitsOfWork, clock: Clock, ids: IdSource) -> None:
        self._units = units
        self._clock = clock
        self._ids = ids

    async def handle(self, command: GrantCredits, *, event_id: str | None = None) -> Granted | None:
        """Grant and return the lot; None when the event was handled before.

        Raises InvalidField and IdempotencyKeyReused, and changes nothing then.
        """
        _validate(command)
        now = self._clock.now()
        async with self._units.begin(None if event_id else command.account_id) as unit:
            if event_id and not await unit.first_time(event_id):
                return None
            account = await unit.lock_account(command.account_id)

            def decide() -> str:
                lot = _lot(command, grant_id=self._ids.new("grt"), now=now)
                links = Links(
                    transaction_id=self._ids.new("txn"), request_id=command.request_id, reason=command.reason
                )
                account.grant(lot, links=links, now=now, new_id=self._ids.new)
                return lot.grant_id

            outcome = await once(
                unit, request_id=command.request_id, command=command, account=account, now=now, decide=decide
            )
            await unit.commit(account)
        return Granted(grant_id=outcome.made_id, balance=account.balance(), replayed=outcome.replayed)


def _lot(command: GrantCredits, *, grant_id: str, now: datetime) -> Lot:
    return Lot(
        grant_id=grant_id,
        account_id=command.account_id,
        category=command.category,
        amount=command.amount,
        remaining=command.amount,
        priority=command.priority,
        effective_at=command.effective_at or now,
        expires_at=command.expires_at,
        source=command.source,
        payment_id=command.payment_id,
        created_at=now,
    )


def _validate(command: GrantCredits) -> None:
    require_text("request_id", command.request_id)
    require_text("account_id", command.account_id)
    require_amount("amount", command.amount)
    require_between("priority", command.priority, 0, 1000)
    require_text("source", command.source)
    require_short("reason", command.reason, longest=1000)
    if command.expires_at and command.effective_at and command.expires_at <= command.effective_at:
        raise InvalidField("expires_at", "must be after effective_at")
