"""Use case: set credits aside for a job."""

from dataclasses import dataclass
from datetime import timedelta

from ledger.application.bounds import TTL_MAX_S, TTL_MIN_S, require_amount, require_between, require_text
from ledger.application.once import once
from ledger.domain.balance import Balance
from ledger.domain.entry import Links
from ledger.domain.reservation import Reservation
from ledger.ports.clock import Clock
from ledger.ports.id_source import IdSource
from ledger.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class ReserveCredits:
    """Hold `amount` credits for `reference` until `ttl_s` seconds have passed."""

    request_id: str
    account_id: str
    amount: int
    reference: str
    ttl_s: int


@dataclass(frozen=True, kw_only=True)
class Reserved:
    """The reservation as it stands, and the balance now."""

    reservation: Reservation
    balance: Balance
    replayed: bool


class ReserveCreditsHandler:
    """Reserves once per request id."""

    def __init__(self, units: UnitsOfWork, clock: Clock, ids: IdSource) -> None:
        self._units = units
        self._clock = clock
        self._ids = ids

    async def handle(self, command: ReserveCredits) -> Reserved:
        """Hold the credits, or raise InsufficientCredits: then nothing is held, and never will be
        under this request id. Raises InvalidField and IdempotencyKeyReused."""
        _validate(command)
        now = self._clock.now()
        async with self._units.begin(command.account_id) as unit:
            account = await unit.lock_account(command.account_id)

            def decide() -> str:
                reservation = account.reserve(
                    command.amount,
                    reference=command.reference,
                    expires_at=now + timedelta(seconds=command.ttl_s),
                    links=Links(transaction_id=self._ids.new("txn"), request_id=command.request_id),
                    now=now,
                    new_id=self._ids.new,
                )
                return reservation.reservation_id

            outcome = await once(
                unit, request_id=command.request_id, command=command, account=account, now=now, decide=decide
            )
            reservation = await unit.reservation(account, outcome.made_id)
            await unit.commit(account)
        outcome.raise_if_refused()
        if reservation is None:
            raise RuntimeError(f"request {command.request_id} made {outcome.made_id}, which is gone")
        return Reserved(reservation=reservation, balance=account.balance(), replayed=outcome.replayed)


def _validate(command: ReserveCredits) -> None:
    require_text("request_id", command.request_id)
    require_text("account_id", command.account_id)
    require_amount("amount", command.amount)
    require_text("reference", command.reference)
    require_between("ttl_s", command.ttl_s, TTL_MIN_S, TTL_MAX_S)
