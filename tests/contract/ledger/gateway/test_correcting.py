"""What the gateway needs of the ledger to correct balances: its fake and the real thing."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from chassis.clock import SystemClock
from command_makers import grant
from contract_support import connect, ledger_in_memory, serve_ledger
from gateway.adapters.outbound.grpc_ledger import GrpcLedger
from gateway.adapters.outbound.memory.corrections import MemoryCorrectedLedger
from gateway.domain.administration import Actor
from gateway.domain.credits import EntryFilter, EntryKind
from gateway.domain.errors import Forbidden, IdempotencyKeyReused, InsufficientCredits, NotFound
from gateway.domain.identifiers import AccountId, SessionId, UserId
from gateway.domain.user import Role
from gateway.ports.ledger import Ledger

ME = AccountId("usr_1")
BOSS = Actor(
    user_id=UserId("usr_boss"),
    role=Role.ADMIN,
    session_id=SessionId("ses_1"),
    client_address="203.0.113.7",
)


@pytest.fixture(params=["fake", "real"])
async def books(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Ledger:
    """The fake, and the real adapter before the real service; I have a hundred credits."""
    if request.param == "fake":
        fake = MemoryCorrectedLedger(SystemClock())
        fake.grant(ME, 100)
        return fake
    ledger = ledger_in_memory()
    await ledger.apply(grant(ME, 100))
    return GrpcLedger(await connect(stack, await serve_ledger(stack, ledger), "gateway"))


async def test_up_and_down(books: Ledger) -> None:
    """Each is a line of the person's statement with its reason, once a key of the actor's own."""
    up, replayed = await books.adjust(BOSS, ME, 50, reason="a black picture", idempotency_key="k1")
    assert (up.available, replayed) == (150, False)
    elsewhere = replace(BOSS, client_address="203.0.113.8")
    again, replayed = await books.adjust(elsewhere, ME, 50, reason="a black picture", idempotency_key="k1")
    assert (again.available, replayed) == (150, True)
    other = replace(BOSS, user_id=UserId("usr_other"))
    down, _ = await books.adjust(other, ME, -150, reason="sent twice", idempotency_key="k1")
    assert down.available == 0
    page = await books.entries(ME, EntryFilter(kinds=(EntryKind.ADJUST,)), cursor=None, limit=10)
    assert {entry.reason for entry in page.items} == {"a black picture", "sent twice"}
    assert sum(entry.amount for entry in page.items) == -100


async def test_what_may_not_be_is_refused(books: Ledger) -> None:
    """By anybody else, of an account that nobody opened, below nothing, another thing by the same key."""
    await books.adjust(BOSS, ME, 5, reason="x", idempotency_key="k1")
    for actor, account, amount, key, kind in (
        (replace(BOSS, role=Role.SUPPORT), ME, 5, "k2", Forbidden),
        (replace(BOSS, role=Role.USER), ME, 5, "k2", Forbidden),
        (BOSS, AccountId("usr_nobody"), 5, "k2", NotFound),
        (BOSS, ME, -106, "k2", InsufficientCredits),
        (BOSS, ME, 6, "k1", IdempotencyKeyReused),
    ):
        with pytest.raises(kind):
            await books.adjust(actor, account, amount, reason="x", idempotency_key=key)
    assert (await books.balance(ME)).available == 105
