"""Generation as real processes over real PostgreSQL, NATS and S3, beside a ledger that is a double."""

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import grpc
import httpx
import nats as nats_client
from chassis.events import event
from chassis.grpc_client import channel
from chassis.grpc_server import GrpcServer
from chassis.ids import new_id
from chassis.nats import connect, ensure_stream
from chassis.publisher import Publisher
from embedded.ports import free_ports
from embedded.testing import NatsLogin, S3Login, ServiceDatabase
from google.protobuf.struct_pb2 import Struct
from tintype.generation.v1 import events_pb2 as generation_events
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import generation_pb2_grpc as pb_grpc
from tintype.ledger.v1 import events_pb2, ledger_pb2, ledger_pb2_grpc

TOKENS = {"gateway": "gateway-token", "ledger": "ledger-token", "auditor": "auditor-token"}
WAIT_MAX_S = 60.0


class TooFewCredits(Exception):
    """The double's refusal, in the ledger's own form."""

    reason = "INSUFFICIENT_CREDITS"

    def __init__(self, available: int, required: int) -> None:
        super().__init__("too few credits")
        self.details = {"available": str(available), "required": str(required)}


class StreamDouble(ledger_pb2_grpc.LedgerServiceServicer):
    """Answers a stream of commands by the method of each, as the ledger does."""

    async def ApplyStream(self, requests: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """One outcome a command."""
        async for request in requests:
            outcomes = [await self._outcome(one.reserve, context) for one in request.commands]
            yield ledger_pb2.ApplyStreamResponse(batch=request.batch, outcomes=outcomes)

    async def _outcome(self, request: ledger_pb2.ReserveRequest, context: Any) -> ledger_pb2.CommandOutcome:
        try:
            answer = await self.Reserve(request, context)
        except TooFewCredits as refusal:
            return _refused(grpc.StatusCode.FAILED_PRECONDITION, refusal.reason, refusal.details)
        except Exception:  # noqa: BLE001 - a bug of the ledger's, which tells nothing of itself
            return _refused(grpc.StatusCode.INTERNAL, "", {})
        return ledger_pb2.CommandOutcome(id=answer.reservation.reservation_id)


def _refused(code: grpc.StatusCode, reason: str, details: dict[str, str]) -> ledger_pb2.CommandOutcome:
    error = ledger_pb2.CommandError(code=code.value[0], reason=reason, metadata=details)
    return ledger_pb2.CommandOutcome(error=error)


class LedgerDouble(StreamDouble):
    """Holds credits out of one pot and publishes CreditsReserved, each as often as it is told."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self.available = 1000
        self.publishes = 1
        self.reservations: dict[str, str] = {}

    async def Reserve(self, request: ledger_pb2.ReserveRequest, context: Any) -> Any:  # noqa: N802
        """Once for each request id."""
        if request.request_id not in self.reservations:
            if request.amount > self.available:
                raise TooFewCredits(self.available, request.amount)
            self.available -= request.amount
            self.reservations[request.request_id] = new_id("res")
            for _ in range(self.publishes):
                await self.announce(request)
        return ledger_pb2.ReserveResponse(
            reservation=ledger_pb2.Reservation(reservation_id=self.reservations[request.request_id])
        )

    async def announce(self, request: ledger_pb2.ReserveRequest) -> None:
        """Publishes that the credits are held, under a new event id."""
        fact = events_pb2.CreditsReserved(
            account_id=request.account_id,
            reservation_id=self.reservations[request.request_id],
            generation_id=request.reference,
            amount=request.amount,
        )
        await self._publisher.publish(
            event(fact, account=request.account_id, event_id=new_id("evt"), time=datetime.now(UTC))
        )


@dataclass
class Stack:
    """What a test drives."""

    settings: dict[str, str]
    folder: Path
    ledger: LedgerDouble
    nats: NatsLogin
    api: pb_grpc.GenerationServiceStub
    account: str = field(default_factory=lambda: new_id("usr"))
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)
    health: dict[int, str] = field(default_factory=dict)
    facts: list[tuple[str, Any]] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def started(
        cls,
        database: ServiceDatabase,
        nats_account: Callable[[str], NatsLogin],
        s3: S3Login,
        folder: Path,
        *commands: str,
        more: Mapping[str, str] = {},
    ) -> AsyncIterator[Self]:
        """Starts the double and these processes side by side, with `more` settings; stops everything
        afterwards."""
        login = nats_account("ledger")
        broker = await connect(login.url, user=login.user, password=login.password, name="double")
        await ensure_stream(broker.jetstream(), "ledger")
        ledger = LedgerDouble(Publisher(broker.jetstream()))  # type: ignore[abstract]
        server = GrpcServer(
            "127.0.0.1:0",
            errors={},
            callers={"generation": hashlib.sha256(b"generation-token").hexdigest()},
            allowed={"/tintype.ledger.v1.LedgerService/ApplyStream": frozenset({"generation"})},
            domain="tintype.ledger",
        )
        ledger_pb2_grpc.add_LedgerServiceServicer_to_server(ledger, server.server)
        await server.start()
        port = free_ports(1)[0]
        settings = _settings(database, nats_account("generation"), s3, server.bound_port, port) | more
        gateway = channel(f"127.0.0.1:{port}", token=TOKENS["gateway"])
        stack = cls(settings, folder, ledger, login, pb_grpc.GenerationServiceStub(gateway))
        try:
            await asyncio.gather(*(stack.process(command) for command in commands))
            listening = await _listen(stack, nats_account("gateway"))
            yield stack
            await listening.close()
        finally:
            await stack.stop()
            await gateway.close()
            await server.stop()
            await broker.close()

    async def process(self, command: str, **settings: str) -> asyncio.subprocess.Process:
        """Starts one process and waits until it is ready."""
        port = free_ports(1)[0]
        log = (self.folder / f"{command}-{port}.log").open("wb")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "generation",
            command,
            env=os.environ | self.settings | settings | {"GENERATION_HTTP_LISTEN": f"127.0.0.1:{port}"},
            stdout=log,
            stderr=log,
        )
        self.processes.append(process)
        self.health[process.pid] = f"http://127.0.0.1:{port}/readyz"

        async def ready() -> bool:
            if process.returncode is not None:
                raise AssertionError(f"{command} ended with {process.returncode}: see {log.name}")
            return await self.is_ready(process)

        await until(ready)
        return process

    async def is_ready(self, process: asyncio.subprocess.Process) -> bool:
        """Whether the process says that it is ready."""
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(self.health[process.pid])).is_success
            except httpx.TransportError:
                return False

    async def stop(self) -> None:
        """Asks every process to end, and insists that it ends well."""
        for process in self.processes:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
        codes = await asyncio.wait_for(asyncio.gather(*(process.wait() for process in self.processes)), 15)
        logs = "\n".join(log.read_text()[-2_000:] for log in self.folder.glob("*.log"))
        assert set(codes) <= {0, -signal.SIGKILL}, f"ended with {codes}\n{logs}"

    async def create(self, model: str = "local/sketch", key: str = "", **job: Any) -> pb.Generation:
        """Creates a job for the test's account."""
        request = pb.CreateGenerationRequest(
            account_id=self.account, model_id=model, idempotency_key=key, input=struct(job)
        )
        return (await self.api.CreateGeneration(request, timeout=10)).generation

    async def get(self, generation_id: str) -> pb.Generation:
        """Reads a job."""
        request = pb.GetGenerationRequest(account_id=self.account, generation_id=generation_id)
        return (await self.api.GetGeneration(request, timeout=10)).generation

    async def reaches(self, generation_id: str, *statuses: int) -> pb.Generation:
        """Waits until the job has one of these statuses."""
        seen: list[pb.Generation] = []

        async def there() -> bool:
            seen.append(await self.get(generation_id))
            return seen[-1].status in statuses

        await until(there)
        return seen[-1]

    def settling(self, generation_id: str) -> list[str]:
        """The facts that settle a job, in the order they came."""
        settled = ("GenerationSucceeded", "GenerationFailed", "GenerationCancelled")
        return [name for name, fact in self.facts if name in settled and fact.generation_id == generation_id]

    async def settled(self, generation_id: str) -> list[str]:
        """The same, once there is one: facts are told after the job's end can be read."""

        async def told() -> bool:
            return bool(self.settling(generation_id))

        await until(told)
        return self.settling(generation_id)


async def until(condition: Callable[[], Any]) -> None:
    """Waits for a condition, with a bound and without guessing how long it takes."""
    async with asyncio.timeout(WAIT_MAX_S):
        while not await condition():
            await asyncio.sleep(0.05)


def struct(document: dict[str, Any]) -> Struct:
    """A JSON object as protobuf, with a prompt unless it has one, or says None in its place."""
    message = Struct()
    filled = {"prompt": "a red fox"} | document
    message.update({name: value for name, value in filled.items() if value is not None})
    return message


async def _listen(stack: Stack, login: NatsLogin) -> Any:
    client = await nats_client.connect(
        login.url, user=login.user, password=login.password, inbox_prefix=f"_INBOX_{login.user}".encode()
    )

    async def keep(message: Any) -> None:
        name = message.headers["ce-type"].rsplit(".", 1)[-1]
        stack.facts.append((name, getattr(generation_events, name).FromString(message.data)))

    await client.subscribe("tintype.generation.v1.>", cb=keep)
    return client


def _settings(
    database: ServiceDatabase, nats: NatsLogin, s3: S3Login, ledger_port: int, api_port: int
) -> dict[str, str]:
    return {
        "GENERATION_DATABASE_URL": database.url,
        "GENERATION_NATS_URL": nats.url,
        "GENERATION_NATS_USER": nats.user,
        "GENERATION_NATS_PASSWORD": nats.password,
        "GENERATION_GRPC_LISTEN": f"127.0.0.1:{api_port}",
        "GENERATION_CALLERS": json.dumps(
            {name: hashlib.sha256(token.encode()).hexdigest() for name, token in TOKENS.items()}
        ),
        "GENERATION_LEDGER_TARGET": f"127.0.0.1:{ledger_port}",
        "GENERATION_CALLER_TOKEN": "generation-token",
        "GENERATION_S3_URL": f"http://{s3.endpoint}",
        "GENERATION_S3_ACCESS_KEY": s3.access_key,
        "GENERATION_S3_SECRET_KEY": s3.secret_key,
        "GENERATION_S3_BUCKET": s3.bucket,
        "GENERATION_QUOTE_KEY": "q" * 32,
        "GENERATION_LEASE_S": "3",
    }
