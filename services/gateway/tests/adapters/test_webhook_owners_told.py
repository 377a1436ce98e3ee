"""A process that tells the owner of an endpoint that was disabled, killed before identity answered."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from chassis.postgres import create_engine
from event_producers import Producers
from gateway.domain.webhook import WebhookEvent
from gateway_process import Environment
from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as rpc
from webhook_processes import ACCOUNT, PATIENCE_S, Rows, process
from webhook_receiver import answer, receiving

pytestmark = pytest.mark.server


class SlowIdentity(rpc.IdentityServiceServicer):
    """Keeps what it is told, and does not answer the first time."""

    def __init__(self) -> None:
        self.told: list[pb.TellWebhookDisabledRequest] = []
        self.tokens: set[object] = set()
        self.came = asyncio.Event()

    async def TellWebhookDisabled(  # noqa: N802 - the contract's name
        self, request: pb.TellWebhookDisabledRequest, context: grpc.aio.ServicerContext
    ) -> pb.TellWebhookDisabledResponse:
        """See the contract."""
        self.tokens |= {
            value for name, value in context.invocation_metadata() or () if name == "authorization"
        }
        self.told.append(request)
        self.came.set()
        if len(self.told) == 1:
            await asyncio.Event().wait()
        return pb.TellWebhookDisabledResponse()


@pytest.fixture
async def same_rows(environment: Environment) -> AsyncIterator[Rows]:
    """The rows of the processes."""
    engine = create_engine(environment["GATEWAY_DATABASE_URL"])
    yield Rows(engine)
    await engine.dispose()


async def test_an_owner_is_told_by_whoever_lives(
    environment: Environment, same_rows: Rows, producers: Producers, tmp_path: Path
) -> None:
    """kill -9 after identity heard it and before it answered: another process tells the same news, and no
    more once that is answered. The address's query is told nobody."""
    del producers
    identity, server = SlowIdentity(), grpc.aio.server()
    rpc.add_IdentityServiceServicer_to_server(identity, server)
    target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    settings = {**environment, "GATEWAY_IDENTITY_TARGET": target}
    async with receiving(answer(410)) as receiver:
        kind = WebhookEvent.CREDITS_LOW
        endpoint_id = await same_rows.open(1, f"{receiver.url}?key=secret", kind)
        await same_rows.tell(1, kind)
        async with process(settings, tmp_path / "log") as killed:
            await asyncio.wait_for(identity.came.wait(), PATIENCE_S)
            killed.send_signal(signal.SIGKILL)
        (endpoint,) = await same_rows.queue.untold(after=None, count_max=9)
        async with process(settings, tmp_path / "log"), asyncio.timeout(PATIENCE_S):
            while await same_rows.queue.untold(after=None, count_max=9):
                await asyncio.sleep(0.02)
    await server.stop(None)
    first, again = identity.told
    assert first == again
    assert (first.user_id, first.endpoint_id) == (ACCOUNT, endpoint_id)
    assert endpoint.endpoint_id == endpoint_id
    assert first.reason == pb.WEBHOOK_DISABLED_REASON_GONE
    assert first.host in receiver.url
    assert "secret" not in str(identity.told)
    assert identity.tokens == {f"Bearer {environment['GATEWAY_CALLER_TOKEN']}"}
