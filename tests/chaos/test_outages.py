"""Each process paused, each dependency cut off or stalled, under load, with a provider that misbehaves.

`TINTYPE_CHAOS_FAULT_S` says for how long each: a few seconds here, a minute with `make chaos`.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager

import httpx
import pytest
from auditor.report import run_verify
from crowd import Person, lasted_s
from embedded.tcp_proxy import Link
from embedded.throwaway import throwaway_folder
from frail_stack import DEPENDENCIES, WELCOME_CREDITS, FrailStack, frail
from tintype_local.demo.client import Json

FAULT_S = float(os.environ.get("TINTYPE_CHAOS_FAULT_S", "4"))
BREATH_S = 2.0
PEOPLE = 3
PAUSED = (
    "generation-worker",
    "openai",
    "ledger",
    "nats",
    "billing",
    "postgres",
    "generation-api",
    "seaweedfs",
    "identity",
    "stripe",
    "gateway",
)
# Of every model: long enough for a job whose worker and dependencies are away in turn.
DEADLINE_S = 120 + round(FAULT_S)
# A job that its worker does not end, the sweeper does: after 10 s of grace, looking every 5 s.
SWEPT_WITHIN_S = 15.0
# A job whose provider's circuit is open, and whose turn to try it does not come, ends at its deadline.
SETTLED_TIMEOUT_S = DEADLINE_S + 60
FAULTS = len(PAUSED) + len(DEPENDENCIES)

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(240 + FAULTS * (FAULT_S + BREATH_S) + PEOPLE * SETTLED_TIMEOUT_S),
]


@pytest.fixture(scope="module")
def frail_stack() -> Iterator[FrailStack]:
    """A running stack whose connections between processes pass proxies."""
    with throwaway_folder() as folder, frail(folder, deadline_s=DEADLINE_S) as running:
        yield running


async def test_every_job_ends_and_every_credit_is_accounted_for(frail_stack: FrailStack) -> None:
    """All jobs end in time, none is bought twice, nothing stays held, and the books are right."""
    people = [Person(frail_stack.state.url("gateway"), first_kind=4 * number) for number in range(PEOPLE)]
    for person in people:
        await person.client.open_account()
    enough = asyncio.Event()
    crowd = asyncio.gather(*(person.live(enough) for person in people))
    for name, fault in faults(frail_stack):
        with fault:
            await asyncio.sleep(FAULT_S)
        assert not crowd.done(), f"after {name}: {crowd.exception()!r}"
        await asyncio.sleep(BREATH_S)
    enough.set()
    await crowd
    ended = [await person.settled(welcome=WELCOME_CREDITS, timeout_s=SETTLED_TIMEOUT_S) for person in people]
    # Counted when nobody calls any more.
    calls = await provider_calls(frail_stack)
    for person, jobs in zip(people, ended, strict=True):
        assert {job["id"] for job in jobs} == set(person.asked)
        for job in jobs:
            ended_as_it_may(job, person, calls)
        granted = [
            entry["payment_id"]
            for entry in await person.client.all_of("/v1/ledger/entries?kind=grant")
            if entry["payment_id"]
        ]
        assert len(granted) == len(set(granted)) == person.purchases
        await person.client.close()
    verification = await run_verify(frail_stack.plan.auditor_environment())
    assert verification.ok, verification.as_dict()


def faults(stack: FrailStack) -> list[tuple[str, AbstractContextManager[None]]]:
    """Every process paused, then every dependency unreachable: in turn reset and silent."""
    pauses = [(f"{process} paused", stack.paused(process)) for process in PAUSED]
    links = [Link.CUT if number % 2 else Link.STALLED for number in range(len(DEPENDENCIES))]
    cuts = [
        (f"{dependency} {link}", stack.unreachable(dependency, link))
        for dependency, link in zip(DEPENDENCIES, links, strict=True)
    ]
    return pauses + cuts


async def provider_calls(stack: FrailStack) -> dict[str, int]:
    """How often the provider was called for each prompt."""
    headers = {"Authorization": f"Bearer {stack.plan.secrets['openai_key']}"}
    async with httpx.AsyncClient(headers=headers) as client:
        answer = await client.get(f"{stack.plan.ports.url('openai')}/_test/calls")
        answer.raise_for_status()
    return {call["prompt"]: call["calls"] for call in answer.json()["data"]}


def ended_as_it_may(job: Json, person: Person, calls: dict[str, int]) -> None:
    """One job: ended as its kind may, in time, charged for success alone, and its provider called once."""
    kind, prompt = person.asked[job["id"]]
    assert job["status"] in kind.may_end, (kind, job)
    assert lasted_s(job) <= DEADLINE_S + SWEPT_WITHIN_S + FAULT_S, job
    assert bool(job["credits"]["charged"]) == (job["status"] == "succeeded"), job
    if kind.calls_max is not None:
        assert calls.get(prompt, 0) <= kind.calls_max, (kind, job, calls.get(prompt))
        assert job["status"] != "succeeded" or calls.get(prompt), job
