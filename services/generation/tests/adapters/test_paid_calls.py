"""What is paid for arrives: two workers, a provider that counts its calls, and a store that goes away."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
import httpx
import psycopg
import pytest
from chassis.grpc_client import remote_error
from embedded.ports import free_ports
from embedded.tcp_proxy import Link, TcpProxy
from embedded.testing import NatsLogin, S3Login, ServiceDatabase
from generation_stack import Stack, until
from tintype.generation.v1 import generation_pb2 as pb

MODEL = "openai/gpt-image-1"
SUCCEEDED, CANCELLED = pb.GENERATION_STATUS_SUCCEEDED, pb.GENERATION_STATUS_CANCELLED
KEY = "sk-test"
pytestmark = pytest.mark.timeout(240)


@dataclass
class Paying:
    """A stack whose worker calls a provider that counts, and whose store is behind a link."""

    stack: Stack
    database: ServiceDatabase
    link: TcpProxy
    provider: str
    # What the provider's callers are told, and the API is not.
    keys: dict[str, str]

    async def worker(self, **settings: str) -> asyncio.subprocess.Process:
        """A worker that reaches the store by the link."""
        through = {"GENERATION_S3_URL": f"http://{self.link.address}"}
        return await self.stack.process("serve-worker", **through, **self.keys, **settings)

    async def create(self, prompt: str) -> str:
        """A job of one picture."""
        return (await self.stack.create(MODEL, prompt=prompt, quality="low")).generation_id

    async def calls(self) -> int:
        """How often the provider was called, whether or not it has answered."""
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {KEY}"}) as client:
            counted = (await client.get(f"{self.provider}/_test/calls")).json()["data"]
        return sum(prompt["calls"] for prompt in counted)

    async def called(self, times: int) -> None:
        """Waits for that many calls."""

        async def there() -> bool:
            return await self.calls() >= times

        await until(there)

    async def kept(self, answers: int) -> None:
        """Waits until so many answers are in the spool."""
        address = self.database.url.replace("+psycopg", "")
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            await connection.execute("SELECT set_config('app.account', '*', false)")

            async def there() -> bool:
                found = await connection.execute("SELECT count(*) FROM spooled_answers")
                return await found.fetchone() == (answers,)

            await until(there)


@pytest.fixture
def link(s3_bucket: S3Login) -> Iterator[TcpProxy]:
    """The workers' way to the store."""
    with TcpProxy(int(s3_bucket.endpoint.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture
async def paying(
    database: ServiceDatabase,
    nats_account: Callable[[str], NatsLogin],
    s3_bucket: S3Login,
    link: TcpProxy,
    tmp_path: Path,
) -> AsyncIterator[Paying]:
    """The API beside the provider's stand-in; workers are started by the test."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    standin = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "standins.openai"),
        env=os.environ | {"STANDIN_OPENAI_LISTEN": address, "STANDIN_OPENAI_API_KEY": KEY},
    )
    keys = {"GENERATION_OPENAI_BASE_URL": f"http://{address}/v1", "GENERATION_OPENAI_API_KEY": KEY}
    names = {"GENERATION_PROVIDERS": "local,openai"}
    try:
        async with Stack.started(
            database, nats_account, s3_bucket, tmp_path, "serve-api", more=names
        ) as stack:
            yield Paying(stack, database, link, f"http://{address}", keys)
    finally:
        standin.terminate()
        await standin.wait()


async def test_a_store_that_goes_away_costs_no_second_call(paying: Paying) -> None:
    """Longer than a lease and with a second worker at hand, each answer is called for once and delivered."""
    await asyncio.gather(paying.worker(), paying.worker())
    jobs = [await paying.create(f"fox {number} [[stall:1]]") for number in range(3)]
    await paying.called(3)
    with paying.link.broken(Link.CUT):
        await paying.kept(3)
        # Two leases: a worker that did not renew its own would have lost the jobs by then.
        await asyncio.sleep(2 * float(paying.stack.settings["GENERATION_LEASE_S"]))
    for job in jobs:
        done = await paying.stack.reaches(job, SUCCEEDED)
        assert [attempt.outcome for attempt in done.attempts] == ["succeeded"]
        assert done.credits_charged == 8
    assert await paying.calls() == 3
    await paying.kept(0)


async def test_an_answer_outlives_its_worker(paying: Paying) -> None:
    """Killed with the answer in hand: the next worker finds it, and delivers it without another call."""
    doomed = await paying.worker()
    paying.link.set(Link.CUT)
    job = await paying.create("a red fox")
    await paying.kept(1)
    doomed.kill()
    await doomed.wait()
    paying.link.set(Link.UP)
    await paying.worker()
    done = await paying.stack.reaches(job, SUCCEEDED)
    assert ([attempt.outcome for attempt in done.attempts], done.credits_charged) == (["succeeded"], 8)
    assert await paying.calls() == 1
    assert await paying.stack.settled(job) == ["GenerationSucceeded"]


async def test_a_worker_that_is_stopped_lets_its_call_end(paying: Paying) -> None:
    """SIGTERM in a call that takes longer than all else may: it ends, is delivered, and was the only one."""
    stopping = await paying.worker()
    job = await paying.create("a red fox [[stall:14]]")
    await paying.called(1)
    stopping.send_signal(signal.SIGTERM)
    # It would take over what is not renewed.
    await paying.worker()
    done = await paying.stack.reaches(job, SUCCEEDED)
    assert await asyncio.wait_for(stopping.wait(), 30) == 0
    assert [attempt.outcome for attempt in done.attempts] == ["succeeded"]
    assert await paying.calls() == 1


async def test_a_worker_that_stands_still_keeps_its_call(paying: Paying) -> None:
    """Paused for longer than its lease beside another worker, it delivers what it alone has; one call."""
    paused = await paying.worker()
    job = await paying.create("a red fox [[stall:3]]")
    await paying.called(1)
    paused.send_signal(signal.SIGSTOP)
    try:
        other = await paying.worker()
        # Two leases: time enough for the other to have taken over what it may.
        await asyncio.sleep(2 * float(paying.stack.settings["GENERATION_LEASE_S"]))
        seen = await paying.stack.get(job)
        assert [attempt.outcome for attempt in seen.attempts] == ["running"]
    finally:
        paused.send_signal(signal.SIGCONT)
    done = await paying.stack.reaches(job, SUCCEEDED)
    assert ([attempt.outcome for attempt in done.attempts], await paying.calls()) == (["succeeded"], 1)
    assert other.returncode is None


async def test_a_drain_has_an_end(paying: Paying) -> None:
    """A call that takes longer than the drain is given up; its job goes on with the next worker."""
    stopping = await paying.worker(GENERATION_DRAIN_S="1")
    job = await paying.create("a red fox [[stall:20]]")
    await paying.called(1)
    stopping.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(stopping.wait(), 15) == 0
    await paying.worker()
    await paying.called(2)
    done = await paying.stack.get(job)
    assert [attempt.outcome for attempt in done.attempts] == ["lost", "running"]
    await paying.stack.api.CancelGeneration(
        pb.CancelGenerationRequest(account_id=paying.stack.account, generation_id=job)
    )
    await paying.stack.reaches(job, CANCELLED)


async def test_a_job_that_waits_blocks_nobody(paying: Paying) -> None:
    """The only slot's job was turned away for a while: a job for another provider is made in it meanwhile."""
    await paying.worker(GENERATION_WORKER_CONCURRENCY="1")
    waiting = await paying.create("a red fox [[fail:429:1]] [[retry_after:12]]")
    await paying.called(1)
    other = await paying.stack.create(prompt="a blue fox")
    done = await paying.stack.reaches(other.generation_id, SUCCEEDED)
    seen = await paying.stack.get(waiting)
    assert [attempt.outcome for attempt in seen.attempts] == ["failed", "waiting"]
    ended = await paying.stack.reaches(waiting, SUCCEEDED)
    first, second = ended.attempts
    # The pause is counted from the answer: after the try began, and before its end was written down.
    assert second.started_at.ToDatetime() - first.started_at.ToDatetime() >= timedelta(seconds=12)
    assert ended.finished_at.ToDatetime() > done.finished_at.ToDatetime()
    assert await paying.calls() == 2


async def test_every_cancel_keeps_its_word(paying: Paying) -> None:
    """Around the moment of the answer: what was told to come back comes back, any other is refused."""
    await paying.worker(GENERATION_WORKER_CONCURRENCY="10")
    jobs = [await paying.create(f"fox {number} [[stall:3]]") for number in range(10)]
    await paying.called(10)
    told = await asyncio.gather(*(cancelled(paying, job, after_s=2 + n / 4) for n, job in enumerate(jobs)))
    for job, is_coming_back in zip(jobs, told, strict=True):
        ended = await paying.stack.reaches(job, SUCCEEDED, CANCELLED)
        assert (ended.status, ended.credits_charged) == ((CANCELLED, 0) if is_coming_back else (SUCCEEDED, 8))


async def cancelled(paying: Paying, job: str, *, after_s: float) -> bool:
    """Cancels, and says whether that was accepted; the only other answer is that it came too late."""
    await asyncio.sleep(after_s)
    request = pb.CancelGenerationRequest(account_id=paying.stack.account, generation_id=job)
    try:
        await paying.stack.api.CancelGeneration(request, timeout=10)
    except grpc.aio.AioRpcError as refused:
        if remote_error(refused).reason != "GENERATION_FINISHED":
            raise
        return False
    return True


async def test_a_worker_without_room_lets_go_and_is_not_ready(paying: Paying, tmp_path: Path) -> None:
    """Another delivers what it paid for; once there is room again, it is ready again."""
    folder = tmp_path / "room"
    folder.mkdir()
    full = await paying.worker(TMPDIR=str(folder))
    job = await paying.create("a red fox [[stall:3]]")
    await paying.called(1)
    folder.rmdir()
    await paying.kept(1)
    await until(lambda: unready(paying.stack, full))
    await paying.worker()
    done = await paying.stack.reaches(job, SUCCEEDED)
    assert ([attempt.outcome for attempt in done.attempts], await paying.calls()) == (["succeeded"], 1)
    folder.mkdir()
    await until(lambda: paying.stack.is_ready(full))


async def unready(stack: Stack, process: asyncio.subprocess.Process) -> bool:
    """Whether the process says that it is not."""
    return not await stack.is_ready(process)
