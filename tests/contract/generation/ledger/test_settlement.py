"""What the ledger's sweeper needs of generation, by the ledger's own port: its fake and the real thing."""

from contextlib import AsyncExitStack

import grpc
import pytest
from contract_support import connect, serve_generation
from generation_house import House, success
from ledger.adapters.outbound.grpc_generation import GrpcGenerationSettlements
from ledger.adapters.outbound.memory import MemoryGenerationSettlements
from ledger.ports.generation_settlements import Decision, Settlement


async def test_the_fake_and_the_real_thing_agree_on_the_unknown(stack: AsyncExitStack) -> None:
    """A job that generation never saw is refunded."""
    real = GrpcGenerationSettlements(await connect(stack, await serve_generation(stack, House()), "ledger"))
    for settlements in (MemoryGenerationSettlements(), real):
        assert (await settlements.ask("gen_" + "0" * 32)).decision is Decision.REFUND


async def test_verdicts_follow_the_job(stack: AsyncExitStack) -> None:
    """Running is pending, success is charged with its amount, cancelled is refunded."""
    house = House()
    settlements = GrpcGenerationSettlements(
        await connect(stack, await serve_generation(stack, house), "ledger")
    )
    running = await house.queued()
    assert (await settlements.ask(running.generation_id)).decision is Decision.PENDING
    house.provider.reports = [success(b"one")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(running)))
    assert await settlements.ask(running.generation_id) == Settlement(
        decision=Decision.CHARGE, charge_credits=house.stored(running).credits_charged
    )
    cancelled = await house.queued(prompt="another fox")
    await house.cancel(cancelled.account_id, cancelled.generation_id)
    assert (await settlements.ask(cancelled.generation_id)).decision is Decision.REFUND


async def test_silence_is_an_error_and_never_a_refund(stack: AsyncExitStack) -> None:
    """When nobody answers, or the ledger is not let in, nothing may be given back."""
    fake = MemoryGenerationSettlements()
    fake.answers = False
    with pytest.raises(ConnectionError):
        await fake.ask("gen_1")
    target = await serve_generation(stack, House())
    for address, token in ((target, "nobody"), ("127.0.0.1:1", "ledger")):
        real = GrpcGenerationSettlements(await connect(stack, address, token))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await real.ask("gen_1")
        assert refused.value.code() is not grpc.StatusCode.NOT_FOUND
