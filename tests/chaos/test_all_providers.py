"""200 jobs over all providers, each of which misbehaves, while a worker is killed every two seconds.

What may never be: a job without an end, a charge for nothing, a delivery that was given back, a job that was
bought twice where its provider could have said so, and books that are not right.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from all_providers import KEYED, MODELS, STANDING_ORDER, Asked, jobs
from auditor.report import run_verify
from crowd import PatientClient
from embedded.ports import free_ports
from embedded.throwaway import throwaway_folder
from hurried_models import hurried_models
from launch import free_base, launched
from tintype_local import state
from tintype_local.demo.client import Json, RefusedError
from tintype_local.demo.jobs import TERMINAL
from tintype_local.media_stand_ins import MEDIA_STAND_INS
from tintype_local.overrides import read_overrides
from tintype_local.ports import Ports
from tintype_local.processes import Plan
from tintype_local.secrets_file import load_or_make
from tintype_local.settings import StackSettings
from tintype_local.state import StackState

JOBS, PEOPLE, WORKERS = 200, 4, 3
WELCOME_CREDITS = 5_000
KILL_EVERY_S = 2.0
BETWEEN_JOBS_S = 0.7
# Of every model here: what is told to fail for ever has an end within the test.
DEADLINE_S = 40
SETTLED_TIMEOUT_S = 150.0

pytestmark = [pytest.mark.stack, pytest.mark.timeout(700)]


@pytest.fixture(scope="module")
def models_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue, with less time for each job."""
    return hurried_models(tmp_path_factory.mktemp("models"), deadline_s=DEADLINE_S)


@pytest.fixture(scope="module")
def settings(models_file: Path) -> dict[str, str]:
    """What the stack is told besides."""
    return {
        "TINTYPE_STAND_INS": "all",
        "TINTYPE_WELCOME_CREDITS": str(WELCOME_CREDITS),
        "TINTYPE_WORKER_CONCURRENCY": "8",
        "GENERATION_MODELS_FILE": str(models_file),
        "GENERATION_LEASE_S": "3",
        "GATEWAY_GENERATIONS_LIMIT": "10000/minute",
    }


@pytest.fixture(scope="module")
def stack_folder() -> Iterator[Path]:
    """Where this stack keeps its data, and what it logged."""
    with throwaway_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def crowded(stack_folder: Path, settings: dict[str, str]) -> Iterator[StackState]:
    """A stack in which every provider is a stand-in."""
    with launched(stack_folder, base_port=free_base(), settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def plan(crowded: StackState, settings: dict[str, str]) -> Plan:
    """How its processes are run."""
    own = {name: value for name, value in settings.items() if name.startswith("TINTYPE_")}
    stack = {name.removeprefix("TINTYPE_").lower(): value for name, value in own.items()}
    return Plan(
        settings=StackSettings.model_validate(stack),
        ports=Ports(crowded.ports),
        secrets=load_or_make(crowded.data_folder / "secrets.json"),
        data=crowded.data_folder,
        overrides=read_overrides({name: settings[name] for name in settings.keys() - own.keys()}),
    )


class Workers:
    """Workers beside the stack's own, each of which is killed in turn and started anew."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        (self._spec,) = (spec for spec in plan.services() if spec.name == "generation-worker")
        self._folder = folder
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self.killed = 0

    def start(self, number: int) -> None:
        """Start one, at addresses of its own; it is there when it is."""
        (port,) = free_ports(1)
        environment = {**self._spec.environment, "GENERATION_HTTP_LISTEN": f"127.0.0.1:{port}"}
        with (self._folder / f"worker-{number}.log").open("ab") as log:
            self._running[number] = subprocess.Popen(
                self._spec.command, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    async def are_killed(self, stack: StackState) -> None:
        """Kill one every two seconds, the stack's own among them, until this is cancelled."""
        for number in itertools.cycle(range(WORKERS + 1)):
            await asyncio.sleep(KILL_EVERY_S)
            if number == WORKERS:
                now = state.read(stack.data_folder)
                if now is not None and (pid := now.pids.get("generation-worker")):
                    os.kill(pid, signal.SIGKILL)
            else:
                self._running[number].kill()
                self._running[number].wait()
                self.start(number)
            self.killed += 1

    def stop(self) -> None:
        """End all of them."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait(30)


@pytest.fixture
def workers(plan: Plan, stack_folder: Path) -> Iterator[Workers]:
    """Three of them, besides the one that the stack has."""
    started = Workers(plan, stack_folder)
    try:
        for number in range(WORKERS):
            started.start(number)
        yield started
    finally:
        started.stop()


class Person(PatientClient):
    """One user, and what they asked for."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked: dict[str, Asked] = {}

    async def live(self, jobs: Sequence[Asked]) -> None:
        """Ask for one after the other, without waiting for what becomes of it."""
        async with asyncio.TaskGroup() as asking:
            for asked in jobs:
                asking.create_task(self._ask(asked))
                await asyncio.sleep(BETWEEN_JOBS_S)

    async def _ask(self, asked: Asked) -> None:
        job = await self.post("/v1/generations", **asked.body)
        self.asked[job["id"]] = asked
        if asked.is_cancelled:
            await asyncio.sleep(0.5)
            with contextlib.suppress(RefusedError):
                # It may have ended by then.
                await self.post(f"/v1/generations/{job['id']}/cancel")

    async def settled(self) -> list[Json]:
        """The jobs, once every one has ended and every credit is accounted for."""
        balance: Json = {}
        jobs: list[Json] = []
        try:
            async with asyncio.timeout(SETTLED_TIMEOUT_S):
                while True:
                    jobs, balance = await self.all_of("/v1/generations"), await self.get("/v1/balance")
                    charged = sum(job["credits"]["charged"] for job in jobs)
                    is_even = balance["available"] + charged == WELCOME_CREDITS and not balance["held"]
                    if is_even and all(job["status"] in TERMINAL for job in jobs):
                        return jobs
                    await asyncio.sleep(0.5)
        except TimeoutError:
            left = [job for job in jobs if job["status"] not in TERMINAL]
            raise AssertionError(f"not settled: {balance}, open: {left}") from None


async def test_200_jobs_over_all_providers_while_workers_die(
    crowded: StackState, plan: Plan, workers: Workers
) -> None:
    """All end; what was delivered is charged, and nothing else; what has a key is bought once."""
    people = [Person(crowded.url("gateway")) for _ in range(PEOPLE)]
    await asyncio.gather(*(person.open_account() for person in people))
    await order_chaos(crowded)
    dying = asyncio.create_task(workers.are_killed(crowded))
    asked = list(jobs(JOBS))
    await asyncio.gather(*(person.live(asked[place::PEOPLE]) for place, person in enumerate(people)))
    dying.cancel()
    ended = [await person.settled() for person in people]
    tries = [await person.all_of("/v1/usage") for person in people]
    bought = await runs_started(crowded, plan)
    assert workers.killed > BETWEEN_JOBS_S * JOBS / PEOPLE / KILL_EVERY_S / 2
    found: Counter[tuple[str, str]] = Counter()
    for person, its_jobs, its_tries in zip(people, ended, tries, strict=True):
        assert {job["id"] for job in its_jobs} == set(person.asked)
        for job in its_jobs:
            own = [each["provider"] for each in its_tries if each["generation_id"] == job["id"]]
            ended_well(job, person.asked[job["id"]], own, bought)
            found[person.asked[job["id"]].providers[0], job["status"]] += 1
        await person.close()
    # Each of them made something, whatever went on.
    assert not [name for name in MODELS if not found[name, "succeeded"]], found
    assert sum(count for (_, status), count in found.items() if status == "succeeded") > JOBS // 4, found
    verification = await run_verify(plan.auditor_environment())
    assert verification.ok, verification.as_dict()


def ended_well(job: Json, asked: Asked, tried: list[str], bought: Counter[tuple[str, str]]) -> None:
    """One job: charged for what was delivered, once, and bought no oftener than it was tried."""
    about = (job, asked, tried)
    assert job["status"] in TERMINAL, about
    delivered = job["status"] == "succeeded"
    assert bool(job["outputs"]) == bool(job["credits"]["charged"]) == delivered, about
    assert job["credits"]["charged"] in (0, job["credits"]["reserved"]), about
    assert set(tried) <= set(asked.providers), about
    for provider in asked.providers:
        times = bought[provider, asked.prompt]
        # An attempt is submitted once, however often its worker died.
        assert times <= tried.count(provider), (*about, provider, times)
        if provider in KEYED and asked.is_bought_once:
            assert times <= 1, (*about, provider, times)
    assert (
        not delivered
        or job["model"].startswith("local/")
        or any(bought[provider, asked.prompt] for provider in asked.providers)
    ), about


async def order_chaos(stack: StackState) -> None:
    """Have each stand-in that knows how misbehave from now on, wherever a prompt has no order of its own."""
    async with httpx.AsyncClient() as client:
        for name in MEDIA_STAND_INS:
            answer = await client.post(f"{stack.url(name)}/_test/chaos", json=STANDING_ORDER)
            answer.raise_for_status()


async def runs_started(stack: StackState, plan: Plan) -> Counter[tuple[str, str]]:
    """How often each provider started a run, or was called where a run is a call, by prompt."""
    headers = {"Authorization": f"Bearer {plan.secrets['openai_key']}"}
    counted: Counter[tuple[str, str]] = Counter()
    async with httpx.AsyncClient() as client:
        for name in (*MEDIA_STAND_INS, "openai"):
            answer = await client.get(f"{stack.url(name)}/_test/calls", headers=headers)
            for told in answer.raise_for_status().json()["data"]:
                counted[name, told["prompt"]] += told["calls" if name == "openai" else "started"]
    return counted
