"""What generation needs of the ledger, by generation's own port: its fake and the real thing."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from contract_support import connect, ledger_in_memory, serve_ledger
from generation.adapters.outbound.grpc_ledger import GrpcLedger
from generation.adapters.outbound.memory_ledger import MemoryLedger
from generation.domain.identifiers import AccountId, ApiKeyId, GenerationId
from generation.domain.key_use import KeyUse
from generation.ports.ledger import KeyLimitReached, Ledger, Refusal, Reservation
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


async def reserve(
    ledger: Ledger, job: str, amount: int, *, key: KeyUse | None = None
) -> Reservation | Refusal | KeyLimitReached:
    """Ask for one job."""
    return await ledger.reserve(GenerationId(job), ALICE, amount_credits=amount, ttl_s=600, key=key)


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


async def test_a_key_has_a_limit_of_its_own(ledger: Ledger) -> None:
    """What it may not reserve it is refused for ever; others, and keys without a limit, go on."""
    key = KeyUse(ApiKeyId("key_1"), "Shop", 50)
    assert isinstance(await reserve(ledger, "gen_1", 40, key=key), Reservation)
    refused = await reserve(ledger, "gen_2", 11, key=key)
    assert isinstance(refused, KeyLimitReached)
    assert (refused.limit, refused.used) == (50, 40)
    assert await reserve(ledger, "gen_2", 11, key=key) == refused
    assert isinstance(await reserve(ledger, "gen_3", 10, key=key), Reservation)
    free = KeyUse(ApiKeyId("key_2"), "Other")
    assert isinstance(await reserve(ledger, "gen_4", 11, key=free), Reservation)
    assert isinstance(await reserve(ledger, "gen_5", 11), Reservation)


async def test_fifty_at_once_are_five(ledger: Ledger) -> None:
    """A key of 50 credits starts five jobs of ten, however many ask side by side."""
    key = KeyUse(ApiKeyId("key_1"), "Shop", 50)
    answers = await asyncio.gather(*(reserve(ledger, f"gen_{number}", 10, key=key) for number in range(50)))
    assert sum(isinstance(answer, Reservation) for answer in answers) == 5
    assert sum(isinstance(answer, KeyLimitReached) for answer in answers) == 45
