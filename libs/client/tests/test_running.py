"""Both clients run models at a real gateway, over a network that fails."""

import asyncio
import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from client_world import LOST, PICTURE, Network, ask, names
from gateway.domain.generation import GenerationStatus
from gateway_world import SKETCH, Door
from tintype_client import (
    ConnectionFailed,
    GenerationCancelled,
    GenerationFailed,
    GenerationFinished,
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidCall,
    InvalidInput,
    NotFound,
    RateLimited,
    StillRunning,
    Unauthenticated,
    UnexpectedAnswer,
    UnknownModel,
)

# A balance as it is, but for a time that is of no zone.
NAIVE = json.dumps(
    {
        "available": 1, "held": 0, "debt": 0, "upcoming": 0, "next_effective": None, "sequence": 1,
        "by_category": {"subscription": 0, "promotional": 1, "paid": 0}, "next_expiry": "2030-01-01T00:00:00",
    }
)  # fmt: skip


async def test_run_waits_and_has_the_files(client: Any, door: Door, tmp_path: Path) -> None:
    """Two lines: a model and its input in, files out; each step is told once."""
    told: list[tuple[str, float]] = []
    files = await ask(
        client, "run", SKETCH, prompt="a heron", output_count=1,
        metadata={"album": "birds"}, on_progress=lambda now: told.append((now.status, now.progress)),
    )  # fmt: skip
    assert [status for status, _ in told] == ["queued", "processing", "succeeded"]
    assert (len(files), files.generation.credits.charged) == (1, 5)
    assert files.generation.metadata == {"album": "birds"}
    assert files[0].media_type == "image/png"
    assert await ask(files[0], "read") == PICTURE
    saved = await ask(files[0], "save", tmp_path / "heron.png")
    assert saved.read_bytes() == PICTURE
    assert names(tmp_path) == ["heron.png"]
    (job,) = door.world.generations.jobs.values()
    assert job.input == {"prompt": "a heron", "output_count": 1}


async def test_without_questions_it_is_one_request(client: Any, network: Network) -> None:
    """The API waits, and answers with what came out; a lost answer is asked for again, with the same key."""
    network.trouble = [LOST]
    files = await ask(client, "run", SKETCH, prompt="a heron")
    assert [request.method for request in network.seen] == ["POST", "POST"]
    assert {request.headers["prefer"] for request in network.seen} == {"wait=25"}
    assert await ask(files[0], "read") == PICTURE


async def test_where_the_api_does_not_wait_it_is_looked_at(client: Any, network: Network, door: Door) -> None:
    """An older one, or one at which too many wait already."""
    deps = door.app.state.deps
    preferred = replace(deps.wait_as_preferred, wait_max_s=0)
    door.app.state.deps = replace(deps, wait_as_preferred=preferred)
    assert len(await ask(client, "run", SKETCH, prompt="a heron")) == 1
    assert len(await ask(client, "run", SKETCH, prompt="a fox", timeout_s=0.9, on_progress=None)) == 1


async def test_a_field_may_be_called_as_an_option_is(client: Any, door: Door) -> None:
    """The whole input as one argument; and whatever is no dictionary is refused before it is sent."""
    await ask(client, "submit", SKETCH, input={"prompt": "a heron"}, output_count=2)
    (job,) = door.world.generations.jobs.values()
    assert job.input == {"prompt": "a heron", "output_count": 2}
    with pytest.raises(InvalidCall):
        await ask(client, "submit", SKETCH, input="a heron")
    assert len(door.world.generations.jobs) == 1


async def test_submit_status_result_cancel(client: Any, network: Network) -> None:
    """The same in parts, for whoever does something else meanwhile."""
    network.works = False
    started = await ask(client, "submit", SKETCH, prompt="a heron")
    assert (started.status, started.has_ended) == ("queued", False)
    assert (await ask(client, "status", started.id)).id == started.id
    with pytest.raises(StillRunning) as still:
        await ask(client, "result", started.id, timeout_s=0)
    assert still.value.generation.id == started.id
    assert isinstance(still.value, TimeoutError)
    network.finish(started.id)
    assert len(await ask(client, "result", started.id)) == 1
    with pytest.raises(GenerationFinished):
        await ask(client, "cancel", started.id)
    other = await ask(client, "submit", SKETCH, prompt="a fox")
    assert (await ask(client, "cancel", other.id)).status == "cancelled"
    with pytest.raises(GenerationCancelled):
        await ask(client, "result", other.id)
    assert await ask(client, "delete", other.id) is None


async def test_a_failure_is_raised_with_its_generation(client: Any, network: Network) -> None:
    """The credits came back, and that is what it says."""
    network.works = False
    started = await ask(client, "submit", SKETCH, prompt="a heron")
    network.finish(started.id, GenerationStatus.FAILED)
    with pytest.raises(GenerationFailed) as failed:
        await ask(client, "result", started.id)
    assert failed.value.generation.credits.refunded == 5


async def test_too_few_credits_say_how_many(client: Any, door: Door) -> None:
    """As numbers, and nothing was held."""
    door.world.ledger.reserve(next(iter(door.world.ledger.journal)), 998, "gen_other")
    with pytest.raises(InsufficientCredits) as refused:
        await ask(client, "run", SKETCH, prompt="a heron")
    assert (refused.value.balance, refused.value.required) == (2, 5)
    assert refused.value.generation_id is not None
    assert len(refused.value.trace_id) == 32
    again = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 - our own
    assert (type(again), again.required, str(again)) == (InsufficientCredits, 5, str(refused.value))


async def test_a_wrong_input_names_its_fields(client: Any, door: Door) -> None:
    """What can be mended is said by name; nothing is tried twice."""
    with pytest.raises(InvalidInput) as refused:
        await ask(client, "run", SKETCH, prompt="a heron", output_count=99)
    assert [wrong.field for wrong in refused.value.errors] == ["output_count"]
    with pytest.raises(UnknownModel):
        await ask(client, "run", "local/nothing", prompt="a heron")
    assert not door.world.generations.jobs


@pytest.mark.parametrize("lost", [1, 3])
async def test_a_lost_answer_starts_nothing_twice(
    client: Any, network: Network, door: Door, lost: int
) -> None:
    """The request goes out again with the key that it had: one job, paid for once."""
    network.trouble = [LOST] * lost
    started = await ask(client, "submit", SKETCH, prompt="a heron")
    assert list(door.world.generations.jobs) == [started.id]
    posts = [request for request in network.seen if request.method == "POST"]
    assert len(posts) == lost + 1
    assert len({request.headers["idempotency-key"] for request in posts}) == 1
    assert len({request.content for request in posts}) == 1
    assert (await ask(client, "balance")).held == 5


async def test_two_calls_have_two_keys(client: Any, door: Door, network: Network) -> None:
    """Unless the caller says that they are the same one; another input is then refused."""
    for _ in range(2):
        await ask(client, "submit", SKETCH, prompt="a heron")
    assert len(door.world.generations.jobs) == 2
    first, second = [
        await ask(client, "submit", SKETCH, prompt="a fox", idempotency_key="order-7") for _ in range(2)
    ]
    assert first.id == second.id
    with pytest.raises(IdempotencyKeyReused):
        await ask(client, "submit", SKETCH, prompt="a cat", idempotency_key="order-7")
    for key in ("", "two words", "é", "a\n", "x" * 256):
        with pytest.raises(InvalidCall):
            await ask(client, "submit", SKETCH, prompt="a cat", idempotency_key=key)
    assert len(door.world.generations.jobs) == 3


async def test_what_passes_is_tried_again(client: Any, network: Network) -> None:
    """Too much to do, a proxy that finds nobody, a connection that fails."""
    busy = {"reason": "LEDGER_OVERLOADED", "detail": "Try again."}
    network.trouble = [
        httpx.Response(429, json=busy, headers={"Retry-After": "0"}),
        httpx.Response(502, text="<html>"),
        httpx.ConnectError("refused"),
    ]
    assert (await ask(client, "balance")).available == 1000
    assert len(network.seen) == 4


async def test_it_gives_up(client: Any, network: Network) -> None:
    """After five attempts, and at once where it would take too long or change nothing."""
    network.trouble = [httpx.ConnectError("refused")] * 9
    with pytest.raises(ConnectionFailed, match="refused"):
        await ask(client, "balance")
    assert len(network.seen) == 5
    network.trouble = [httpx.Response(429, json={"reason": "RATE_LIMITED"}, headers={"Retry-After": "7200"})]
    network.seen.clear()
    with pytest.raises(RateLimited) as limited:
        await ask(client, "balance")
    assert (limited.value.retry_after_s, len(network.seen)) == (7200, 1)
    network.trouble = [httpx.Response(500, json={"reason": "INTERNAL"})]
    with pytest.raises(Exception, match="INTERNAL"):
        await ask(client, "balance")
    assert len(network.seen) == 2


@pytest.mark.exhaustive
@pytest.mark.parametrize("body", ["<html>hello</html>", "[]", NAIVE, '{"available": "much"}', '"\\ud800'])
async def test_an_answer_of_something_else_is_told_apart(client: Any, network: Network, body: str) -> None:
    """A page of a proxy is no balance, and no KeyError."""
    network.trouble = [httpx.Response(200, text=body)]
    with pytest.raises(UnexpectedAnswer):
        await ask(client, "balance")


async def test_a_deletion_whose_answer_was_lost_is_done(client: Any, network: Network, door: Door) -> None:
    """What is gone at the second attempt was deleted by the first; at the first it was never there."""
    upload = await ask(client, "upload", PICTURE)
    network.trouble = [LOST]
    assert await ask(client, "delete_upload", upload.id) is None
    assert not door.world.uploads.kept
    with pytest.raises(NotFound):
        await ask(client, "delete_upload", upload.id)


async def test_a_key_that_is_not_good_is_not_tried_again(client: Any, network: Network, door: Door) -> None:
    """One request, one refusal."""
    door.clock.pass_(days=2)
    with pytest.raises(Unauthenticated):
        await ask(client, "balance")
    assert len(network.seen) == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("generation_id", ["", ".", "..", "../balance", "gen_1?x=1", "gen_1#", "a\nb"])
async def test_an_id_leads_nowhere_else(client: Any, network: Network, generation_id: str) -> None:
    """Whatever it holds, nothing but a generation is asked for."""
    with pytest.raises((NotFound, InvalidCall)):
        await ask(client, "status", generation_id)
    assert all(request.url.raw_path.startswith(b"/v1/generations/") for request in network.seen)


async def test_many_at_once(client: Any, door: Door) -> None:
    """Ten runs of one client, each with its own files."""
    made = await asyncio.gather(*(ask(client, "run", SKETCH, prompt=f"heron {n}") for n in range(10)))
    assert len({files.generation.id for files in made}) == 10
    assert [files.generation.input["prompt"] for files in made] == [f"heron {n}" for n in range(10)]
    assert (await ask(client, "balance")).available == 950


async def test_a_quote_is_the_price_that_is_paid(client: Any, network: Network) -> None:
    """Asked for, and given to `run` as it is."""
    quote = await ask(client, "quote", SKETCH, prompt="a heron", output_count=3)
    files = await ask(client, "run", SKETCH, prompt="a heron", output_count=3, quote=quote)
    assert files.generation.credits.charged == quote.credits == 15
    sent = [json.loads(request.content) for request in network.seen if request.url.path == "/v1/generations"]
    assert sent[0]["quote_id"] == quote.quote_id
