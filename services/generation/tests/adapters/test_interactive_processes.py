"""Chats over the real processes: the interactive one, the API, a worker, PostgreSQL, NATS and S3."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from chassis.grpc_client import remote_error
from embedded.testing import NatsLogin, S3Login, ServiceDatabase
from generation_stack import Stack
from interactive_process import interactive_process
from pydantic import SecretStr
from standins.openai.app import create_app
from standins.openai.settings import OpenAISettings
from standins.serving import running
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import interactive_pb2 as ipb
from tintype.generation.v1 import interactive_pb2_grpc as pb_grpc

pytestmark = pytest.mark.server

HANGS = "[[answer:hang_halfway]]tin plates"


@dataclass
class Talking:
    """The interactive process, beside the others."""

    stack: Stack
    process: asyncio.subprocess.Process
    stub: pb_grpc.InteractiveGenerationServiceStub

    def ask(self, said: str = "tin plates", *, key: str = "", stream: bool = True, **chat: Any) -> Any:
        """A call that was begun."""
        document = {"messages": [{"role": "user", "content": said}], "max_tokens": 8000} | chat
        request = ipb.StreamGenerationRequest(
            account_id=self.stack.account,
            model_id="openai/chat",
            chat=json.dumps(document).encode(),
            stream=stream,
            idempotency_key=key,
        )
        return self.stub.StreamGeneration(request, timeout=120)


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """The provider's address."""
    with running(create_app(OpenAISettings(api_key=SecretStr("sk-test")))) as url:
        yield url


@pytest.fixture
async def talking(
    database: ServiceDatabase,
    nats_account: Callable[[str], NatsLogin],
    s3_bucket: S3Login,
    tmp_path: Path,
    standin: str,
) -> AsyncIterator[Talking]:
    """API, worker and the interactive process."""
    async with interactive_process(
        database,
        nats_account,
        s3_bucket,
        tmp_path,
        standin=standin,
        GENERATION_DRAIN_S="2",
    ) as (stack, process, stub):
        yield Talking(stack, process, stub)


def text_of(events: list[ipb.StreamGenerationResponse]) -> str:
    """What was said."""
    chunks = [json.loads(event.chunk) for event in events if event.WhichOneof("event") == "chunk"]
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)


async def begun(call: Any) -> pb.Generation:
    """The job of a call of which something has come."""
    accepted = await call.read()
    assert (await call.read()).WhichOneof("event") == "chunk"
    generation: pb.Generation = accepted.accepted
    return generation


async def test_a_chat_is_passed_on_settled_and_kept(talking: Talking) -> None:
    """One text in the library, which is what was said; one fact; asked again, the same whole answer."""
    events = [event async for event in talking.ask(key="one")]
    assert [event.WhichOneof("event") for event in (events[0], events[-1])] == ["accepted", "ended"]
    accepted, ended, usage = events[0].accepted, events[-1].ended, events[-1].usage
    assert accepted.credits_reserved > ended.credits_charged > 0
    assert (ended.status, usage.is_counted_by_us) == (pb.GENERATION_STATUS_SUCCEEDED, False)
    shown = await talking.stack.get(ended.generation_id)
    (output,) = shown.outputs
    asked = pb.ReadOutputRequest(output_id=output.output_id, signature=output.signature)
    read = await talking.stack.api.ReadOutput(asked)
    assert (read.content.decode(), output.url) == (text_of(events), "")
    assert shown.input["prompt"] == "tin plates"
    assert [attempt.outcome for attempt in shown.attempts] == ["succeeded"]
    assert await talking.stack.settled(ended.generation_id) == ["GenerationSucceeded"]
    again = [event async for event in talking.ask(key="one", stream=False)]
    assert [event.WhichOneof("event") for event in again] == ["accepted", "chunk", "ended"]
    whole = json.loads(again[1].chunk)
    assert (whole["object"], whole["choices"][0]["message"]["content"]) == (
        "chat.completion",
        text_of(events),
    )
    assert (again[2].ended.generation_id, again[2].usage) == (ended.generation_id, usage)
    assert len(talking.stack.ledger.reservations) == 1


async def test_a_killed_process_leaves_a_job_that_is_given_back(talking: Talking) -> None:
    """Nobody starts it again, and it is settled once."""
    call = talking.ask(HANGS, key="killed")
    generation = await begun(call)
    talking.process.send_signal(signal.SIGKILL)
    await talking.process.wait()
    ended = await talking.stack.reaches(generation.generation_id, pb.GENERATION_STATUS_FAILED)
    assert (ended.failure.reason, ended.credits_charged) == ("INTERRUPTED", 0)
    assert ended.credits_refunded == generation.credits_reserved
    assert len(ended.attempts) == 1
    assert await talking.stack.settled(generation.generation_id) == ["GenerationFailed"]


async def test_a_client_that_vanishes_pays_for_what_came(talking: Talking) -> None:
    """The call ends, and so does the chat."""
    call = talking.ask(HANGS)
    generation = await begun(call)
    call.cancel()
    ended = await talking.stack.reaches(generation.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    assert 0 < ended.credits_charged < generation.credits_reserved
    assert ended.outputs[0].incomplete == "broken_off"


async def test_a_cancel_of_the_api_stops_it(talking: Talking) -> None:
    """Whoever listens is told, with what was charged."""
    call = talking.ask(HANGS)
    generation = await begun(call)
    await talking.stack.api.CancelGeneration(
        pb.CancelGenerationRequest(account_id=talking.stack.account, generation_id=generation.generation_id),
        timeout=10,
    )
    last = [event async for event in call][-1]
    assert (last.broken_off.reason, last.ended.status) == ("CANCELLED", pb.GENERATION_STATUS_SUCCEEDED)
    assert last.ended.credits_charged > 0


async def test_a_process_that_stops_lets_chats_end(talking: Talking) -> None:
    """Those that can; what still runs when its time is over is settled for what came."""
    hanging = talking.ask(HANGS)
    generation = await begun(hanging)
    talking.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(talking.process.wait(), 30) == 0
    ended = await talking.stack.reaches(generation.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    assert ended.credits_charged > 0
    assert await talking.stack.settled(generation.generation_id) == ["GenerationSucceeded"]


async def test_a_large_chat_is_taken_and_a_bad_one_refused(talking: Talking) -> None:
    """By its field; another service may not ask."""
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 7_500_000}}
    said = [{"role": "user", "content": [{"type": "text", "text": "tin"}, picture]}]
    events = [event async for event in talking.ask(messages=said, stream=False)]
    assert events[-1].ended.status == pb.GENERATION_STATUS_SUCCEEDED
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await talking.ask(n=0).read()
    error = remote_error(refused.value)
    assert error.reason == "INVALID_INPUT"
    assert "chat.n" in dict(error.field_violations)


async def test_a_neighbour_that_hangs_is_in_nobodys_way(talking: Talking) -> None:
    """Nor one whose provider fails."""
    hanging, failing = talking.ask(HANGS), talking.ask("[[fail:400]]tin plates")
    await begun(hanging)
    last = [event async for event in failing][-1]
    assert (last.ended.status, last.ended.credits_charged) == (pb.GENERATION_STATUS_FAILED, 0)
    assert text_of([event async for event in talking.ask()])
    hanging.cancel()
