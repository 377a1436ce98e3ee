"""The greeter as it runs: its own process, real PostgreSQL and NATS."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import grpc
import httpx
from chassis import nats
from chassis.events import event
from chassis.grpc_client import channel
from chassis.publisher import Publisher
from embedded.ports import free_ports
from embedded.testing import NatsLogin, ServiceDatabase
from tintype.greeter.v1 import greeter_pb2 as pb
from tintype.greeter.v1 import greeter_pb2_grpc as pb_grpc
from tintype.identity.v1 import events_pb2

START_TIMEOUT_S = 60


async def tell(login: NatsLogin, message: events_pb2.UserRegistered) -> None:
    """Publish a fact as identity does."""
    connection = await nats.connect(login.url, user=login.user, password=login.password, name="test")
    await nats.ensure_stream(connection.jetstream(), "identity")
    fact = event(message, account=message.user_id, event_id="evt_1", time=datetime.now(UTC))
    await Publisher(connection.jetstream()).publish(fact)
    await connection.close()


async def greeted(target: str, account_id: str) -> str:
    """Ask until there is a greeting."""
    async with channel(target, token="token") as opened, asyncio.timeout(START_TIMEOUT_S):
        greeter = pb_grpc.GreeterServiceStub(opened)
        while True:
            try:
                return (await greeter.Greet(pb.GreetRequest(account_id=account_id), timeout=5)).text
            except grpc.aio.AioRpcError as failure:
                if failure.code() is not grpc.StatusCode.NOT_FOUND:
                    raise
                await asyncio.sleep(0.05)


async def ready(url: str) -> None:
    """Wait until the service says that it is ready."""
    async with asyncio.timeout(START_TIMEOUT_S), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                if (await client.get(url)).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """The service as a process, which ends with the block."""
    process = subprocess.Popen([sys.executable, "-m", "greeter", "serve"], env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_from_the_event_to_the_answer(
    service_database: Callable[[str], ServiceDatabase], nats_account: Callable[[str], NatsLogin]
) -> None:
    """Somebody registers and is greeted; SIGTERM ends it cleanly."""
    login, (grpc_port, http_port) = nats_account("greeter"), free_ports(2)
    environment = {
        "GREETER_DATABASE_URL": service_database("greeter").url,
        "GREETER_NATS_URL": login.url,
        "GREETER_NATS_USER": login.user,
        "GREETER_NATS_PASSWORD": login.password,
        "GREETER_GRPC_LISTEN": f"127.0.0.1:{grpc_port}",
        "GREETER_HTTP_LISTEN": f"127.0.0.1:{http_port}",
        "GREETER_CALLERS": json.dumps({"gateway": hashlib.sha256(b"token").hexdigest()}),
    }
    with serving(environment) as process:
        await ready(f"http://127.0.0.1:{http_port}/readyz")
        await tell(nats_account("identity"), events_pb2.UserRegistered(user_id="usr_ada", full_name="Ada"))
        assert await greeted(f"127.0.0.1:{grpc_port}", "usr_ada") == "Welcome, Ada!"
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_TIMEOUT_S) == 0
