"""What the gateway needs of providers that workers leave alone: its fake, and the real service."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from chassis.clock import SystemClock
from contract_support import connect, serve_generation
from gateway.adapters.outbound.grpc_generation_usage import GrpcUsageLog
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.adapters.outbound.memory.usage_log import MemoryUsageLog
from gateway.domain import provider_pause as gateways
from gateway.domain.administration import Actor
from gateway.domain.errors import Forbidden
from gateway.domain.identifiers import UserId
from gateway.domain.user import Role
from gateway.ports.usage_log import UsageLog
from generation.application.known_pauses import KnownPauses
from generation.domain import provider_pause as generations
from generation.domain.identifiers import ModelId
from generation_house import House

SINCE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
UNTIL = SINCE + timedelta(seconds=30)


def actor(role: Role) -> Actor:
    """Somebody."""
    return Actor(user_id=UserId("usr_grace"), role=role, session_id=None, client_address="203.0.113.7")


@dataclass
class Board:
    """The port, and a worker that says something behind its back."""

    port: UsageLog
    say: Callable[[], None]


@pytest.fixture(params=["fake", "real"])
async def board(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Board:
    """The fake, and the real adapter before the real servicer."""
    if request.param == "fake":
        clock = SystemClock()
        fake = MemoryUsageLog(MemoryGenerations(clock, MemoryLedger(clock)))

        def say() -> None:
            whole = gateways.ProviderPause(
                provider="easel", model_id=None, reason="account", since=SINCE, until=UNTIL, workers=1
            )
            fake.said = gateways.PauseReport(workers=1, pauses=[whole])

        return Board(fake, say)
    known = KnownPauses(SystemClock())

    def heard() -> None:
        whole = generations.ProviderPause(
            provider="easel",
            model_id=None,
            reason=generations.PauseReason.ACCOUNT,
            since=SINCE,
            until=UNTIL,
        )
        known.hear("wrk_1", [whole])

    channel = await connect(stack, await serve_generation(stack, House(), known), "gateway")
    return Board(GrpcUsageLog(channel), heard)


async def test_what_workers_say_is_told_to_people_with_a_role(board: Board) -> None:
    """That none was heard, too; nobody else learns of it."""
    nothing = await board.port.pauses(actor(Role.SUPPORT))
    assert (nothing.workers, list(nothing.pauses)) == (0, [])
    board.say()
    report = await board.port.pauses(actor(Role.SUPPORT))
    (pause,) = report.pauses
    assert (report.workers, pause.provider, pause.model_id, pause.reason) == (1, "easel", None, "account")
    assert (pause.since, pause.until, pause.workers) == (SINCE, UNTIL, 1)
    assert report.of("easel", None) == [pause]
    assert report.of("easel", ModelId("a/b")) == []
    with pytest.raises(Forbidden) as refused:
        await board.port.pauses(actor(Role.USER))
    assert refused.value.reason == "NOT_STAFF"


def test_every_reason_has_a_word() -> None:
    """A new one of generation's is one that the console explains."""
    assert {each.value for each in gateways.PauseReason} == {each.value for each in generations.PauseReason}
