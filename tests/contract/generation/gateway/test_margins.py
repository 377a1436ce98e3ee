"""What the gateway needs of generation to show what is left: its fake and the real thing."""

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from chassis.clock import SystemClock
from contract_support import connect, serve_generation
from gateway.adapters.outbound.grpc_generation_usage import GrpcUsageLog
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.adapters.outbound.memory.usage_log import MemoryUsageLog
from gateway.domain.administration import Actor
from gateway.domain.errors import Forbidden
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.margin import MarginGrouping
from gateway.domain.user import Role
from gateway.ports.usage_log import UsageLog
from generation_house import House, success

STAFF = Actor(
    user_id=UserId("usr_help"), role=Role.SUPPORT, session_id=SessionId("ses_1"), client_address="203.0.113.7"
)


@pytest.fixture(params=["fake", "real"])
async def log(request: pytest.FixtureRequest, stack: AsyncExitStack) -> UsageLog:
    """The fake, and the real adapter before the real service; nobody has made anything."""
    if request.param == "fake":
        clock = SystemClock()
        return MemoryUsageLog(MemoryGenerations(clock, MemoryLedger(clock)))
    return GrpcUsageLog(await connect(stack, await serve_generation(stack, House()), "gateway"))


async def test_nothing_was_made(log: UsageLog) -> None:
    """By whatever it is put together."""
    assert list(await log.margins(STAFF, since=None, until=None, by=set(MarginGrouping))) == []


async def test_people_without_a_role_see_nothing(log: UsageLog) -> None:
    """It is everybody's."""
    with pytest.raises(Forbidden) as refused:
        await log.margins(replace(STAFF, role=Role.USER), since=None, until=None, by=())
    assert refused.value.reason == "NOT_STAFF"


async def test_what_is_left_is_told(stack: AsyncExitStack) -> None:
    """Credits, money and cost, by day, model and provider, within the days that are asked for."""
    house = House()
    generation = await house.queued()
    house.provider.reports = [replace(success(b"1"), cost_usd_micros=15_000)]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    log = GrpcUsageLog(await connect(stack, await serve_generation(stack, house), "gateway"))
    (margin,) = await log.margins(STAFF, since=None, until=None, by=set(MarginGrouping))
    now = house.clock.now()
    assert (margin.day, margin.model_id, margin.provider) == (now.date(), "local/sketch", "local")
    assert (margin.attempts, margin.credits, margin.unknown_costs) == (1, 5, 0)
    assert (margin.revenue_usd_micros, margin.cost_usd_micros, margin.usd_micros) == (50_000, 15_000, 35_000)
    (whole,) = await log.margins(STAFF, since=None, until=None, by=())
    assert (whole.day, whole.model_id, whole.provider, whole.credits) == (None, None, None, margin.credits)
    later = datetime.combine(now.date(), datetime.min.time(), UTC) + timedelta(days=2)
    assert list(await log.margins(STAFF, since=later, until=None, by=())) == []
