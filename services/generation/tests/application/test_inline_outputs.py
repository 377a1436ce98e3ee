"""Texts of a few kilobytes: kept with their jobs, read by a grant, and never in the store."""

from dataclasses import replace
from datetime import timedelta

import pytest
from generation.application.create_share import CreateShare
from generation.application.read_generations import SignedOutput
from generation.domain.errors import AddressEnded, InvalidInput, OutputNotFound, ShareEnded
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import OutputId
from generation.domain.output import Output
from generation.domain.read_grant import ReadGrant
from generation.domain.retention import Retention
from generation.ports.media_intake import ReceivedMedia
from generation_house import ACCOUNT, House, success

TEXT = "Füchse laufen. 🦊".encode()
GONE = "no such output"


@pytest.fixture
async def house(house: House) -> House:
    """A house that keeps texts; nobody may ask its store for anything."""
    house.intake.held_bytes_max = 100

    async def refuses(*_: object, **__: object) -> None:
        raise AssertionError("the store was asked")

    for call in ("put", "remove", "read"):
        setattr(house.store, call, refuses)
    return house


async def made(house: House, *contents: bytes) -> Generation:
    """A job that came out as texts."""
    generation = await house.queued(model="openai/chat", max_tokens=32)
    house.provider.reports = [replace(success(*(contents or (TEXT,))), usage_units=12)]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")
    return house.stored(generation)


async def shown(house: House, generation: Generation) -> SignedOutput:
    """Its output, as its user sees it."""
    (output,) = (await house.read.generation(ACCOUNT, generation.generation_id)).outputs
    return output


async def read(house: House, signed: SignedOutput, output_id: OutputId | None = None) -> bytes:
    """What whoever has the output's signature reads."""
    _, content = await house.read_output(output_id or signed.output.output_id, signed.signature or "")
    return content


async def assert_gone(house: House, signed: SignedOutput) -> None:
    """Nobody reads it any more, and nothing of it is left."""
    with pytest.raises(OutputNotFound, match=GONE):
        await read(house, signed)
    await house.sweep_deletions()
    assert house.units.tables.texts == {}


async def test_a_text_is_kept_with_its_job_and_read(house: House) -> None:
    """Charged as ever; no key is queued for removal, and the address is its gateway's to make."""
    generation = await made(house)
    assert (generation.status, generation.credits_charged > 0) == (Status.SUCCEEDED, True)
    signed = await shown(house, generation)
    assert (signed.url, signed.download_url, signed.thumbnail_url) == ("", "", None)
    assert signed.output.object_keys == ()
    assert await read(house, signed) == TEXT
    output, _ = await house.read_output(signed.output.output_id, signed.signature or "")
    assert output == signed.output
    assert output.file_name == f"tintype-{generation.generation_id[-12:]}-1.txt"
    assert (output.media_type, output.size_bytes) == ("text/plain; charset=utf-8", len(TEXT))
    assert (house.store.objects, house.units.tables.deletions) == ({}, {})


async def test_a_larger_text_is_in_the_store(house: House) -> None:
    """As every file was, and is read where it always was."""
    del house.store.put
    generation = await made(house, b"x" * 101)
    signed = await shown(house, generation)
    assert signed.signature is None
    assert signed.url.startswith("memory://")
    assert list(house.store.objects) == [signed.output.object_key]
    assert house.units.tables.texts == {}
    grant = ReadGrant(
        account_id=ACCOUNT,
        output_id=signed.output.output_id,
        expires_at=house.clock.now() + timedelta(hours=1),
    )
    with pytest.raises(OutputNotFound):
        await house.read_output(signed.output.output_id, house.grants.sign(grant))


async def test_a_cancel_that_came_first_keeps_nothing(house: House) -> None:
    """Neither charged nor kept, and there is nothing to remove."""
    generation = await house.queued(model="openai/chat", max_tokens=32)
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    delivery = await worker.attempts.outputs.deliver(job, success(TEXT))
    assert [output.content for output in delivery.outputs] == [TEXT]
    await house.cancel(ACCOUNT, generation.generation_id)
    ended = await worker.finish.succeed(job, delivery.outputs, delivered_units=1)
    assert (ended.status, ended.credits_charged) == (Status.CANCELLED, 0)
    tables = house.units.tables
    assert (tables.outputs, tables.texts, tables.deletions) == ([], {}, {})
    await house.facts.expect("GenerationQueued", "GenerationCancelled")


async def test_nobody_reads_it_without_its_own_grant(house: House) -> None:
    """None, another output's, a forged one, or one whose time is over; it may be asked for anew."""
    generation = await made(house)
    signed = await shown(house, generation)
    for signature in ("", "x", (signed.signature or "")[:-1], f"{signed.signature}x"):
        with pytest.raises(AddressEnded):
            await read(house, replace(signed, signature=signature))
    with pytest.raises(AddressEnded):
        await read(house, signed, OutputId("out_other"))
    other = ReadGrant(account_id=ACCOUNT, output_id=OutputId("out_other"), expires_at=signed.expires_at)
    with pytest.raises(OutputNotFound):
        await house.read_output(other.output_id, house.grants.sign(other))
    house.clock.forward(seconds=899)
    assert await read(house, signed) == TEXT
    house.clock.forward(seconds=1)
    with pytest.raises(AddressEnded):
        await read(house, signed)
    assert await read(house, await shown(house, generation)) == TEXT


async def test_a_link_lends_it_for_as_long_as_it_works(house: House) -> None:
    """And no longer than the link itself."""
    generation = await made(house)
    _, token = await house.shares.create(
        CreateShare(
            account_id=ACCOUNT,
            generation_id=generation.generation_id,
            lifetime_s=3_600,
            shows_prompt=False,
        )
    )
    house.clock.forward(seconds=3_590)
    (signed,) = (await house.shares.read.opened(token)).outputs
    assert await read(house, signed) == TEXT
    house.clock.forward(seconds=10)
    with pytest.raises(AddressEnded):
        await read(house, signed)
    with pytest.raises(ShareEnded):
        await house.shares.read.opened(token)


async def test_what_is_deleted_is_gone_at_once(house: House) -> None:
    """With nothing for the sweeper to do."""
    generation = await made(house)
    signed = await shown(house, generation)
    await house.delete(ACCOUNT, generation.generation_id)
    assert house.units.tables.deletions == {}
    await assert_gone(house, signed)


async def test_what_was_discarded_comes_back_whole(house: House) -> None:
    """Until it is purged."""
    generation = await made(house)
    await house.discard(ACCOUNT, generation.generation_id)
    await house.restore(ACCOUNT, generation.generation_id)
    signed = await shown(house, generation)
    assert await read(house, signed) == TEXT
    await house.discard(ACCOUNT, generation.generation_id)
    house.clock.forward(minutes=14)
    await house.purge_discarded()
    await assert_gone(house, signed)


async def test_it_is_kept_for_as_long_as_was_promised(house: House) -> None:
    """Not a second less; what it was and what it cost stays."""
    house.retention = Retention(days=30, days_by_word={})
    generation = await made(house)
    house.clock.forward(days=30, seconds=-1)
    await house.expire_outputs()
    signed = await shown(house, generation)
    assert await read(house, signed) == TEXT
    house.clock.forward(seconds=1)
    await house.expire_outputs()
    assert list((await house.read.generation(ACCOUNT, generation.generation_id)).outputs) == []
    await assert_gone(house, signed)
    (kept,) = house.units.tables.outputs
    assert (kept.sha256, kept.size_bytes, kept.expired_at) == (
        signed.output.sha256,
        len(TEXT),
        house.clock.now(),
    )


async def test_no_picture_is_made_from_a_text(house: House) -> None:
    """A field that takes pictures refuses it, wherever it is kept."""
    signed = await shown(house, await made(house))
    with pytest.raises(InvalidInput, match="this field takes an image"):
        await house.queued(model="tintype/edit", images=[signed.output.output_id])


async def test_a_text_is_signed_like_any_other_file(house: House) -> None:
    """Whoever signs is shown it; what comes back is kept."""
    generation = await house.queued(model="openai/chat", max_tokens=32)
    worker = house.worker()
    job = await worker.started(house.reserved(generation))

    class Signer:
        """Writes its name under everything."""

        async def signed(self, _: object, media: ReceivedMedia) -> ReceivedMedia:
            """Return the file to store."""
            content = (media.content or b"") + b" (machine)"
            return replace(media, content=content, size_bytes=len(content))

    deliver = replace(worker.attempts.outputs, signer=Signer())  # type: ignore[arg-type]
    (output,) = (await deliver.deliver(job, success(TEXT))).outputs
    assert isinstance(output, Output)
    assert output.content == TEXT + b" (machine)"
    await house.facts.expect("GenerationQueued")
