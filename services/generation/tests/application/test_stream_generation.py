"""Chats that run in the call itself: accepted, passed on, settled for what came."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from generation.adapters.outbound.memory_chats import REFUSED, MemoryChats, broken, refused
from generation.application.finish_attempt import LeaseLost
from generation.application.unread import TOGETHER_MAX_BYTES, Unread
from generation.domain.errors import (
    GenerationRunning,
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidInput,
    LedgerUnavailable,
    StorageUnavailable,
    TooManyStreams,
    UnknownModel,
)
from generation.domain.events import GenerationFailed
from generation.domain.generation import Generation, Status
from generation.domain.moderation import Category
from generation.domain.output import Incomplete
from generation.ports.media_intake import ReceivedMedia
from generation_house import ACCOUNT, House
from interactive_house import Interactive, asked, settled, stopping, two_providers, words
from structlog.testing import capture_logs


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """With a chat that two providers hold; every fact is named."""
    house = House(catalogue=two_providers(tmp_path))
    async with house.facts:
        yield house


@pytest.fixture
def interactive(house: House) -> Interactive:
    """The process."""
    return Interactive(house)


async def test_what_was_used_is_charged(interactive: Interactive) -> None:
    """Chunks as they come, one text in the library, one fact, and the rest of the reservation back."""
    running = await interactive.opened()
    assert await words(running) == "Foxes run."
    end = await running.ended()
    house, generation = interactive.house, end.generation
    assert (generation.status, generation.is_interactive) == (Status.SUCCEEDED, True)
    assert end.usage is not None
    assert generation.credits_charged == generation.price.charge(delivered_units=end.usage.total)
    assert 0 < generation.credits_charged < generation.credits_reserved
    assert generation.input == {"prompt": "Tell me of foxes.", "max_tokens": 100}
    assert house.store.objects[end.outputs[0].object_key] == b"Foxes run."
    (attempt,) = house.units.tables.attempts.values()
    assert (attempt.outcome, attempt.tokens, attempt.output_count) == ("succeeded", end.usage.total, 1)
    await house.facts.expect("GenerationSucceeded")
    # Nothing that was stored is due for removal.
    assert not house.units.tables.deletions
    assert interactive.openai.streams[0].is_closed


async def test_nothing_is_asked_for_before_the_credits_are_held(interactive: Interactive) -> None:
    """Refused, and away: no provider hears of it."""
    house = interactive.house
    house.ledger.available = 0
    with pytest.raises(InsufficientCredits):
        await interactive.streams.open(asked())
    house.ledger.reachable = False
    with pytest.raises(LedgerUnavailable):
        await interactive.streams.open(asked())
    assert not interactive.openai.streams
    assert [job.status for job in house.units.tables.generations.values()] == ["rejected", "reserving"]
    await house.facts.expect()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"messages": []}, "chat.messages"),
        ({"max_tokens": 1001}, "chat.max_tokens"),
        ({"n": 9}, "chat.n"),
        ({"order": ("nobody",)}, "provider_order"),
        ({"stream_options": {}, "is_streamed": False}, "chat.stream_options"),
    ],
)
async def test_a_bad_request_is_told_by_field(
    interactive: Interactive, changes: dict[str, object], field: str
) -> None:
    """Nothing is stored, nothing reserved."""
    with pytest.raises(InvalidInput) as error:
        await interactive.streams.open(asked(**changes))  # type: ignore[arg-type]
    assert field in error.value.field_violations
    assert not interactive.house.units.tables.generations


async def test_other_models_do_not_chat(house: House) -> None:
    """Neither what is not there, nor what draws."""
    interactive = Interactive(House())
    with pytest.raises(UnknownModel):
        await interactive.streams.open(asked(model="openai/nothing"))
    with pytest.raises(InvalidInput) as error:
        await interactive.streams.open(asked(model="local/sketch"))
    assert "model_id" in error.value.field_violations


async def test_the_next_provider_is_asked_before_the_first_chunk(interactive: Interactive) -> None:
    """A busy one leaves its attempt behind."""
    interactive.openai.scripts = [[refused()]]
    running = await interactive.opened()
    assert await words(running) == "Foxes run."
    assert (await running.ended()).generation.status is Status.SUCCEEDED
    attempts = list(interactive.house.units.tables.attempts.values())
    assert [(each.provider, each.outcome) for each in attempts] == [
        ("openai", "failed"),
        ("deepseek", "succeeded"),
    ]
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_nobody_else_is_asked_after_the_first_chunk(interactive: Interactive) -> None:
    """What came is charged and kept, and why there is no more is told."""
    interactive.openai.scripts = [["Foxes ", broken()]]
    running = await interactive.opened()
    assert await words(running) == "Foxes "
    end = await running.ended()
    assert not interactive.deepseek.streams
    assert (end.generation.status, end.outputs[0].incomplete) == (Status.SUCCEEDED, Incomplete.BROKEN_OFF)
    assert end.broken_off is not None
    assert end.broken_off.reason == "PROVIDER_FAILED"
    assert end.usage is not None
    assert end.usage.is_counted_by_us
    assert 0 < end.generation.credits_charged < end.generation.credits_reserved
    await interactive.house.facts.expect("GenerationSucceeded")


@pytest.mark.parametrize("scripts", [[[refused(REFUSED)]], [[broken()]]])
async def test_what_failed_before_anything_came_costs_nothing(
    interactive: Interactive, scripts: list[list[Exception]]
) -> None:
    """And is asked of nobody else where it can't be tried again."""
    interactive.openai.scripts = scripts  # type: ignore[assignment]
    running = await interactive.opened()
    assert await words(running) == ""
    end = await running.ended()
    assert (end.generation.status, end.generation.credits_charged) == (Status.FAILED, 0)
    assert not interactive.deepseek.streams
    await interactive.house.facts.expect("GenerationFailed")


async def test_who_leaves_pays_for_what_was_made(interactive: Interactive) -> None:
    """The provider is stopped at once."""
    never = asyncio.Event()
    interactive.openai.scripts = [["Foxes ", never]]
    running = await interactive.opened()
    chunks = running.chunks()
    await anext(chunks)
    running.leave()
    end = await running.ended()
    assert interactive.openai.streams[0].is_closed
    assert (end.generation.status, end.broken_off and end.broken_off.reason) == ("succeeded", "CLIENT_LEFT")
    assert end.generation.credits_charged > 0
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_who_leaves_before_anything_came_pays_nothing(interactive: Interactive) -> None:
    """It is cancelled."""
    interactive.openai.scripts = [[asyncio.Event()]]
    running = await interactive.opened()
    await settled()
    running.leave()
    assert (await running.ended()).generation.status is Status.CANCELLED
    await interactive.house.facts.expect("GenerationCancelled")


async def test_a_cancel_stops_it(interactive: Interactive) -> None:
    """By another call, which the lease tells of; what had been passed on is charged."""
    interactive.openai.scripts = [["Foxes ", asyncio.Event()]]
    running = await interactive.opened()
    await settled()
    await interactive.house.cancel(ACCOUNT, running.accepted.generation_id)
    await interactive.streams.renew()
    assert await words(running) == "Foxes "
    end = await running.ended()
    assert (end.generation.status, end.broken_off and end.broken_off.reason) == ("succeeded", "CANCELLED")
    assert end.outputs
    assert end.generation.credits_charged > 0
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_a_stalled_provider_is_not_waited_for_longer_than_its_time(house: House) -> None:
    """Nothing came: it failed, and costs nothing."""
    interactive = Interactive(house)
    interactive.openai.scripts = [[asyncio.Event()]]
    talk = await interactive.accept(asked())
    assert not isinstance(talk, Generation)
    house.clock.forward(seconds=181)
    end = await interactive.streams._run(talk)
    assert end.generation.failure is not None
    assert (end.generation.status, end.generation.failure.reason) == ("failed", "DEADLINE_EXCEEDED")
    await house.facts.expect("GenerationFailed")


async def test_a_client_that_does_not_read_makes_the_provider_wait(interactive: Interactive) -> None:
    """A few chunks are read ahead, and no more."""
    interactive.openai.scripts = [["word "] * 1000]
    running = await interactive.opened()
    async with stopping(interactive):
        for _ in range(20):
            await settled()
        assert len(interactive.openai.streams[0].said) <= 20
        assert len((await words(running)).split()) == 1000
        assert (await running.ended()).broken_off is None
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_what_waits_goes_together() -> None:
    """In its order; what is large goes alone, and nothing is put past the bound."""
    unread, large = Unread(most=4), b"x" * TOGETHER_MAX_BYTES
    for chunk in (b"a", b"b", large, b"c"):
        await unread.put(chunk)
    late = asyncio.create_task(unread.put(b"d"))
    await settled()
    assert not late.done()
    reading = aiter(unread)
    assert [await anext(reading) for _ in range(3)] == [[b"a", b"b"], [large], [b"c"]]
    assert await anext(reading) == [b"d"]
    unread.close()
    assert await anext(reading, None) is None
    await late


async def test_one_that_goes_wrong_harms_only_itself(interactive: Interactive) -> None:
    """An error of ours ends its own chat, paid for what came, and no other."""
    interactive.openai.scripts = [["Foxes ", ZeroDivisionError()], ["Bears ", "sleep."]]
    poisoned, other = await interactive.opened(), await interactive.opened()
    assert [await words(poisoned), await words(other)] == ["Foxes ", "Bears sleep."]
    end = await poisoned.ended()
    assert end.broken_off is not None
    assert end.broken_off.reason == "INTERRUPTED"
    assert (await other.ended()).generation.status is Status.SUCCEEDED
    await interactive.house.facts.expect("GenerationSucceeded", "GenerationSucceeded")


async def test_a_known_key_is_answered_again(interactive: Interactive) -> None:
    """Nothing runs and nothing is charged a second time."""
    running = await interactive.opened(key="one")
    await words(running)
    end = await running.ended()
    again = await interactive.streams.open(asked(key="one", is_streamed=False))
    assert isinstance(again, Generation)
    assert again == end.generation
    whole = await interactive.keeper.whole(end.outputs)
    assert whole is not None
    assert b"Foxes run." in whole.completion
    assert whole.usage == end.usage
    assert len(interactive.openai.streams) == 1
    with pytest.raises(IdempotencyKeyReused):
        await interactive.streams.open(asked(key="one", max_tokens=99))
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_without_a_key_the_texts_are_kept_alone(interactive: Interactive) -> None:
    """Nobody can ask for the whole answer again: nothing else is stored."""
    running = await interactive.opened()
    await words(running)
    (output,) = (await running.ended()).outputs
    assert output.answer_key is None
    assert list(interactive.house.store.objects) == [output.object_key]
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_a_small_answer_is_kept_with_its_job(interactive: Interactive) -> None:
    """The text, and the whole of it for the same key again, while the store is away."""
    house = interactive.house
    house.intake.held_bytes_max, house.store.reachable = 1_000, False
    running = await interactive.opened(key="one")
    assert await words(running) == "Foxes run."
    end = await running.ended()
    assert (end.generation.status, end.generation.credits_charged > 0) == (Status.SUCCEEDED, True)
    (shown,) = (await house.read.generation(ACCOUNT, end.generation.generation_id)).outputs
    assert (shown.output.is_inline, shown.output.answer_key) == (True, None)
    _, content = await house.read_output(shown.output.output_id, shown.signature or "")
    assert content == b"Foxes run."
    whole = await interactive.keeper.whole([shown.output])
    assert whole is not None
    assert (b"Foxes run." in whole.completion, whole.usage) == (True, end.usage)
    assert (house.store.refused, house.units.tables.deletions) == (0, {})
    await house.facts.expect("GenerationSucceeded")


async def test_a_whole_answer_that_is_larger_than_its_text_is_in_the_store(interactive: Interactive) -> None:
    """Each is where there is room for it."""
    house = interactive.house
    house.intake.held_bytes_max = len("Foxes run.")
    running = await interactive.opened(key="one")
    await words(running)
    (output,) = (await running.ended()).outputs
    assert output.is_inline
    assert list(house.store.objects) == [output.answer_key]
    assert house.units.tables.deletions == {}
    assert await interactive.keeper.whole([output]) is not None
    await house.facts.expect("GenerationSucceeded")


async def test_a_known_key_is_refused_while_its_job_runs(interactive: Interactive) -> None:
    """Whoever asks twice is told so, and the first goes on."""
    go = asyncio.Event()
    interactive.openai.scripts = [["Foxes ", go, "run."]]
    running = await interactive.opened(key="one")
    with pytest.raises(GenerationRunning):
        await interactive.streams.open(asked(key="one"))
    go.set()
    assert await words(running) == "Foxes run."
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_a_key_whose_job_never_began_begins_it(interactive: Interactive) -> None:
    """The ledger was away; the same call is made again."""
    house = interactive.house
    house.ledger.reachable = False
    with pytest.raises(LedgerUnavailable):
        await interactive.streams.open(asked(key="one"))
    house.ledger.reachable = True
    running = await interactive.opened(key="one")
    assert await words(running) == "Foxes run."
    assert len(house.units.tables.generations) == 1
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_a_refused_key_is_refused_again(interactive: Interactive) -> None:
    """Whatever the account has by then."""
    interactive.house.ledger.available = 0
    for replayed in (False, True):
        with pytest.raises(InsufficientCredits) as error:
            await interactive.streams.open(asked(key="one"))
        assert error.value.details["replayed"] == str(replayed).lower()
        interactive.house.ledger.available = 10_000


async def test_an_account_has_so_many_at_once(house: House) -> None:
    """One more is refused, before anything is stored; one that ended makes room."""
    interactive = Interactive(house, per_account_most=1)
    running = await interactive.opened()
    with pytest.raises(TooManyStreams):
        await interactive.streams.open(asked())
    assert len(house.units.tables.generations) == 1
    await words(running)
    await running.ended()
    await settled()
    await words(await interactive.opened())
    await settled()
    await house.facts.expect("GenerationSucceeded", "GenerationSucceeded")


async def test_what_must_not_be_made_is_not_asked_for(interactive: Interactive) -> None:
    """Every message is looked at, not the last alone."""
    interactive.house.moderation.words = {"forbidden": Category.HATE}
    said = [{"role": "system", "content": "forbidden"}, {"role": "user", "content": "hello"}]
    running = await interactive.opened(messages=said)
    assert await words(running) == ""
    end = await running.ended()
    assert end.generation.failure is not None
    assert end.generation.failure.reason == "CONTENT_REFUSED"
    assert not interactive.openai.streams
    await interactive.house.facts.expect("GenerationFailed")


async def test_workers_leave_it_alone(interactive: Interactive) -> None:
    """Neither its reservation nor its attempt starts anything."""
    interactive.openai.scripts = [["Foxes ", asyncio.Event()]]
    running = await interactive.opened()
    worker = interactive.house.worker()
    async with stopping(interactive):
        assert await worker.start(interactive.house.reserved(running.accepted)) is None
        assert await worker.take_due(limit=5) == []
        assert interactive.stored(running).status is Status.PROCESSING
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_one_whose_process_died_is_given_back_by_a_worker(interactive: Interactive) -> None:
    """Once its lease ran out; the process, should it live after all, charges nothing any more."""
    go = asyncio.Event()
    interactive.openai.scripts = [["Foxes ", go]]
    running = await interactive.opened()
    await settled()
    interactive.house.clock.forward(seconds=16 + 161)
    assert await interactive.house.worker().take_due(limit=5) == []
    ended = interactive.stored(running)
    assert ended.failure is not None
    assert (ended.status, ended.failure.reason, ended.credits_charged) == ("failed", "INTERRUPTED", 0)
    go.set()
    await words(running)
    with pytest.raises(LeaseLost):
        await running.ended()
    await interactive.house.facts.expect("GenerationFailed")


@pytest.mark.parametrize("comes_back", [True, False], ids=["in time", "later"])
async def test_one_that_ends_while_the_database_is_away_is_settled_once(
    interactive: Interactive, comes_back: bool
) -> None:
    """For what came, where it is back in time; else a worker gives the credits back, and nobody charges."""
    house, go = interactive.house, asyncio.Event()
    if comes_back:
        interactive.streams._run = replace(interactive.streams._run, settle_again_s=0.1)
    interactive.openai.scripts = [["Foxes ", go, "run."]]
    running = await interactive.opened()
    await settled()
    house.units.failure = StorageUnavailable("away")
    with capture_logs() as logs:
        go.set()
        hearing = asyncio.create_task(words(running))
        async with asyncio.timeout(10):
            while not any(each["event"] == "chat waits for the database" for each in logs):
                await asyncio.sleep(0)
        if comes_back:
            house.units.failure = None
            assert (await running.ended()).generation.status is Status.SUCCEEDED
        else:
            with pytest.raises(StorageUnavailable):
                await running.ended()
            house.units.failure = None
            assert interactive.stored(running).status is Status.PROCESSING
    assert await hearing == "Foxes run."
    # Nobody renews its lease any more.
    await interactive.streams.renew()
    house.clock.forward(seconds=16 + 161)
    worker = house.worker()
    assert [await worker.take_due(limit=5) for _ in range(2)] == [[], []]
    ended = interactive.stored(running)
    assert (ended.status, ended.credits_charged > 0) == (
        Status.SUCCEEDED if comes_back else Status.FAILED,
        comes_back,
    )
    await house.facts.expect("GenerationSucceeded" if comes_back else "GenerationFailed")


async def test_one_that_never_began_is_given_back(interactive: Interactive) -> None:
    """The process died after the ledger had said yes: nobody starts it, and its credits come back."""
    house = interactive.house
    command = asked()
    house.ledger.reachable = False
    with pytest.raises(LedgerUnavailable):
        await interactive.streams.open(command)
    house.ledger.reachable = True
    house.clock.forward(seconds=61)
    await house.sweep_reservations()
    await house.sweep_deadlines()
    (job,) = house.units.tables.generations.values()
    assert (job.status, job.credits_charged) == (Status.FAILED, 0)
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_credits_that_were_held_after_it_was_given_up_come_back(interactive: Interactive) -> None:
    """The ledger's own word finds it ended, and ends it again with the reservation's id."""
    house = interactive.house
    house.ledger.reachable = False
    with pytest.raises(LedgerUnavailable):
        await interactive.streams.open(asked())
    house.clock.forward(seconds=901)
    await house.sweep_reservations()
    (given_up,) = house.units.tables.generations.values()
    await house.facts.expect("GenerationFailed")
    assert await house.worker().start(house.reserved(given_up)) is None
    (fact,) = await house.facts.expect("GenerationFailed")
    assert isinstance(fact, GenerationFailed)
    assert fact.reservation_id == house.reserved(given_up).reservation_id


async def test_a_process_that_stops_settles_what_came(interactive: Interactive) -> None:
    """Past its drain nothing goes on; nobody is left with credits held."""
    interactive.openai.scripts = [["Foxes ", asyncio.Event()]]
    running = await interactive.opened()
    await settled()
    await interactive.streams.stop()
    end = await running.ended()
    assert end.broken_off is not None
    assert (end.generation.status, end.broken_off.reason) == ("succeeded", "INTERRUPTED")
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_a_store_that_is_away_keeps_nobody_waiting(interactive: Interactive) -> None:
    """The answer was read: it is charged, and not kept."""
    interactive.house.store.reachable = False
    running = await interactive.opened()
    await words(running)
    end = await running.ended()
    assert (end.generation.status, list(end.outputs)) == (Status.SUCCEEDED, [])
    assert end.generation.credits_charged > 0
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_what_our_own_client_can_not_keep_is_charged(
    interactive: Interactive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was read; left to a sweeper it would cost nothing."""
    store, put = interactive.house.store, interactive.house.store.put

    async def stumble(key: str, media: ReceivedMedia) -> None:
        if key.endswith(".json"):
            raise RuntimeError("a bug")
        await put(key, media)

    monkeypatch.setattr(store, "put", stumble)
    running = await interactive.opened()
    await words(running)
    end = await running.ended()
    assert (end.generation.status, len(end.outputs)) == (Status.SUCCEEDED, 1)
    assert end.generation.credits_charged > 0
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_what_is_kept_late_is_settled_before_a_sweeper_gives_it_back(interactive: Interactive) -> None:
    """An answer that came at the end of its time waits for no store: it would be read, and cost nothing."""
    go = asyncio.Event()
    interactive.openai.scripts = [["Foxes ", go]]
    interactive.streams._run = replace(
        interactive.streams._run, keep=replace(interactive.keeper, keep_within_s=3600)
    )
    running = await interactive.opened()
    await settled()
    interactive.house.store.reachable = False
    interactive.house.clock.forward(seconds=186)
    go.set()
    async with asyncio.timeout(20):
        end = await running.ended()
    assert (end.generation.status, list(end.outputs)) == (Status.SUCCEEDED, [])
    assert end.generation.credits_charged > 0
    await interactive.house.facts.expect("GenerationSucceeded")


async def test_a_provider_that_fails_again_and_again_is_left_alone(house: House) -> None:
    """Its circuit opens, for chats as for jobs."""
    chats = {"openai": MemoryChats(scripts=[[refused()]]), "deepseek": MemoryChats()}
    interactive = Interactive(house, chats)
    for _ in range(6):
        await words(await interactive.opened())
    assert len(chats["openai"].streams) == 5
    await settled()
    await house.facts.expect(*["GenerationSucceeded"] * 6)
