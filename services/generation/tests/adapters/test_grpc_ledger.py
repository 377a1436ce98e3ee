"""The ledger's answers, and its silence, as generation understands them."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from chassis.grpc_client import channel
from chassis.grpc_server import GrpcServer
from embedded.ports import free_ports
from generation.adapters.outbound.grpc_ledger import GrpcLedger
from generation.domain.errors import LedgerUnavailable
from generation.domain.identifiers import AccountId, GenerationId
from generation.ports.ledger import Refusal, Reservation
from generation_stack import StreamDouble, TooFewCredits
from ledgerclient.coalescing import CoalescingLedger, running
from tintype.ledger.v1 import ledger_pb2 as pb
from tintype.ledger.v1 import ledger_pb2_grpc as pb_grpc

pytestmark = pytest.mark.server

ASKED: list[pb.ReserveRequest] = []


class Answering(StreamDouble):
    """Reserves up to ten credits, and breaks at thirteen."""

    async def Reserve(self, request: pb.ReserveRequest, context: Any) -> Any:  # noqa: N802
        """See the class."""
        ASKED.append(request)
        if request.amount == 13:
            raise RuntimeError("a bug of the ledger's")
        if request.amount > 10:
            raise TooFewCredits(10, request.amount)
        return pb.ReserveResponse(reservation=pb.Reservation(reservation_id="res_1"))


@pytest.fixture
async def target() -> AsyncIterator[str]:
    """A server that answers as the ledger does."""
    server = GrpcServer(
        "127.0.0.1:0",
        errors={},
        callers={"generation": hashlib.sha256(b"token").hexdigest()},
        allowed={"/tintype.ledger.v1.LedgerService/ApplyStream": frozenset({"generation"})},
        domain="tintype.ledger",
    )
    pb_grpc.add_LedgerServiceServicer_to_server(Answering(), server.server)  # type: ignore[abstract]
    await server.start()
    yield f"127.0.0.1:{server.bound_port}"
    await server.stop()


async def reserved(target: str, amount_credits: int, *, known: bool = True) -> Reservation | Refusal:
    """One call."""
    async with AsyncExitStack() as stack:
        link = channel(target, token="token" if known else "wrong")
        stack.push_async_callback(link.close)
        client = await stack.enter_async_context(running(CoalescingLedger(link)))
        return await GrpcLedger(client, timeout_s=1).reserve(
            GenerationId("gen_1"), AccountId("usr_1"), amount_credits=amount_credits, ttl_s=1
        )


async def test_credits_are_held_under_the_jobs_own_request_id(target: str) -> None:
    """The request id derives from the job, and the time to live stays within the ledger's bounds."""
    assert await reserved(target, 10) == Reservation("res_1")  # type: ignore[arg-type]
    assert (ASKED[-1].request_id, ASKED[-1].reference, ASKED[-1].ttl_s) == ("gen:gen_1:reserve", "gen_1", 60)


async def test_too_few_credits_is_an_answer(target: str) -> None:
    """The refusal says how many there are."""
    assert await reserved(target, 11) == Refusal(available=10)


async def test_anything_else_is_no_answer(target: str) -> None:
    """A bug, a refused caller and nobody there: nothing is known of the credits."""
    with pytest.raises(LedgerUnavailable):
        await reserved(target, 13)
    with pytest.raises(LedgerUnavailable):
        await reserved(target, 10, known=False)
    with pytest.raises(LedgerUnavailable):
        await reserved(f"127.0.0.1:{free_ports(1)[0]}", 10)
