"""Use case: say what a reservation would do, and do nothing."""

from dataclasses import dataclass

from ledger.application.command import Outcome
from ledger.application.reserve_credits import ReserveCredits
from ledger.ports.clock import Clock
from ledger.ports.id_source import IdSource
from ledger.ports.unit_of_work import Needs, UnitsOfWork


@dataclass(frozen=True)
class PreviewReservationHandler:
    """Decides as Reserve does, and saves nothing: no row changes, no request id is used up."""

    units: UnitsOfWork
    clock: Clock
    ids: IdSource

    async def __call__(self, wanted: ReserveCredits) -> Outcome:
        """Return the reservation and the balance as they would be.

        Raises InvalidField, AccountInDebt, InsufficientCredits and BudgetExceeded as Reserve would.
        """
        wanted.validate()
        now = self.clock.now()
        needs = Needs()
        wanted.tell_needs(needs, now)
        async with self.units.of_system() as work:
            found = await work.load(needs)
            account = wanted.account(found)
            occasion = wanted.occasion(account, now, self.ids)
            made_id = wanted.decide(account, occasion)
            return wanted.outcome(account, made_id, now=now, replayed=False)
