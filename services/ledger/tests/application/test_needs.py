"""What each command needs to be decided: a store locks and reads exactly this."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import pytest
from bare_accounts import ME
from command_makers import adjust, charge, claw_back, grant, refund, renew, reserve
from ledger.adapters.outbound.memory import MemoryLedger
from ledger.application.command import Command
from ledger.application.command_writer import CommandWriter
from ledger.application.expire_lots import ExpireLots
from ledger.application.extend_reservation import ExtendReservation
from ledger.application.open_account import OpenAccount
from ledger.application.postpone_reservation import PostponeReservation
from ledger.domain.budget import BudgetKey, BudgetPeriod, BudgetScope
from ledger.domain.errors import IdempotencyKeyReused, PaymentOfAnotherAccount
from ledger.domain.lot import Category
from ledger.ports.unit_of_work import Needs, UnitOfWork, WorkingSet
from support import CountingIds, HandClock, LedgerUnderTest

MIDMONTH = datetime(2026, 1, 15, 12, tzinfo=UTC)
RESERVATION = Needs(reservations={"res_1"})
BUDGETED = reserve(
    ME,
    10,
    budget_scopes=(
        BudgetScope("key:1", BudgetPeriod.DAY, 60),
        BudgetScope("key:1", BudgetPeriod.MONTH, 90),
        BudgetScope("member:1", BudgetPeriod.TOTAL, 500),
    ),
)
NEEDS: list[tuple[Command, Needs]] = [
    (grant(ME, 10), Needs(openings={ME})),
    (grant(ME, 10, payment_id="pi_1"), Needs(openings={ME}, payments={"pi_1"})),
    (renew(ME, 10), Needs(openings={ME}, sources={(ME, "subscription:sub_1")})),
    (reserve(ME, 10), Needs(accounts={ME})),
    (
        BUDGETED,
        Needs(
            accounts={ME},
            budgets={
                (ME, BudgetKey("key:1", BudgetPeriod.DAY, date(2026, 1, 15))),
                (ME, BudgetKey("key:1", BudgetPeriod.MONTH, date(2026, 1, 1))),
                (ME, BudgetKey("member:1", BudgetPeriod.TOTAL, date(1970, 1, 1))),
            },
        ),
    ),
    (charge("res_1", 10), RESERVATION),
    (refund("res_1"), RESERVATION),
    (ExtendReservation(request_id="r", reservation_id="res_1", ttl_s=60), RESERVATION),
    (PostponeReservation(reservation_id="res_1"), RESERVATION),
    (claw_back(ME, "pi_1", "refund", 10), Needs(openings={ME}, payments={"pi_1"})),
    (adjust(ME, 10), Needs(accounts={ME})),
    (OpenAccount(request_id="r", account_id=ME), Needs(openings={ME})),
    (ExpireLots(account_id=ME), Needs(accounts={ME})),
]


@pytest.mark.parametrize(("command", "needed"), NEEDS, ids=lambda value: type(value).__name__)
def test_a_command_tells_what_it_is_about(command: Command, needed: Needs) -> None:
    """Nothing that is missing would be read, and nothing more is locked than it needs."""
    needs = Needs()
    command.tell_needs(needs, MIDMONTH)
    assert needs == needed


class Noting(MemoryLedger):
    """A store that keeps what it was asked for."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.asked: list[Needs] = []

    @asynccontextmanager
    async def of_system(self) -> AsyncIterator[UnitOfWork]:
        """Note it on the way."""
        async with super().of_system() as work:
            load = work.load

            async def noted(needs: Needs) -> WorkingSet:
                self.asked.append(needs)
                return await load(needs)

            work.load = noted  # type: ignore[method-assign]
            yield work


async def test_a_transaction_asks_for_the_requests_and_the_event_that_there_are() -> None:
    """What has no request id is looked up under none, and neither is an event that nothing follows from."""
    store = Noting()
    writer = CommandWriter(store, HandClock(), CountingIds())
    await writer.apply(grant(ME, 10, request_id="req_1"), event_id="evt_1")
    await writer.apply_batch([grant("usr_b", 10, request_id="req_2"), ExpireLots(account_id=ME)])
    assert store.asked == [
        Needs(requests={"req_1"}, events={"evt_1"}, openings={ME}),
        Needs(requests={"req_2"}, accounts={ME}, openings={"usr_b"}),
    ]
    assert (store.events, store.requests.keys()) == ({"evt_1"}, {"req_1", "req_2"})


async def test_a_payment_of_another_account_is_refused_to_grants_and_clawbacks(
    ledger: LedgerUnderTest,
) -> None:
    """Nothing is granted, nothing taken, and no account opened; the request ids can still be used."""
    await ledger.give("usr_a", 100, Category.PAID, payment_id="pi_1")
    for command in (
        grant(ME, 100, Category.PAID, payment_id="pi_1", request_id="req_1"),
        claw_back(ME, "pi_1", "refund", 100, request_id="req_1"),
    ):
        with pytest.raises(PaymentOfAnotherAccount, match="payment pi_1 belongs to another account"):
            await ledger.apply(command)
    assert (await ledger.available("usr_a"), await ledger.available(ME)) == ((100, 0), (0, 0))
    await ledger.apply(grant(ME, 5, request_id="req_1"))
    with pytest.raises(IdempotencyKeyReused):
        await ledger.apply(grant(ME, 6, request_id="req_1"))
    await ledger.facts.expect("CreditsGranted", "CreditsGranted")
