"""A job that is shown while it is made is a job like any other: who sees it, and what it costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from generation.adapters.outbound.memory_services import MemoryIntake
from generation.application import show_previews
from generation.application.show_previews import Showing
from generation.domain.errors import (
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidInput,
    InvalidQuote,
    LedgerUnavailable,
    PreviewsNotOffered,
    TooManyStreams,
)
from generation.domain.generation import Failure, Status
from generation.domain.identifiers import QuoteId
from generation.domain.moderation import Category
from generation.domain.previews import Previews
from generation.domain.token_usage import PictureTokens
from generation.ports.media_intake import OutputUnusable, ReceivedMedia
from generation.ports.media_provider import Preview, RunReport, RunState
from generation_house import House, command, success
from previews_house import NAME, Previewed, ShowingProvider, asked, seen

TOKENS = PictureTokens(text=3, image=0, output=472)
BROKEN = RunReport(RunState.FAILED, failure=Failure("PROVIDER_FAILED", "broken"))


@pytest.fixture
async def provider() -> ShowingProvider:
    """Shows up to three previews, then the picture."""
    return ShowingProvider(reports=[replace(success(b"whole"), picture_tokens=TOKENS)])


@pytest.fixture
async def house(provider: ShowingProvider) -> AsyncIterator[House]:
    """Every fact is named."""
    house = House(provider=provider)
    async with house.facts:
        yield house


@pytest.fixture
async def previewed(house: House) -> AsyncIterator[Previewed]:
    """The process."""
    process = Previewed(house)
    async with process.running():
        yield process


async def test_it_is_shown_and_charged(previewed: Previewed) -> None:
    """In order, looked into as outputs are; what was shown is charged beside the picture, and not kept."""
    accepted = await previewed.opened()
    shown = await seen(accepted)
    ended = await previewed.ended(accepted)
    assert [(one.index, one.content, one.media_type, one.width) for one in shown] == [
        (0, b"one", "image/png", 1),
        (1, b"two", "image/png", 1),
    ]
    assert accepted.showing is not None
    assert accepted.showing.tokens == TOKENS
    assert (ended.status, ended.credits_reserved, ended.credits_charged) == (Status.SUCCEEDED, 10, 10)
    assert (ended.price.units, ended.previews) == (1, Previews(2, 1))
    assert ended.price.breakdown == "1 image × 8 credits, 2 previews × 1 credit"
    assert list(previewed.house.store.objects.values()) == [b"whole"]
    # No worker hears of it.
    worker = previewed.house.worker("w1")
    assert await worker.start(previewed.house.reserved(ended)) is None
    await previewed.house.facts.expect("GenerationSucceeded")


@pytest.mark.parametrize(("shown", "charged"), [(0, 8), (1, 9), (3, 11)])
async def test_what_was_not_shown_is_not_charged(
    previewed: Previewed, provider: ShowingProvider, shown: int, charged: int
) -> None:
    """The most is set aside; what came is charged, and the rest comes back."""
    provider.previews = provider.previews[:shown]
    accepted = await previewed.opened(previews_max=3)
    assert len(await seen(accepted)) == shown
    ended = await previewed.ended(accepted)
    assert (ended.credits_reserved, ended.credits_charged) == (11, charged)
    await previewed.house.facts.expect("GenerationSucceeded")


async def test_more_than_were_asked_for_are_neither_shown_nor_charged(
    previewed: Previewed, provider: ShowingProvider
) -> None:
    """Whatever the provider makes of the number."""
    accepted = await previewed.opened(previews_max=1)
    assert accepted.showing is not None
    for _ in range(5):
        accepted.showing.offer(Preview(b"more"))
    shown = await seen(accepted)
    assert len(shown) == 1
    assert (await previewed.ended(accepted)).credits_charged == 9
    await previewed.house.facts.expect("GenerationSucceeded")


async def test_nobody_listens(previewed: Previewed) -> None:
    """Whoever called left: the job goes on, and ends as any other."""
    accepted = await previewed.opened()
    ended = await previewed.ended(accepted)
    assert ended.status is Status.SUCCEEDED
    await previewed.house.facts.expect("GenerationSucceeded")


@pytest.mark.parametrize("poison", [b"", b"x" * 2_000])
async def test_a_poisoned_preview_harms_nothing(
    previewed: Previewed, provider: ShowingProvider, poison: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is no picture, or too large, is neither shown nor charged; the others and the job stand."""
    monkeypatch.setattr(show_previews, "PREVIEW_BYTES_MAX", 1_000)
    provider.previews = [b"one", poison, b"three"]
    accepted = await previewed.opened(previews_max=3)
    assert [(one.index, one.content) for one in await seen(accepted)] == [(0, b"one"), (1, b"three")]
    ended = await previewed.ended(accepted)
    assert (ended.status, ended.credits_charged) == (Status.SUCCEEDED, 10)
    await previewed.house.facts.expect("GenerationSucceeded")


@pytest.mark.parametrize("error", [OutputUnusable("an SVG"), RuntimeError("our own decoder")])
async def test_what_looking_into_one_raises_is_its_own(error: Exception) -> None:
    """The next one is shown all the same."""

    class Stumbling(MemoryIntake):
        @asynccontextmanager
        async def receive(self, output: Any, **more: Any) -> AsyncIterator[ReceivedMedia]:
            if output.content == b"poison":
                raise error
            async with super().receive(output, **more) as media:
                yield media

    showing = Showing(Stumbling(), 2)
    looking = asyncio.create_task(showing.look())
    showing.offer(Preview(b"poison"))
    showing.offer(Preview(b"good"))
    assert await showing.counted() == 1
    assert [one.content async for one in showing] == [b"good"]
    looking.cancel()


async def test_one_that_is_looked_into_for_ever_keeps_no_picture_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The count is closed, and what is found out later is shown to nobody."""
    monkeypatch.setattr(show_previews, "COUNT_WITHIN_S", 0.01)
    go_on = asyncio.Event()

    class Slow(MemoryIntake):
        @asynccontextmanager
        async def receive(self, output: Any, **more: Any) -> AsyncIterator[ReceivedMedia]:
            await go_on.wait()
            async with super().receive(output, **more) as media:
                yield media

    showing = Showing(Slow(), 1)
    looking = asyncio.create_task(showing.look())
    showing.offer(Preview(b"slow"))
    assert await showing.counted() == 0
    go_on.set()
    await showing._offered.join()
    assert ([one async for one in showing], showing.shown_count) == ([], 0)
    looking.cancel()


async def test_a_picture_that_comes_late_is_not_lost_to_its_previews(
    house: House, provider: ShowingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came in time and is stored: one that is looked into for ever has it end in its time, and charged."""
    monkeypatch.setattr(show_previews, "COUNT_WITHIN_S", 3_600)

    class Stuck(MemoryIntake):
        @asynccontextmanager
        async def receive(self, output: Any, **more: Any) -> AsyncIterator[ReceivedMedia]:
            await asyncio.Event().wait()
            async with super().receive(output, **more) as media:
                yield media

    reports, provider.reports = provider.reports, [RunReport(RunState.RUNNING)]
    previewed = Previewed(house)
    previewed.jobs._accept = replace(previewed.jobs._accept, intake=Stuck())
    async with previewed.running():
        accepted = await previewed.opened()
        left_s = (accepted.generation.deadline_at - house.clock.now()).total_seconds()
        house.clock.forward(seconds=left_s - 0.05)
        provider.reports = reports
        ended = await previewed.ended(accepted)
    assert (ended.status, ended.credits_charged) == (Status.SUCCEEDED, 8)
    await house.facts.expect("GenerationSucceeded")


async def test_a_failed_one_costs_nothing(previewed: Previewed, provider: ShowingProvider) -> None:
    """Whatever was shown of it."""
    provider.reports = [BROKEN]
    accepted = await previewed.opened()
    await seen(accepted)
    ended = await previewed.ended(accepted)
    assert (ended.status, ended.credits_charged, ended.credits_refunded) == (Status.FAILED, 0, 10)
    await previewed.house.facts.expect("GenerationFailed")


async def test_a_refused_one_is_asked_of_nobody_and_shown_to_nobody(
    previewed: Previewed, provider: ShowingProvider
) -> None:
    """Moderation comes before the provider, and so before anything that could be shown."""
    previewed.house.moderation.words = {"fox": Category.VIOLENCE}
    accepted = await previewed.opened()
    assert await seen(accepted) == []
    ended = await previewed.ended(accepted)
    assert ended.failure is not None
    assert (ended.failure.reason, ended.credits_charged) == ("CONTENT_REFUSED", 0)
    assert provider.submitted == []
    await previewed.house.facts.expect("GenerationFailed")


async def test_nothing_is_shown_after_a_cancel(previewed: Previewed, provider: ShowingProvider) -> None:
    """The job ends as cancelled and costs nothing, as one that is not shown."""
    provider.reports, provider.previews = [RunReport(RunState.RUNNING)], []
    accepted = await previewed.opened()
    await previewed.house.cancel(accepted.generation.account_id, accepted.generation.generation_id)
    await previewed.in_hand.renew()
    assert accepted.showing is not None
    accepted.showing.offer(Preview(b"late"))
    assert await seen(accepted) == []
    ended = await previewed.ended(accepted)
    assert (ended.status, ended.credits_charged) == (Status.CANCELLED, 0)
    assert provider.cancelled
    await previewed.house.facts.expect("GenerationCancelled")


async def test_a_cancel_before_the_end_wins(previewed: Previewed, provider: ShowingProvider) -> None:
    """Also when the picture was there already: only of a chat is charged what was passed on."""
    provider.reports, provider.previews = [RunReport(RunState.RUNNING)], []
    accepted = await previewed.opened()
    await previewed.house.cancel(accepted.generation.account_id, accepted.generation.generation_id)
    provider.reports = [success(b"whole")]
    ended = await previewed.ended(accepted)
    assert (ended.status, ended.credits_charged) == (Status.CANCELLED, 0)
    await previewed.house.facts.expect("GenerationCancelled")


async def test_the_same_key_is_one_job(previewed: Previewed, provider: ShowingProvider) -> None:
    """Again with or without previews: it is bought once, and an earlier one is not shown again."""
    first = await previewed.opened(key="k")
    await seen(first)
    await previewed.ended(first)
    # Nothing is asked of anybody for what is known.
    previewed.house.ledger.reachable = False
    again = await previewed.opened(key="k", previews_max=3)
    assert (again.is_earlier, again.job, again.showing) == (True, None, None)
    plainly, is_earlier = await previewed.house.create(command(key="k", model="openai/gpt-image-1"))
    assert is_earlier
    assert {first.generation.generation_id, again.generation.generation_id} == {plainly.generation_id}
    assert len(provider.submitted) == 1
    with pytest.raises(IdempotencyKeyReused):
        await previewed.opened(key="k", prompt="a blue fox")
    await previewed.house.facts.expect("GenerationSucceeded")


async def test_a_known_key_of_one_that_runs(previewed: Previewed, provider: ShowingProvider) -> None:
    """The second call has the job, and buys nothing."""
    provider.reports = [RunReport(RunState.RUNNING)]
    first = await previewed.opened(key="k")
    second = await previewed.opened(key="k")
    assert (second.is_earlier, second.showing) == (True, None)
    assert second.generation.generation_id == first.generation.generation_id
    provider.reports = [success(b"whole")]
    await previewed.ended(first)
    assert len(provider.submitted) == 1
    await previewed.house.facts.expect("GenerationSucceeded")


async def test_a_key_of_one_without_previews(previewed: Previewed, provider: ShowingProvider) -> None:
    """It is a worker's: nothing is shown, nothing is bought here, and its price stays."""
    plainly, _ = await previewed.house.create(command(key="k", model="openai/gpt-image-1"))
    accepted = await previewed.opened(key="k")
    assert (accepted.is_earlier, accepted.showing) == (True, None)
    assert (accepted.generation.generation_id, accepted.generation.price.credits) == (
        plainly.generation_id,
        8,
    )
    assert provider.submitted == []
    await previewed.house.facts.expect("GenerationQueued")


async def test_one_that_was_stored_and_not_begun_is_begun_by_its_key(
    previewed: Previewed, provider: ShowingProvider
) -> None:
    """The ledger was away: the same call again is the same job, and one purchase."""
    previewed.house.ledger.reachable = False
    with pytest.raises(LedgerUnavailable):
        await previewed.opened(key="k")
    (stored,) = previewed.house.units.tables.generations.values()
    assert (stored.status, provider.submitted) == (Status.RESERVING, [])
    previewed.house.ledger.reachable = True
    accepted = await previewed.opened(key="k")
    assert accepted.generation.generation_id == stored.generation_id
    assert len(await seen(accepted)) == 2
    assert (await previewed.ended(accepted)).status is Status.SUCCEEDED
    assert len(provider.submitted) == 1
    await previewed.house.facts.expect("GenerationSucceeded")


async def test_one_that_was_cancelled_before_it_began(
    previewed: Previewed, provider: ShowingProvider
) -> None:
    """Ends with the ledger's answer: nobody is asked, and what was reserved goes back."""
    previewed.house.ledger.reachable = False
    with pytest.raises(LedgerUnavailable):
        await previewed.opened(key="k")
    (stored,) = previewed.house.units.tables.generations.values()
    await previewed.house.cancel(stored.account_id, stored.generation_id)
    previewed.house.ledger.reachable = True
    accepted = await previewed.opened(key="k")
    assert (accepted.generation.status, accepted.is_earlier) == (Status.CANCELLED, True)
    assert (accepted.job, accepted.showing, provider.submitted) == (None, None, [])
    await previewed.house.facts.expect("GenerationCancelled")


async def test_a_provider_that_shows_nothing_here(previewed: Previewed) -> None:
    """The model could be shown, and nobody who runs it can: nothing is stored."""
    accept = replace(previewed.jobs._accept, providers=frozenset({"local"}))
    with pytest.raises(PreviewsNotOffered):
        await accept(asked())
    assert not previewed.house.units.tables.generations
    await previewed.house.facts.expect()


async def test_a_wrong_number_is_told_by_its_field(previewed: Previewed) -> None:
    """As any field that is wrong."""
    with pytest.raises(InvalidInput) as refused:
        await previewed.opened(previews_max=4)
    assert list(refused.value.field_violations) == ["previews_max"]
    await previewed.house.facts.expect()


async def test_too_few_credits(previewed: Previewed, provider: ShowingProvider) -> None:
    """The previews count: nobody is asked, and the same key is refused again."""
    previewed.house.ledger.available = 9
    for is_replayed in (False, True):
        with pytest.raises(InsufficientCredits) as refused:
            await previewed.opened(key="k")
        assert (refused.value.required, refused.value.available) == (10, 9)
        assert refused.value.replayed is is_replayed
    assert provider.submitted == []
    await previewed.house.facts.expect()


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"model": "local/sketch"}, PreviewsNotOffered),
        ({"output_count": 2}, PreviewsNotOffered),
        ({"previews_max": 0}, InvalidInput),
        ({"previews_max": 4}, InvalidInput),
        ({"ratio": "9:1"}, InvalidInput),
        ({"quote_id": QuoteId("q")}, InvalidQuote),
    ],
)
async def test_what_is_refused_is_not_stored(
    previewed: Previewed, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    """By name, and nothing is left."""
    with pytest.raises(refusal):
        await previewed.opened(**changes)
    assert not previewed.house.units.tables.generations
    await previewed.house.facts.expect()


async def test_as_many_as_may(house: House, provider: ShowingProvider) -> None:
    """One more is refused before anything is stored; a place is free again once a job has ended."""
    process = Previewed(house, per_account_most=1)
    provider.reports = [RunReport(RunState.RUNNING)]
    async with process.running():
        first = await process.opened()
        with pytest.raises(TooManyStreams):
            await process.opened()
        assert len(house.units.tables.generations) == 1
        provider.reports = [success(b"whole")]
        await process.ended(first)
        second = await process.opened()
        await process.ended(second)
    await house.facts.expect("GenerationSucceeded", "GenerationSucceeded")


async def test_a_worker_goes_on_with_it_and_nothing_is_bought_twice(
    previewed: Previewed, provider: ShowingProvider
) -> None:
    """The process died: whoever takes the job over finds its run, and charges the picture alone."""
    provider.reports = [RunReport(RunState.RUNNING)]
    accepted = await previewed.opened()
    async with asyncio.timeout(10):
        while not provider.submitted:
            await asyncio.sleep(0)
    generation_id = accepted.generation.generation_id
    _, task = previewed.in_hand._jobs[generation_id]
    task.cancel()
    await asyncio.wait({task})
    previewed.house.clock.forward(seconds=16)
    provider.reports = [success(b"whole")]
    worker = previewed.house.worker("w1")
    (job,) = await worker.take_due(limit=4)
    assert (job.attempt.number, job.taken_over, job.showing) == (1, True, None)
    await worker.run(job)
    ended = previewed.stored(accepted)
    assert (ended.status, ended.credits_reserved, ended.credits_charged) == (Status.SUCCEEDED, 10, 8)
    assert len(provider.submitted) == 1
    await previewed.house.facts.expect("GenerationSucceeded")


async def test_what_waits_is_left_to_workers(previewed: Previewed, provider: ShowingProvider) -> None:
    """A busy provider: who watches is shown no more, and a worker tries later."""
    provider.reports = [RunReport(RunState.FAILED, retryable=True, retry_after_s=60)]
    accepted = await previewed.opened()
    await seen(accepted)
    assert (await previewed.ended(accepted)).status is Status.PROCESSING
    provider.reports = [success(b"whole")]
    previewed.house.clock.forward(seconds=61)
    worker = previewed.house.worker("w1")
    (job,) = await worker.take_due(limit=4)
    await worker.run(job)
    assert previewed.stored(accepted).credits_charged == 8
    await previewed.house.facts.expect("GenerationSucceeded")


async def test_the_process_stops(previewed: Previewed, provider: ShowingProvider) -> None:
    """What runs is handed on, and who watches is not left waiting."""
    provider.reports = [RunReport(RunState.RUNNING)]
    accepted = await previewed.opened()
    watching = asyncio.create_task(seen(accepted))
    await previewed.in_hand.drain()
    await asyncio.wait_for(watching, 10)
    (attempt,) = previewed.house.units.tables.attempts.values()
    assert attempt.not_before is not None or attempt.worker != NAME
    (job,) = await previewed.house.worker("w1").take_due(limit=4)
    assert job.generation.generation_id == accepted.generation.generation_id
    await previewed.house.facts.expect()


async def test_the_process_stops_while_its_calls_still_end(
    previewed: Previewed, provider: ShowingProvider
) -> None:
    """Calls last as long as their jobs: what runs is handed on before they end, what began late after."""
    provider.reports = [RunReport(RunState.RUNNING)]
    stopping = asyncio.create_task(previewed.jobs.let_go_at_the_end())
    async with previewed.jobs.renewing():
        accepted = await previewed.opened()
        await asyncio.sleep(0)
        stopping.cancel()
        await seen(accepted)
        await asyncio.wait({stopping}, timeout=10)
        assert stopping.cancelled()
        (attempt,) = previewed.house.units.tables.attempts.values()
        assert attempt.not_before is not None
        late = await previewed.opened()
        assert late.job is not None
    assert {attempt.not_before is None for attempt in previewed.house.units.tables.attempts.values()} == {
        False
    }
    await previewed.house.facts.expect()


@pytest.mark.parametrize("was_reserved", [False, True])
async def test_one_that_its_call_left_is_a_workers_once_it_is_asked_for_again(
    previewed: Previewed, provider: ShowingProvider, was_reserved: bool
) -> None:
    """The process died before it began, and nobody shows it now: it is made all the same, bought once."""
    house, provider.previews = previewed.house, []
    stored, _ = await previewed.jobs._accept.create.store(replace(asked(key="k").wanted, previews_max=2))
    if was_reserved:
        await house.credits.reserve(stored)
    plain = command(key="k", model="openai/gpt-image-1")
    asked_for, is_earlier = await house.create(plain)
    assert (asked_for.generation_id, is_earlier) == (stored.generation_id, True)
    assert (await house.create(plain))[0].status is Status.PROCESSING
    worker = house.worker("w1")
    # The ledger's word comes before or after it.
    assert await worker.start(house.reserved(asked_for)) is None
    (job,) = await worker.take_due(limit=4)
    await worker.run(job)
    ended = house.stored(stored)
    assert (ended.status, ended.credits_reserved, ended.credits_charged) == (Status.SUCCEEDED, 10, 8)
    assert len(provider.submitted) == 1
    # A call that comes back late finds it begun.
    late = await previewed.opened(key="k")
    assert (late.is_earlier, late.showing, len(provider.submitted)) == (True, None, 1)
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_one_that_is_never_begun_ends(previewed: Previewed) -> None:
    """The process died between the ledger's answer and the start: the credits are back in a minute."""
    stored, _ = await previewed.jobs._accept.create.store(replace(asked().wanted, previews_max=2))
    await previewed.house.credits.reserve(stored)
    previewed.house.clock.forward(seconds=61)
    await previewed.house.sweep_deadlines()
    ended = previewed.house.stored(stored)
    assert (ended.status, ended.credits_refunded) == (Status.FAILED, 10)
    await previewed.house.facts.expect("GenerationQueued", "GenerationFailed")
