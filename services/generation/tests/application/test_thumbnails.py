"""Small pictures beside outputs, and outputs that are only a beginning."""

from dataclasses import replace

import pytest
from generation.domain.generation import Generation, Status
from generation.domain.output import Incomplete
from generation_house import ACCOUNT, House, success
from generation_rows import BLURHASH


async def delivered(house: House, *contents: bytes, incomplete: Incomplete | None = None) -> Generation:
    """A job that ended well with these outputs."""
    generation = await house.queued(output_count=len(contents))
    house.provider.reports = [replace(success(*contents), incomplete=incomplete)]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    ended = house.stored(generation)
    assert ended.status is Status.SUCCEEDED
    return ended


async def test_a_thumbnail_is_stored_and_signed_beside_its_output(house: House) -> None:
    """Under a key of its own, and with nothing left due for removal."""
    house.intake.thumbnails = True
    generation = await delivered(house, b"one", b"two")
    view = await house.read.generation(ACCOUNT, generation.generation_id)
    for signed, content in zip(view.outputs, (b"one", b"two"), strict=True):
        key = signed.output.thumbnail_key
        assert key is not None
        assert key == signed.output.object_key.replace(".png", ".thumbnail.webp")
        assert house.store.objects[key] == b"small " + content
        assert signed.thumbnail_url == f"memory://{key}?ttl=900"
    assert len(house.store.objects) == 4
    assert house.units.tables.deletions == {}
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_an_output_without_one_has_no_address(house: House) -> None:
    """As all outputs from before."""
    generation = await delivered(house, b"one")
    (signed,) = (await house.read.generation(ACCOUNT, generation.generation_id)).outputs
    assert (signed.output.thumbnail_key, signed.thumbnail_url) == (None, None)
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_thumbnail_goes_with_its_output(house: House) -> None:
    """Whoever deletes the job leaves no picture of it behind."""
    house.intake.thumbnails = True
    generation = await delivered(house, b"one")
    await house.delete(ACCOUNT, generation.generation_id)
    assert len(house.store.objects) == 2
    assert set(house.units.tables.deletions) == set(house.store.objects)
    await house.sweep_deletions()
    assert house.store.objects == {}
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_thumbnail_that_cannot_be_stored_costs_nothing(house: House) -> None:
    """The output is delivered and charged at once; what there may be of the small one is removed later."""
    house.intake.thumbnails = True
    house.store.lacks_room_for = ".thumbnail."
    generation = await delivered(house, b"one")
    (signed,) = (await house.read.generation(ACCOUNT, generation.generation_id)).outputs
    assert (signed.output.thumbnail_key, generation.credits_charged) == (None, 5)
    assert list(house.store.objects) == [signed.output.object_key]
    (due,) = house.units.tables.deletions
    assert ".thumbnail." in due
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


@pytest.mark.parametrize("incomplete", [None, *Incomplete])
async def test_an_output_says_whether_it_is_whole(house: House, incomplete: Incomplete | None) -> None:
    """What the provider reported is what the job's user reads."""
    generation = await delivered(house, b"once upon", incomplete=incomplete)
    (signed,) = (await house.read.generation(ACCOUNT, generation.generation_id)).outputs
    assert signed.output.incomplete is incomplete
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


@pytest.mark.parametrize("hashed", [None, BLURHASH])
async def test_a_placeholder_is_kept_with_its_output(house: House, hashed: str | None) -> None:
    """Its user reads what the intake found; a picture without one is delivered and charged like any other."""
    house.intake.blurhash = hashed
    generation = await delivered(house, b"one")
    (signed,) = (await house.read.generation(ACCOUNT, generation.generation_id)).outputs
    assert (signed.output.blurhash, generation.credits_charged) == (hashed, 5)
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")
