"""Use case: say what a reservation would do, and do nothing."""

from ledger.application.command import Outcome
from ledger.application.reserve_credits import ReserveCredits
from ledger.ports.clock import Clock
from ledger.ports.id_source import IdSource
from ledger.ports.unit_of_work import Needs, UnitsOfWork


class PreviewReservationHandler:
    """Decides as Reserve does, and leaves without a commit: no row changes, no request id is used up."""

    def __init__(self, units: UnitsOfWork, clock: Clock, ids: IdSource) -> None:
        self._units = units
        self._clock = clock
        self._ids = ids

    async def handle(self, command: ReserveCredits) -> Outcome:
        """Return the reservation and the balance as they would be.

        Raises InvalidField, AccountInDebt, InsufficientCredits and BudgetExceeded as Reserve would.
        """
        command.validate()
        now = self._clock.now()
        needs = Needs()
        command.tell_needs(needs, now)
        async with self._units.begin() as unit:
            found = await unit.load(needs)
            account = command.account(found)
            occasion = command.occasion(account, now, self._ids)
            made_id = command.decide(account, occasion)
            return command.outcome(account, made_id, now=now, replayed=False)
