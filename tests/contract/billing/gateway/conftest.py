"""The shop that both sides of the contract are asked in."""

from contextlib import AsyncExitStack

import pytest
from billing_support import billing_in_memory
from contract_support import connect, serve_billing
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.adapters.outbound.memory.billing import MemoryBilling
from shops import FakeShop, RealShop, Shop
from support import HandClock


@pytest.fixture(params=["fake", "real"])
async def shop(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Shop:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        return FakeShop(MemoryBilling(HandClock()))
    billing = billing_in_memory()
    target = await serve_billing(stack, billing)
    return RealShop(GrpcBilling(await connect(stack, target, "gateway")), billing)
