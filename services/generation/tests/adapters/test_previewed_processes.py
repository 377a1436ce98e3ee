"""Pictures that are shown while they are made, over the real processes: whatever ends a call."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from chassis.grpc_client import channel
from embedded.ports import free_ports
from embedded.testing import NatsLogin, S3Login, ServiceDatabase
from generation.adapters.inbound.grpc_interactive import MESSAGE_MAX_BYTES
from generation_stack import TOKENS, Stack
from interactive_process import interactive_process
from PIL import Image
from pydantic import SecretStr
from standins.openai.app import create_app
from standins.openai.settings import OpenAISettings
from standins.serving import running
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import interactive_pb2 as ipb
from tintype.generation.v1 import interactive_pb2_grpc as pb_grpc

pytestmark = pytest.mark.server

# Between two previews, and after the last.
SLOWLY, FOR_EVER = "[[pace:1]]tin plates", "[[pace:60]]tin plates"


@dataclass
class Showing:
    """The interactive process, beside the others."""

    stack: Stack
    process: asyncio.subprocess.Process
    stub: pb_grpc.InteractiveGenerationServiceStub

    def wanted(self, prompt: str, *, key: str = "") -> pb.CreateGenerationRequest:
        """What is asked for, whoever shows it."""
        wanted = pb.CreateGenerationRequest(
            account_id=self.stack.account, model_id="openai/gpt-image-1", idempotency_key=key
        )
        wanted.input.update({"prompt": prompt, "quality": "low"})
        return wanted

    def ask(self, prompt: str, *, key: str = "") -> Any:
        """A call that was begun."""
        request = ipb.PreviewGenerationRequest(generation=self.wanted(prompt, key=key), previews_max=2)
        return self.stub.PreviewGeneration(request, timeout=120)

    async def begun(self, call: Any) -> pb.Generation:
        """The job of a call in which something was shown."""
        accepted = await call.read()
        assert (await call.read()).WhichOneof("event") == "preview"
        generation: pb.Generation = accepted.accepted.generation
        return generation


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """The provider's address."""
    with running(create_app(OpenAISettings(api_key=SecretStr("sk-test")))) as url:
        yield url


@pytest.fixture
async def showing(
    database: ServiceDatabase,
    nats_account: Callable[[str], NatsLogin],
    s3_bucket: S3Login,
    tmp_path: Path,
    standin: str,
) -> AsyncIterator[Showing]:
    """API, worker and the interactive process."""
    async with interactive_process(
        database,
        nats_account,
        s3_bucket,
        tmp_path,
        standin=standin,
        GENERATION_DRAIN_S="20",
        GENERATION_LEASE_S="3",
    ) as (stack, process, stub):
        yield Showing(stack, process, stub)


async def test_it_is_shown_settled_and_kept(showing: Showing) -> None:
    """Previews are pictures, the file that is kept is the whole one, and the same key is the same job."""
    stack = showing.stack
    first, *previews, over = [event async for event in showing.ask(SLOWLY, key="one")]
    assert [Image.open(io.BytesIO(each.preview.content)).size for each in previews] == [(1024, 1024)] * 2
    assert [(each.preview.index, each.preview.media_type) for each in previews] == [
        (0, "image/png"),
        (1, "image/png"),
    ]
    assert over.over.tokens.output == 272 + 2 * 100
    job = first.accepted.generation
    ended = await stack.reaches(job.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    assert (job.credits_reserved, ended.credits_charged, len(ended.outputs)) == (10, 10, 1)
    async with httpx.AsyncClient() as client:
        kept = (await client.get(ended.outputs[0].url)).content
    assert kept not in [each.preview.content for each in previews]
    assert await stack.settled(job.generation_id) == ["GenerationSucceeded"]
    again, nothing = [event async for event in showing.ask(SLOWLY, key="one")]
    assert (again.accepted.replayed, again.accepted.generation.generation_id) == (True, job.generation_id)
    assert not nothing.over.HasField("tokens")
    assert len(stack.ledger.reservations) == 1


@pytest.mark.parametrize("poison", ["svg", "bomb", "truncated"])
async def test_what_is_no_picture_leaves_nothing(showing: Showing, poison: str) -> None:
    """It is shown to nobody and costs nothing; the picture behind it is made and charged."""
    events = [event async for event in showing.ask(f"[[answer:preview_{poison}]]{SLOWLY}")]
    assert [event.WhichOneof("event") for event in events] == ["accepted", "over"]
    job = events[0].accepted.generation
    ended = await showing.stack.reaches(job.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    assert (ended.credits_charged, ended.credits_refunded) == (8, 2)


async def test_a_killed_process(showing: Showing) -> None:
    """A worker goes on with the job, which ends and is charged once, for the picture alone."""
    job = await showing.begun(showing.ask(FOR_EVER, key="killed"))
    showing.process.send_signal(signal.SIGKILL)
    await showing.process.wait()
    ended = await showing.stack.reaches(job.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    assert (ended.credits_charged, ended.credits_refunded, len(ended.outputs)) == (8, 2, 1)
    assert await showing.stack.settled(job.generation_id) == ["GenerationSucceeded"]


async def test_a_process_that_is_killed_before_it_began(
    showing: Showing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for it again, where nobody shows it, has its picture made: once, and at once."""
    stack, announce = showing.stack, showing.stack.ledger.announce

    async def killing(request: Any) -> None:
        showing.process.send_signal(signal.SIGKILL)
        await showing.process.wait()
        await announce(request)

    monkeypatch.setattr(stack.ledger, "announce", killing)
    with pytest.raises(grpc.aio.AioRpcError):
        _ = [event async for event in showing.ask("[[pace:0]]tin plates", key="early")]
    again = showing.wanted("[[pace:0]]tin plates", key="early")
    created = await stack.api.CreateGeneration(again, timeout=30)
    assert created.replayed
    ended = await stack.reaches(created.generation.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    assert (ended.credits_charged, ended.credits_refunded, len(ended.attempts)) == (8, 2, 1)
    assert await stack.settled(ended.generation_id) == ["GenerationSucceeded"]
    assert len(stack.ledger.reservations) == 1


async def test_as_few_connections_as_may_be(showing: Showing) -> None:
    """With those a picture is shown and settled; fewer are refused at the start, and not found out later."""
    listen = f"127.0.0.1:{free_ports(1)[0]}"
    more = {"GENERATION_GRPC_LISTEN": listen, "GENERATION_INTERACTIVE_CONNECTIONS_MAX": "5"}
    await showing.stack.process("serve-interactive", **more)
    opened = channel(listen, token=TOKENS["gateway"], message_max_bytes=MESSAGE_MAX_BYTES)
    showing.stub = pb_grpc.InteractiveGenerationServiceStub(opened)
    events = [event async for event in showing.ask("[[pace:0]]tin plates")]
    await opened.close()
    assert [event.WhichOneof("event") for event in events] == ["accepted", "preview", "preview", "over"]
    job = events[0].accepted.generation
    assert await showing.stack.settled(job.generation_id) == ["GenerationSucceeded"]
    refused = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "generation", "serve-interactive"),
        env=os.environ | showing.stack.settings | more | {"GENERATION_INTERACTIVE_CONNECTIONS_MAX": "4"},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        assert await asyncio.wait_for(refused.wait(), 30) not in (0, -signal.SIGKILL)
    finally:
        if refused.returncode is None:
            refused.kill()
            await refused.wait()


async def test_a_provider_is_asked_for_no_more_than_it_allows(showing: Showing) -> None:
    """Chats and pictures of a process count together: a worker makes what there is no place for."""
    listen = f"127.0.0.1:{free_ports(1)[0]}"
    await showing.stack.process(
        "serve-interactive", GENERATION_GRPC_LISTEN=listen, GENERATION_OPENAI_RUNS_MAX="1"
    )
    opened = channel(listen, token=TOKENS["gateway"], message_max_bytes=MESSAGE_MAX_BYTES)
    showing.stub = pb_grpc.InteractiveGenerationServiceStub(opened)
    said = {"messages": [{"role": "user", "content": "[[answer:hang_halfway]]tin plates"}], "max_tokens": 10}
    chat = showing.stub.StreamGeneration(
        ipb.StreamGenerationRequest(
            account_id=showing.stack.account,
            model_id="openai/chat",
            chat=json.dumps(said).encode(),
            stream=True,
        ),
        timeout=120,
    )
    assert (await chat.read()).WhichOneof("event") == "accepted"
    assert (await chat.read()).WhichOneof("event") == "chunk"
    events = [event async for event in showing.ask("[[pace:0]]tin plates")]
    chat.cancel()
    await opened.close()
    assert [event.WhichOneof("event") for event in events] == ["accepted", "over"]
    job = events[0].accepted.generation
    ended = await showing.stack.reaches(job.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    assert ended.credits_charged == 8


async def test_a_client_that_vanishes(showing: Showing) -> None:
    """The job goes on, and ends."""
    call = showing.ask(SLOWLY)
    job = await showing.begun(call)
    call.cancel()
    ended = await showing.stack.reaches(job.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    assert len(ended.outputs) == 1
    assert [attempt.outcome for attempt in ended.attempts] == ["succeeded"]


async def test_a_cancel_of_the_api(showing: Showing) -> None:
    """Ends what is shown, and costs nothing."""
    call = showing.ask(FOR_EVER)
    job = await showing.begun(call)
    await showing.stack.api.CancelGeneration(
        pb.CancelGenerationRequest(account_id=showing.stack.account, generation_id=job.generation_id),
        timeout=10,
    )
    assert [event.WhichOneof("event") async for event in call] == ["over"]
    ended = await showing.stack.reaches(job.generation_id, pb.GENERATION_STATUS_CANCELLED)
    assert (ended.credits_charged, ended.credits_refunded) == (0, 10)


async def test_a_process_that_stops_lets_the_call_end(showing: Showing) -> None:
    """It is being paid for: its picture is there, and whoever watches sees all of it."""
    call = showing.ask(SLOWLY)
    job = await showing.begun(call)
    showing.process.send_signal(signal.SIGTERM)
    assert [event.WhichOneof("event") async for event in call] == ["preview", "over"]
    assert await asyncio.wait_for(showing.process.wait(), 60) == 0
    ended = await showing.stack.reaches(job.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    assert (ended.credits_charged, [attempt.outcome for attempt in ended.attempts]) == (10, ["succeeded"])


@pytest.mark.real_time
async def test_a_process_that_stops_hands_on_what_takes_longer(showing: Showing) -> None:
    """Though somebody watches until then: it ends in its time, by itself, and a worker has the job."""
    call = showing.ask(FOR_EVER)
    job = await showing.begun(call)
    showing.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(showing.process.wait(), 60) == 0
    async with asyncio.timeout(10):
        while len(attempts := (await showing.stack.get(job.generation_id)).attempts) < 2:
            await asyncio.sleep(0.1)
    assert [attempt.outcome for attempt in attempts] == ["lost", "running"]
    await showing.stack.api.CancelGeneration(
        pb.CancelGenerationRequest(account_id=showing.stack.account, generation_id=job.generation_id),
        timeout=10,
    )
    await showing.stack.reaches(job.generation_id, pb.GENERATION_STATUS_CANCELLED)
