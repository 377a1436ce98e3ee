"""What the gateway needs of the ledger, by the gateway's own port: its fake and the real thing."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

import pytest
from contract_support import connect, ledger_in_memory, serve_ledger
from gateway.adapters.outbound.grpc_ledger import GrpcLedger
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.domain.credits import Category, EntryFilter, EntryKind, ReservationState
from gateway.domain.errors import InvalidRequest
from gateway.ports.ledger import Ledger
from support import HandClock, LedgerUnderTest, charge

ME = "usr_me"


class Story(Protocol):
    """What the other services do with the ledger meanwhile."""

    port: Ledger

    async def happen(self) -> None:
        """100 credits are granted, 30 reserved for gen_1, and 20 of them charged."""


@dataclass
class FakeStory:
    """In the gateway's own fake."""

    port: MemoryLedger

    async def happen(self) -> None:
        self.port.grant(ME, 100)
        self.port.reserve(ME, 30, "gen_1")
        self.port.settle("gen_1", charged_credits=20)


@dataclass
class RealStory:
    """In the ledger itself."""

    port: GrpcLedger
    ledger: LedgerUnderTest

    async def happen(self) -> None:
        await self.ledger.give(ME, 100)
        reservation_id = await self.ledger.hold(ME, 30, "gen_1")
        await self.ledger.apply(charge(reservation_id, 20, "gen_1"))


@pytest.fixture(params=["fake", "real"])
async def story(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Story:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        return FakeStory(MemoryLedger(HandClock()))
    ledger = ledger_in_memory()
    target = await serve_ledger(stack, ledger)
    return RealStory(GrpcLedger(await connect(stack, target, "gateway")), ledger)


async def test_what_a_new_person_gets_is_told_to_everybody(story: Story) -> None:
    """With a balance, and where there is no account yet: the same."""
    balance = await story.port.balance("usr_new")
    assert await story.port.welcome_credits() == balance.welcome_credits == 1_000


async def test_an_unused_account_is_empty(story: Story) -> None:
    """Zeroes and no entries, not an error."""
    balance = await story.port.balance("usr_new")
    assert (balance.available, balance.held, balance.sequence) == (0, 0, 0)
    assert list((await story.port.entries("usr_new", EntryFilter(), cursor=None, limit=5)).items) == []
    assert await story.port.reservation("usr_new", "gen_1") is None


async def test_balance_and_statement(story: Story) -> None:
    """The same story reads the same: amounts, running balances, what was taken."""
    await story.happen()
    balance = await story.port.balance(ME)
    assert (balance.available, balance.held, balance.sequence) == (80, 0, 3)
    assert balance.by_category == {Category.PROMOTIONAL: 80}
    page = await story.port.entries(ME, EntryFilter(), cursor=None, limit=10)
    assert [(one.kind, one.amount, one.settled, one.balance_after, one.held_after) for one in page.items] == [
        (EntryKind.CHARGE, 10, 20, 80, 0),
        (EntryKind.RESERVE, -30, 0, 70, 30),
        (EntryKind.GRANT, 100, 0, 100, 0),
    ]
    assert page.items[0].generation_id == "gen_1"
    assert page.next_cursor is None


async def test_pages_meet_and_filters_narrow(story: Story) -> None:
    """No entry is missing or twice; a cursor that is none is refused by name."""
    await story.happen()
    first = await story.port.entries(ME, EntryFilter(), cursor=None, limit=2)
    second = await story.port.entries(ME, EntryFilter(), cursor=first.next_cursor, limit=2)
    assert [one.sequence for one in (*first.items, *second.items)] == [3, 2, 1]
    assert second.next_cursor is None
    only = EntryFilter(kinds=(EntryKind.RESERVE,))
    assert [one.sequence for one in (await story.port.entries(ME, only, cursor=None, limit=5)).items] == [2]
    with pytest.raises(InvalidRequest):
        await story.port.entries(ME, EntryFilter(), cursor="nonsense", limit=2)


async def test_credits_are_told_by_where_they_came_from(story: Story) -> None:
    """What is left of each grant; nothing of an account without any."""
    await story.happen()
    found = await story.port.open_lots(ME)
    assert sum(lot.remaining for lot in found.lots) == (await story.port.balance(ME)).available
    assert [(lot.amount, lot.remaining, lot.held, lot.expires_at) for lot in found.lots] == [
        (100, 80, 0, None)
    ]
    assert (await story.port.open_lots("usr_other")).lots == []


async def test_a_reservation_is_explained_to_its_owner_alone(story: Story) -> None:
    """State, amounts and the lots it came from; nothing for anybody else."""
    await story.happen()
    reservation = await story.port.reservation(ME, "gen_1")
    assert reservation is not None
    assert (reservation.state, reservation.reserved) == (ReservationState.CHARGED, 30)
    assert (reservation.charged, reservation.refunded) == (20, 10)
    lots = await story.port.reservation_lots(ME, reservation.reservation_id)
    assert [lot.amount for lot in lots] == [30]
    assert await story.port.reservation("usr_other", "gen_1") is None
