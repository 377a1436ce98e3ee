"""What generation needs of the ledger, by generation's own port: its fake and the real thing."""

from contextlib import AsyncExitStack

import pytest
from contract_support import connect, ledger_in_memory, serve_ledger
from generation.adapters.outbound.grpc_ledger import GrpcLedger
from generation.adapters.outbound.memory_services import MemoryLedger
from generation.domain.identifiers import AccountId, GenerationId
from generation.ports.ledger import Ledger, Refusal, Reservation
from ledger.application.claw_back_credits import ClawBackCredits
from ledgerclient.coalescing import CoalescingLedger, running

ALICE = AccountId("usr_alice")


@pytest.fixture(params=["fake", "real"])
async def ledger(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Ledger:
    """A ledger in which Alice has 100 credits."""
    if request.param == "fake":
        return MemoryLedger(available=100)
    real = ledger_in_memory()
    await real.give(ALICE, 100)
    link = await connect(stack, await serve_ledger(stack, real), "generation")
    return GrpcLedger(await stack.enter_async_context(running(CoalescingLedger(link))))


async def reserve(ledger: Ledger, job: str, amount: int) -> Reservation | Refusal:
    """Ask for one job."""
    return await ledger.reserve(GenerationId(job), ALICE, amount_credits=amount, ttl_s=600)


async def test_credits_are_held_once_per_job(ledger: Ledger) -> None:
    """Asking again returns the same reservation and holds nothing more."""
    first = await reserve(ledger, "gen_1", 60)
    assert isinstance(first, Reservation)
    assert await reserve(ledger, "gen_1", 60) == first
    assert isinstance(await reserve(ledger, "gen_2", 40), Reservation)


async def test_too_few_credits_is_an_answer_that_stays(ledger: Ledger) -> None:
    """The refusal says how many there are, and the same job is refused for ever."""
    assert await reserve(ledger, "gen_1", 101) == Refusal(available=100)
    assert await reserve(ledger, "gen_1", 101) == Refusal(available=100)
    assert isinstance(await reserve(ledger, "gen_2", 100), Reservation)


@pytest.mark.parametrize("kind", ["fake", "real"])
async def test_an_account_in_debt_is_told_what_it_owes(kind: str, stack: AsyncExitStack) -> None:
    """A payment went back after its credits were spent: nothing is held until that is paid."""
    assert await reserve(await indebted(kind, stack), "gen_2", 1) == Refusal(available=0, owed=70)


async def indebted(kind: str, stack: AsyncExitStack) -> Ledger:
    """A ledger in which Alice spent 70 credits of a payment that went back."""
    if kind == "fake":
        return MemoryLedger(available=0, owed=70)
    real = ledger_in_memory()
    await real.give(ALICE, 100, payment_id="pi_1")
    await real.hold(ALICE, 70, "gen_1")
    await real.apply(
        ClawBackCredits(
            request_id="refund:pi_1", account_id=ALICE, payment_id="pi_1", cause="refund", target=100
        )
    )
    link = await connect(stack, await serve_ledger(stack, real), "generation")
    return GrpcLedger(await stack.enter_async_context(running(CoalescingLedger(link))))
