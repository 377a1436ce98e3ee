"""A broker of three servers: each stream is on all of them, and one may be lost while facts are published."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from broker_support import OUTBOX, OUTBOX_TABLES, emptied, fact, running
from chassis import outbox
from chassis.nats import Connection, connect, ensure_stream
from chassis.postgres import SYSTEM_SCOPE, create_engine, transaction
from chassis.publisher import Publisher
from chassis.relay import Relay
from embedded.component import running as process
from embedded.nats_server import NatsServer
from embedded.ports import free_ports
from embedded.testing import ServiceDatabase, nats_password, nats_passwords
from nats.errors import Error as NatsError
from nats.js.api import StreamInfo
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

FACTS = 3_000


class Cluster:
    """Three servers, each of which can be killed."""

    def __init__(self, stacks: Mapping[str, ExitStack], urls: list[str]) -> None:
        self._stacks = stacks
        self.url = ",".join(urls)

    def kill(self, name: str) -> None:
        """As by `kill -9`."""
        self._stacks[name].close()

    async def connect(self, user: str) -> Connection:
        """Connect to whichever answers."""
        return await connect(self.url, user=user, password=nats_password(user), name="test")


@contextmanager
def three_servers(folder: Path) -> Iterator[Cluster]:
    """Run them until the block ends."""
    ports, routes = free_ports(3), free_ports(3)
    servers = [
        NatsServer(
            data_folder=folder / f"nats-{number}",
            port=ports[number],
            passwords=nats_passwords(),
            name=f"nats-{number}",
            cluster_port=routes[number],
            cluster_ports=routes,
            stop_signal=signal.SIGKILL,
            durable=False,
        )
        for number in range(3)
    ]
    stacks = {server.name: ExitStack() for server in servers}
    try:
        for server in servers:
            stacks[server.name].enter_context(process(server, log=folder / f"{server.name}.log"))
        yield Cluster(stacks, [server.url for server in servers])
    finally:
        for stack in stacks.values():
            stack.close()


@pytest.fixture
async def engine(empty_database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """A database with an outbox."""
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute(OUTBOX_TABLES)
    engine = create_engine(empty_database.url)
    yield engine
    await engine.dispose()


async def made(connection: Connection, *, replicas: int) -> StreamInfo:
    """The stream once the cluster has agreed on it."""
    async with asyncio.timeout(60):
        while True:
            try:
                await ensure_stream(connection.jetstream(), "identity", replicas=replicas)
                info = await connection.jetstream().stream_info("IDENTITY")
            except (NatsError, TimeoutError):
                # The servers have yet to choose a leader.
                await asyncio.sleep(0.2)
                continue
            if info.cluster and info.cluster.leader and info.config.num_replicas == replicas:
                peers = info.cluster.replicas or []
                if len(peers) == replicas - 1 and all(peer.current for peer in peers):
                    return info
            await asyncio.sleep(0.1)


async def test_a_leader_that_is_killed_costs_no_fact(engine: AsyncEngine, tmp_path: Path) -> None:
    """Three thousand facts, the stream's leader killed in the middle: none lost, none twice, all in order."""
    with three_servers(tmp_path) as cluster:
        connection = await cluster.connect("identity")
        # As it was before the setting was raised.
        await made(connection, replicas=1)
        info = await made(connection, replicas=3)
        facts = [fact(number) for number in range(FACTS)]
        for start in range(0, FACTS, 500):
            async with transaction(engine, SYSTEM_SCOPE) as writing:
                await outbox.append_many(writing, OUTBOX, facts[start : start + 500])
        assert info.cluster is not None
        async with running(Relay(engine, OUTBOX, Publisher(connection.jetstream()))):
            async with asyncio.timeout(30):
                while (await connection.jetstream().stream_info("IDENTITY")).state.messages == 0:
                    await asyncio.sleep(0.005)
            cluster.kill(info.cluster.leader or "")
            for start in range(0, 1_000, 100):
                async with transaction(engine, SYSTEM_SCOPE) as writing:
                    late = [fact(FACTS + number) for number in range(start, start + 100)]
                    await outbox.append_many(writing, OUTBOX, late)
            await emptied(engine)
        await connection.close()
        reader = await cluster.connect("admin")
        state = (await reader.jetstream().stream_info("IDENTITY")).state
        subscription = await reader.jetstream().pull_subscribe("tintype.>", stream="IDENTITY")
        numbers: list[int] = []
        async with asyncio.timeout(60):
            while len(numbers) < state.messages:
                for one in await subscription.fetch(500, timeout=5):
                    numbers.append(int(one.data))
                    await one.ack()
        await reader.close()
    assert sorted(numbers) == list(range(FACTS + 1_000))
    for account in range(3):
        own = [number for number in numbers if number % 3 == account]
        assert own == sorted(own)


async def test_a_single_server_says_that_it_holds_one(tmp_path: Path) -> None:
    """A stream that exists keeps working and the log says so; a new one is refused at the start."""
    server = NatsServer(data_folder=tmp_path / "nats", port=free_ports(1)[0], passwords=nats_passwords())
    with process(server, log=tmp_path / "nats.log"):
        connection = await connect(server.url, user="identity", password=nats_password("identity"), name="t")
        with pytest.raises(NatsError, match="replicas > 1"):
            await ensure_stream(connection.jetstream(), "identity", replicas=3)
        await ensure_stream(connection.jetstream(), "identity")
        await ensure_stream(connection.jetstream(), "identity", replicas=3)
        await Publisher(connection.jetstream()).publish(fact(1))
        assert (await connection.jetstream().stream_info("IDENTITY")).config.num_replicas == 1
        await connection.close()
