"""Connections to a real broker that is killed, refuses a login, or throws the client out."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from broker_support import client, fact, listener, running
from chassis import nats
from chassis.events import IncomingEvent
from chassis.nats import Connection, ConnectionLost, connect, ensure_stream
from chassis.publisher import Publisher
from chassis.relay import BrokerAway
from embedded.component import running as process
from embedded.nats_server import NatsServer
from embedded.ports import free_ports
from embedded.testing import NatsLogin, nats_password, nats_passwords

pytestmark = pytest.mark.server

# A service as far as its connection goes. At a line on its input it provokes the broker.
SERVICE = """
import asyncio, sys
from chassis.health import HealthServer
from chassis.nats import connect
from chassis.process import run_all, run_until_signalled

async def main():
    nats = await connect(sys.argv[1], user="identity", password=sys.argv[2], name="test")
    async def provoke():
        await asyncio.to_thread(sys.stdin.readline)
        await nats.publish("tintype.identity.v1.x.usr_1", b"", headers={"big": "a" * 1024**2})
        await asyncio.Event().wait()
    health = HealthServer(sys.argv[3], {"nats": nats.answers}, alive={"nats": nats.is_alive})
    await run_all(nats.run(), health.run(), provoke())

sys.exit(run_until_signalled(main))
"""


@pytest.fixture
def server(tmp_path: Path) -> NatsServer:
    """A broker of the test's own, which is killed and never stopped."""
    return NatsServer(
        data_folder=tmp_path / "nats",
        port=free_ports(1)[0],
        passwords=nats_passwords(),
        stop_signal=signal.SIGKILL,
    )


@asynccontextmanager
async def connected(server: NatsServer, user: str = "identity") -> AsyncIterator[Connection]:
    """A connection that ends with the test."""
    connection = await connect(server.url, user=user, password=nats_password(user), name="test")
    try:
        yield connection
    finally:
        await connection.close()


async def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_broker_that_is_killed_is_found_again(server: NatsServer, tmp_path: Path) -> None:
    """While it is away the process is alive and not ready; afterwards the same connection works."""
    log = tmp_path / "nats.log"
    with process(server, log=log):
        connection = await connect(server.url, user="identity", password=nats_password("identity"), name="t")
        await ensure_stream(connection.jetstream(), "identity")
        await connection.answers()
    await until(lambda: not connection.is_connected)
    with pytest.raises(ConnectionError):
        await connection.answers()
    await connection.is_alive()
    with pytest.raises(BrokerAway):
        await Publisher(connection.jetstream()).publish(fact(1))
    with process(server, log=log):
        await until(lambda: connection.is_connected)
        await connection.answers()
        await Publisher(connection.jetstream()).publish(fact(1))
        await connection.close()


async def test_a_consumer_outlives_a_broker_that_lost_everything(server: NatsServer, tmp_path: Path) -> None:
    """Stream and consumer are made anew, and facts flow."""
    log, heard = tmp_path / "nats.log", asyncio.Event()

    async def handle(_event: IncomingEvent) -> None:
        heard.set()

    with process(server, log=log):
        producer = await connect(server.url, user="identity", password=nats_password("identity"), name="t")
        consumer = await connect(server.url, user="ledger", password=nats_password("ledger"), name="t")
        await ensure_stream(producer.jetstream(), "identity")
        listening = listener(consumer, handle)
        tasks = asyncio.create_task(listening.run())
        await Publisher(producer.jetstream()).publish(fact(1))
        await asyncio.wait_for(heard.wait(), 20)
    heard.clear()
    await until(lambda: not producer.is_connected and not consumer.is_connected)
    with process(replace(server, data_folder=tmp_path / "empty"), log=log):
        await until(lambda: producer.is_connected and consumer.is_connected)
        await ensure_stream(producer.jetstream(), "identity")
        await Publisher(producer.jetstream()).publish(fact(2))
        await asyncio.wait_for(heard.wait(), 30)
        tasks.cancel()
        await asyncio.gather(tasks, return_exceptions=True)
        await producer.close()
        await consumer.close()


BAD_HEADERS = {
    "no version": b"x\r\n",
    "only a version": b"NATS/1.0\r\n\r\n",
    "another protocol": b"GARBAGE\r\n\r\n",
    "bytes that are no text": b"NATS/1.0\r\n\xff\xfe: \x00\r\n\r\n",
    "a line that is no header": b"NATS/1.0\r\nnothing\r\n\r\n",
    "a status": b"NATS/1.0 503\r\n\r\n",
    "a status that is no text": b"NATS/1.0 503 \xff\xfe\r\n\r\n",
    "a header that looks like one": b"NATS/1.0\r\nStatus: 409\r\n\r\n",
    "another": b"NATS/1.0\r\nstatus: 100\r\nDescription: x\r\n\r\n",
    "a time that is none": b"NATS/1.0\r\nce-time: 9999999999\r\n\r\n",
}


@pytest.mark.parametrize("block", BAD_HEADERS.values(), ids=BAD_HEADERS)
async def test_headers_that_are_none_stop_no_reader(
    block: bytes, nats_account: Callable[[str], NatsLogin]
) -> None:
    """Whatever a login writes there, its message is handled like any other, and so is the next one."""
    handled: list[bytes] = []

    async def handle(event: IncomingEvent) -> None:
        handled.append(event.payload)

    async with client(nats_account("identity")) as producer, client(nats_account("ledger")) as consumer:
        await ensure_stream(producer.jetstream(), "identity")
        one = fact(1)
        sizes = f"{len(block)} {len(block) + 3}"
        async with running(listener(consumer, handle)):
            await producer._send_command(f"HPUB {one.subject} {sizes}\r\n".encode() + block + b"bad\r\n")
            await producer.flush()
            await Publisher(producer.jetstream()).publish(one)
            async with asyncio.timeout(10):
                while set(handled) != {b"bad", b"1"}:
                    await asyncio.sleep(0.02)
        assert consumer.is_connected


async def test_a_login_that_stays_refused_is_no_outage(
    server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker comes back with another password: the process ends, so that it reads its settings again."""
    monkeypatch.setattr(nats, "_REFUSED_MAX_S", 0.5)
    log = tmp_path / "nats.log"
    with process(server, log=log):
        connection = await connect(server.url, user="identity", password=nats_password("identity"), name="t")
        watching = asyncio.create_task(connection.run())
    changed = replace(server, passwords=dict.fromkeys(nats_passwords(), "another"))
    with process(changed, log=log):
        with pytest.raises(ConnectionLost, match="refuses the login"):
            await asyncio.wait_for(watching, 20)
        with pytest.raises(ConnectionLost):
            await connection.is_alive()
        await connection.close()


async def test_a_wrong_password_is_told_at_the_start(server: NatsServer, tmp_path: Path) -> None:
    """And not tried for ever."""
    with process(server, log=tmp_path / "nats.log"), pytest.raises(Exception, match=r"(?i)authorization"):
        await asyncio.wait_for(connect(server.url, user="identity", password="wrong", name="t"), 20)


async def test_a_client_that_was_thrown_out_ends_the_process(server: NatsServer, tmp_path: Path) -> None:
    """What the broker answers by closing closes the client for good: the process says so and ends with 1."""
    port = free_ports(1)[0]
    with process(server, log=tmp_path / "nats.log"):
        service = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SERVICE, server.url, nats_password("identity"), f"127.0.0.1:{port}",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
                async with asyncio.timeout(30):
                    while not await _answers(http, "/readyz"):
                        await asyncio.sleep(0.05)
                assert await _answers(http, "/healthz")
            told, _ = await asyncio.wait_for(service.communicate(b"\n"), 30)
        finally:
            if service.returncode is None:
                service.kill()
    assert service.returncode == 1
    assert b"ConnectionLost" in told


async def _answers(http: httpx.AsyncClient, path: str) -> bool:
    try:
        return (await http.get(path)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


async def test_liveness_fails_once_the_client_closed_itself(server: NatsServer, tmp_path: Path) -> None:
    """Not before: a healthy connection is alive, and one whose message was refused at the door is too."""
    with process(server, log=tmp_path / "nats.log"):
        async with connected(server) as connection, running(connection):
            await connection.is_alive()
            await connection.publish("tintype.identity.v1.x.usr_1", b"", headers={"big": "a" * 1024**2})
            await until(lambda: connection.is_closed)
            with pytest.raises(ConnectionLost):
                await connection.is_alive()
            with pytest.raises(ConnectionError):
                await connection.answers()
