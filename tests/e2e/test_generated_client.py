"""A client that a generator made of the description alone does the product's main job."""

import asyncio
import importlib
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import httpx
import pytest
from httpx_sse import EventSource
from tintype_local.demo.checkout_page import pay
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

PACKAGE = "generated_tintype"
PATIENCE_S = 60
# What the document adds for events, which OpenAPI 3.1 has no word for.
EVENT_SCHEMAS = ("paths", "/v1/events", "get", "responses", "200", "content", "text/event-stream", "x-events")


class Generated:
    """The generated package: an operation by its id, a model by its schema's name."""

    def __init__(self, document: dict[str, Any], folder: Path) -> None:
        self.operation_ids = [
            operation["operationId"]
            for methods in document["paths"].values()
            for operation in methods.values()
        ]
        events: Any = document
        for key in EVENT_SCHEMAS:
            events = events[key]
        self._events = {name: schema["$ref"].rpartition("/")[2] for name, schema in events.items()}
        self._folder = folder
        self.models = importlib.import_module(f"{PACKAGE}.models")
        self.client_module = importlib.import_module(f"{PACKAGE}.client")

    def operation(self, name: str) -> ModuleType:
        """Return the module of an operation, in whichever folder the generator put it."""
        (found,) = self._folder.glob(f"api/*/{name}.py")
        return importlib.import_module(f"{PACKAGE}.api.{found.parent.name}.{name}")

    def event(self, name: str, data: str) -> Any:
        """Return what an event carries, as its model."""
        return getattr(self.models, self._events[name]).from_dict(json.loads(data))


@pytest.fixture(scope="module")
def generated(stack: StackState, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    """A client of the running gateway's own description; a warning of the generator's fails."""
    folder = tmp_path_factory.mktemp("generated")
    document = httpx.get(f"{stack.url('gateway')}/openapi.json").raise_for_status().json()
    (folder / "openapi.json").write_text(json.dumps(document))
    # Its own hooks only make the code pretty; of files it knows only those of no kind.
    sounds = (f"audio/{kind}" for kind in ("mpeg", "wav", "ogg", "flac", "aac"))
    kinds = ("application/zip", "image/webp", *sounds)
    overrides = "".join(f"  {kind}: application/octet-stream\n" for kind in kinds)
    (folder / "config.yml").write_text(f"post_hooks: []\ncontent_type_overrides:\n{overrides}")
    made = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none",
         "--path", folder / "openapi.json", "--config", folder / "config.yml",
         "--output-path", folder / PACKAGE],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield Generated(document, folder / PACKAGE)
    sys.path.remove(str(folder))


class Caller:
    """A person's program: it knows the generated client and nothing else of the API."""

    def __init__(self, generated: Generated, client: Any) -> None:
        self.generated = generated
        self.client = client

    async def call(self, operation: str, *path: str, **given: Any) -> Any:
        """Call an operation and return its answer, refusals too."""
        answer = await self.generated.operation(operation).asyncio(*path, client=self.client, **given)
        assert answer is not None, f"{operation} answered nothing that the description has"
        return answer

    async def generate(self, model: str, **given: Any) -> Any:
        """Start a generation."""
        models = self.generated.models
        body = models.GenerationBody(model=model, input_=models.GenerationBodyInput.from_dict(given))
        return await self.call("create_generation", body=body, idempotency_key=str(uuid4()))

    async def follow(self, generation_id: str) -> list[str]:
        """Listen until a generation has ended; return what it was said to be, in order."""
        told = []
        http = self.client.get_async_httpx_client()
        async with http.stream("GET", "/v1/events", timeout=None) as stream:
            async for event in EventSource(stream).aiter_sse():
                if not event.data:
                    continue
                update = self.generated.event(event.event, event.data)
                if event.event == "generation.updated" and update.id == generation_id:
                    told.append(update.status.value)
                    if told[-1] not in ("queued", "processing"):
                        break
        return told

    async def until(self, operation: str, holds: Callable[[Any], bool], *path: str) -> Any:
        """Read until something holds."""
        while not holds(answer := await self.call(operation, *path)):
            await asyncio.sleep(0.2)
        return answer


async def _within(story: Awaitable[Any]) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        return await story


@pytest.fixture
async def caller(stack: StackState, generated: Generated) -> Caller:
    """Somebody who has just signed up, with the welcome credits."""
    url, module = stack.url("gateway"), generated.client_module
    visitor = Caller(generated, module.Client(base_url=url))
    body = generated.models.SignUp(
        email=f"generated-{uuid4().hex[:10]}@example.com", password=f"a sentence {uuid4().hex}"
    )
    session = await visitor.call("sign_up", body=body)
    assert session.user.email == body.email
    caller = Caller(generated, module.AuthenticatedClient(base_url=url, token=session.access_token))
    await _within(caller.until("read_balance", lambda balance: balance.available > 0))
    return caller


def test_every_operation_is_generated(generated: Generated) -> None:
    """None is left out for want of something in its description."""
    assert len(generated.operation_ids) > 25
    for name in generated.operation_ids:
        assert generated.operation(name).asyncio_detailed


async def test_too_few_credits_is_a_typed_answer(caller: Caller) -> None:
    """The refusal has a class of its own, and nothing is held."""
    before = await caller.call("read_balance")
    refused = await caller.generate("local/motion", prompt="An ocean", duration_s=12, output_count=4)
    assert isinstance(refused, caller.generated.models.TooFewCredits)
    assert refused.reason == "INSUFFICIENT_CREDITS"
    assert (refused.balance, refused.required > before.available) == (before.available, True)
    assert await caller.call("read_balance") == before
    rejected = await caller.call("read_generation", refused.generation_id)
    assert rejected.status == caller.generated.models.GenerationStatus.REJECTED


async def test_buy_generate_and_read_the_history(caller: Caller) -> None:
    """Pay at the stand-in, follow a picture to its end, cancel a job, and find it all in the entries."""
    models = caller.generated.models
    welcome = (await caller.call("read_balance")).available
    (pack, *_) = (await caller.call("list_packs")).data
    body = models.CheckoutBody(pack=pack.id)
    checkout = await caller.call("create_checkout", body=body, idempotency_key=str(uuid4()))
    await pay(checkout.url, email="ada@example.com")
    await _within(caller.until("read_balance", lambda now: now.available == welcome + pack.credits_))
    done = await caller.call("read_checkout", checkout.id)
    assert (done.status, done.payment_status) == (models.CheckoutStatus.COMPLETE, models.PaymentStatus.PAID)

    picture = await caller.generate("local/sketch", prompt="A fox in snow", seed=7)
    told = await _within(caller.follow(picture.id))
    assert told[-1] == "succeeded"
    finished = await caller.call("read_generation", picture.id)
    assert finished.outputs[0].media_type.startswith("image/")
    assert finished.finished_at.utcoffset().total_seconds() == 0

    stalled = await caller.generate("local/sketch", prompt="Fog", simulate="stall")
    await caller.call("cancel_generation", stalled.id)
    over = await _within(caller.until("read_generation", lambda job: job.finished_at is not None, stalled.id))
    assert over.status == models.GenerationStatus.CANCELLED

    await _within(caller.until("read_balance", lambda now: now.held == 0))
    entries = (await caller.call("list_entries", limit=100)).data
    kinds = [entry.kind.value for entry in reversed(entries)]
    assert kinds == ["grant", "grant", "reserve", "charge", "reserve", "refund"]
    assert sum(entry.amount for entry in entries) == entries[0].balance_after
    explained = await caller.call("explain_generation", picture.id)
    assert explained.settlement.charged == finished.credits_.charged
