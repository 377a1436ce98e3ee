"""What a run made is taken in, stored beside its small picture, and counted."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from generation.adapters.outbound.memory_services import MemoryIntake
from generation.application.deliver_outputs import Delivery, OutputDeliverer
from generation.application.start_generation import Job
from generation.domain.errors import StorageUnavailable
from generation.domain.model import Modality
from generation.domain.output import Incomplete, Output
from generation.ports.media_intake import (
    IntakeUnavailable,
    OutputUnreachable,
    OutputUnusable,
    ReceivedMedia,
)
from generation.ports.media_provider import RunOutput, RunReport
from generation.ports.media_store import StoreUnavailable
from generation_house import ACCOUNT, House, success
from generation_rows import BLURHASH


@dataclass
class Failing(MemoryIntake):
    """Raises the failures first, then is well; a film has a length."""

    failures: list[Exception] = field(default_factory=list)
    taken: int = 0
    modalities: set[Modality] = field(default_factory=set)

    @asynccontextmanager
    async def receive(self, output: RunOutput, *, modality: Modality) -> AsyncIterator[ReceivedMedia]:
        self.taken += 1
        self.modalities.add(modality)
        if self.failures:
            raise self.failures.pop(0)
        async with super().receive(output, modality=modality) as media:
            yield replace(media, width=640, height=400, duration_s=2.5)


@dataclass
class Pauses:
    """Lengths of the pauses that were made, none of which takes time; `then` happens in each."""

    lengths_s: list[float] = field(default_factory=list)
    then: Callable[[int], None] = lambda _: None

    async def sleep(self, length_s: float) -> None:
        self.lengths_s.append(length_s)
        self.then(len(self.lengths_s))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    """Every pause of the test."""
    made = Pauses()
    monkeypatch.setattr(asyncio, "sleep", made.sleep)
    return made


async def started(house: House, **asked: Any) -> Job:
    """A job in a worker's hands."""
    job = await house.worker().started(house.reserved(await house.queued(**asked)))
    await house.facts.expect("GenerationQueued")
    return job


async def delivered(
    house: House, job: Job, report: RunReport, *, intake: MemoryIntake | None = None
) -> Delivery:
    """What comes of the report, with the deliverer as it is by default."""
    deliverer = OutputDeliverer(house.units, intake or house.intake, house.store, house.ids, house.clock)
    return await deliver(deliverer, job, report)


async def deliver(deliverer: OutputDeliverer, job: Job, report: RunReport) -> Delivery:
    """What comes of the report, before any test hangs."""
    async with asyncio.timeout(10):
        return await deliverer.deliver(job, report)


async def test_what_is_stored_is_described_whole(house: House) -> None:
    """Each file under a key of our own, due for removal in a day unless the job claims it."""
    job = await started(house, output_count=2)
    intake = Failing(thumbnails=True, blurhash=BLURHASH)
    report = replace(success(b"one", b"three"), incomplete=Incomplete.LENGTH)
    delivery = await delivered(house, job, report, intake=intake)
    generation_id = job.generation.generation_id
    assert delivery.units == 2
    for position, (output, content) in enumerate(zip(delivery.outputs, (b"one", b"three"), strict=True)):
        key = f"{ACCOUNT}/{generation_id}/{output.output_id}"
        assert output == Output(
            output_id=output.output_id,
            generation_id=generation_id,
            account_id=ACCOUNT,
            position=position,
            object_key=f"{key}.png",
            thumbnail_key=f"{key}.thumbnail.webp",
            media_type="image/png",
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            width=640,
            height=400,
            duration_s=2.5,
            incomplete=Incomplete.LENGTH,
            blurhash=BLURHASH,
        )
        assert output.output_id.startswith("out_0")
        assert house.store.objects[f"{key}.png"] == content
        assert house.store.objects[f"{key}.thumbnail.webp"] == b"small " + content
    assert house.units.tables.deletions == dict.fromkeys(
        house.store.objects, house.clock.now() + timedelta(hours=24)
    )
    assert len(house.store.objects) == 4
    assert intake.modalities == {Modality.IMAGE}
    assert house.units.tables.outputs == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("wanted", "made", "usage_units", "stored", "units"),
    [
        (1, [b"1"], None, 1, 1),
        (4, [b"1", b"", b"3"], None, 2, 2),
        (2, [b"1", b"2", b"3"], None, 2, 2),
        (1, [b""], None, 0, 0),
        (1, [b"1"], 7, 1, 7),
        (1, [b"1"], 1, 1, 1),
        (1, [b"1"], 0, 1, 1),
        (1, [b""], 7, 0, 7),
    ],
)
async def test_units_are_what_is_stored_or_what_was_used(
    house: House, wanted: int, made: list[bytes], usage_units: int | None, stored: int, units: int
) -> None:
    """Never more than was asked for; where the provider meters it is its count, one at least."""
    job = await started(house, output_count=wanted)
    delivery = await delivered(house, job, replace(success(*made), usage_units=usage_units))
    assert (len(delivery.outputs), delivery.units) == (stored, units)


async def test_whoever_is_not_asked_for_a_number_gets_all_that_was_made(house: House) -> None:
    """For the price of one, and up to a bound."""
    job = await started(house)
    asked = {name: value for name, value in job.generation.input.items() if name != "output_count"}
    job.generation = replace(job.generation, input=asked)
    delivery = await delivered(house, job, success(b"1", b"", b"3"))
    assert ([output.position for output in delivery.outputs], delivery.units) == ([0, 2], 1)
    many = await delivered(house, job, success(*[b"x"] * 40))
    assert (len(many.outputs), many.units) == (16, 1)


@pytest.mark.parametrize(
    ("made", "kept"),
    [
        ((b"", b"2", b"3"), [b"2", b"3"]),
        ((b"1", b"", b"", b"4", b"5"), [b"1", b"4"]),
        ((b"1", b"2", b"3"), [b"1", b"2"]),
        ((b"", b"", b""), []),
        ((b"1", b""), [b"1"]),
    ],
    ids=["one bad", "two bad", "none bad", "nothing good", "none left"],
)
async def test_another_file_takes_the_place_of_one_that_is_of_no_use(
    house: House, made: tuple[bytes, ...], kept: list[bytes]
) -> None:
    """Never more than were asked for, in the order in which they were made; nothing else is stored."""
    job = await started(house, output_count=2)
    delivery = await delivered(house, job, success(*made))
    assert [house.store.objects[output.object_key] for output in delivery.outputs] == kept
    assert [made[output.position] for output in delivery.outputs] == kept
    assert sorted(house.store.objects.values()) == sorted(kept)
    assert delivery.units == len(kept)


async def test_an_answer_that_was_not_counted_is_the_longest(house: House) -> None:
    """What was priced is delivered: one file of many units."""
    job = await started(house, model="openai/chat", max_tokens=9_000)
    delivery = await delivered(house, job, success(b"foxes"))
    assert (delivery.units, job.generation.price.units > 1) == (job.generation.price.units, True)


@pytest.mark.parametrize("away", [StoreUnavailable("away"), StorageUnavailable("away")], ids=repr)
async def test_an_output_waits_for_whatever_stores_it(house: House, pauses: Pauses, away: Exception) -> None:
    """With pauses that double up to a bound, as often as it takes."""
    job = await started(house)
    intake = Failing(failures=[away] * 7)
    delivery = await delivered(house, job, success(b"1"), intake=intake)
    assert pauses.lengths_s == [1, 2, 4, 8, 15, 15, 15]
    assert (len(delivery.outputs), intake.taken, len(house.store.objects)) == (1, 8, 1)


async def test_a_store_that_stumbles_is_tried_again(house: House, pauses: Pauses) -> None:
    """The file is good; the key that it did not get is removed in a day like any other."""
    job = await started(house)
    put, errors = house.store.put, [ZeroDivisionError(), KeyError("x"), StoreUnavailable("away")]

    async def puts_at_last(key: str, media: ReceivedMedia) -> None:
        if errors:
            raise errors.pop()
        await put(key, media)

    house.store.put = puts_at_last  # type: ignore[method-assign]
    delivery = await delivered(house, job, success(b"1"))
    (output,) = delivery.outputs
    assert (list(house.store.objects), pauses.lengths_s) == ([output.object_key], [1, 2, 4])
    assert len(house.units.tables.deletions) == 4


async def test_a_database_that_stumbles_is_asked_again(house: House, pauses: Pauses) -> None:
    """What a bug of ours makes of it is not the file's fault: it was paid for."""
    job = await started(house)
    shared, errors = house.units.shared, [ZeroDivisionError(), StorageUnavailable("away")]

    async def at_last(*step: Any) -> Any:
        if errors:
            raise errors.pop()
        return await shared(*step)

    house.units.shared = at_last  # type: ignore[method-assign, assignment]
    delivery = await delivered(house, job, success(b"1"))
    assert (len(delivery.outputs), pauses.lengths_s) == (1, [1, 2])


@pytest.mark.parametrize(("times", "stored"), [(3, 1), (4, 0)])
async def test_a_file_whose_host_is_silent_is_asked_for_four_times(
    house: House, pauses: Pauses, times: int, stored: int
) -> None:
    """Outages of the store in between do not count."""
    job = await started(house)
    failures: list[Exception] = [OutputUnreachable("silent") for _ in range(times)]
    failures.insert(1, StoreUnavailable("away"))
    intake = Failing(failures=failures)
    delivery = await delivered(house, job, success(b"1"), intake=intake)
    assert (len(delivery.outputs), delivery.units, intake.taken) == (stored, stored, 5)
    assert pauses.lengths_s == [1, 2, 4, 8]


@pytest.mark.parametrize("failure", [OutputUnusable("no picture"), ZeroDivisionError()], ids=repr)
async def test_what_is_wrong_with_a_file_is_its_fault_alone(
    house: House, pauses: Pauses, failure: Exception
) -> None:
    """It is looked at once, and the others are delivered at their places."""
    job = await started(house, output_count=2)
    intake = Failing(failures=[failure])
    delivery = await delivered(house, job, success(b"1", b"2"), intake=intake)
    assert [output.position for output in delivery.outputs] == [1]
    assert (delivery.units, intake.taken, pauses.lengths_s) == (1, 2, [])


async def test_a_full_disk_is_nobodys_fault(house: House, pauses: Pauses) -> None:
    """It is said as what it is, at once; what is stored already stays due for removal."""
    job = await started(house, output_count=2)
    intake = Failing(failures=[IntakeUnavailable("there is no room")])
    with pytest.raises(IntakeUnavailable, match=r"^there is no room$"):
        await delivered(house, job, success(b"1", b"2"), intake=intake)
    assert pauses.lengths_s == []
    assert set(house.store.objects) <= set(house.units.tables.deletions)


async def test_a_cancelled_job_takes_nothing_in(house: House, pauses: Pauses) -> None:
    """Neither before the first try nor after a pause."""
    job = await started(house)
    intake = Failing(failures=[StoreUnavailable("away")] * 9)

    def cancel(count: int) -> None:
        if count == 2:
            job.cancel()

    pauses.then = cancel
    for _ in range(2):
        assert await delivered(house, job, success(b"1"), intake=intake) == Delivery([], 0)
        assert (pauses.lengths_s, intake.taken) == ([1, 2], 2)
    assert (house.store.objects, house.units.tables.deletions) == ({}, {})


async def test_an_output_without_a_thumbnail_is_one_object(house: House) -> None:
    """The store is asked for nothing else."""
    job = await started(house)
    put, keys = house.store.put, list[str]()

    async def notes(key: str, media: ReceivedMedia) -> None:
        keys.append(key)
        await put(key, media)

    house.store.put = notes  # type: ignore[method-assign]
    (output,) = (await delivered(house, job, success(b"1"))).outputs
    assert (keys, output.thumbnail_key) == ([output.object_key], None)


async def test_a_thumbnail_that_is_not_stored_is_not_promised(house: House, pauses: Pauses) -> None:
    """It is tried once, and its output is whole without it."""
    house.intake.thumbnails = True
    house.store.lacks_room_for = ".thumbnail."
    job = await started(house)
    (output,) = (await delivered(house, job, success(b"1"))).outputs
    assert (output.thumbnail_key, list(house.store.objects)) == (None, [output.object_key])
    assert pauses.lengths_s == []
    assert len(house.units.tables.deletions) == 2
