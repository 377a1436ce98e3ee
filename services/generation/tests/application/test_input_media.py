"""Jobs that are made from uploads, and from what was made before."""

from typing import Any

import pytest
from generation.application.chosen_media import ABSENT
from generation.application.create_generation import CreateGeneration
from generation.application.create_upload import CreateUpload
from generation.domain.errors import IdempotencyKeyReused, InvalidInput, UploadNotFound
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import AccountId, MediaId, ModelId
from generation.domain.input_media import UsedMedia
from generation.domain.upload import Upload
from generation.ports.media_provider import MediaUnreadable
from generation_house import ACCOUNT, House, success
from generation_uploads import pieces

BOB = AccountId("usr_bob")
NOWHERE = "0" * 32


async def sent(house: House, content: bytes = b"picture", account: AccountId = ACCOUNT) -> Upload:
    """A picture that somebody sent in."""
    upload, _ = await house.uploads.create(CreateUpload(account_id=account, content=pieces(content)))
    return upload


async def made(house: House, account: AccountId = ACCOUNT) -> tuple[Generation, str]:
    """A picture that somebody made, and its output's id."""
    command = CreateGeneration(
        account_id=account, model_id=ModelId("local/sketch"), input={"prompt": "a red fox"}
    )
    job, _ = await house.create(command)
    house.provider.reports = [success(b"made")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(job, event_id=f"evt_{job.generation_id}")))
    (output,) = [one for one in house.units.tables.outputs if one.generation_id == job.generation_id]
    return house.stored(job), output.output_id


def edit(*images: str, key: str | None = None, **more: Any) -> CreateGeneration:
    """Ask for pictures to be changed."""
    return CreateGeneration(
        account_id=ACCOUNT,
        model_id=ModelId("tintype/edit"),
        input={"prompt": "sepia", "images": list(images), **more},
        idempotency_key=key,
    )


def uses(house: House) -> list[UsedMedia]:
    """What is written down of all jobs."""
    return house.units.tables.used_media


async def assert_refused(house: House, command: CreateGeneration, fields: dict[str, str]) -> None:
    """It is refused by these fields, and no job is there, nothing is held and nothing is kept for it."""
    jobs, held = dict(house.units.tables.generations), house.ledger.available
    before = (dict(house.units.tables.uploads), list(uses(house)))
    with pytest.raises(InvalidInput) as refused:
        await house.create(command)
    assert refused.value.field_violations == fields
    assert house.units.tables.generations == jobs
    assert house.ledger.available == held
    assert (house.units.tables.uploads, uses(house)) == before


async def test_a_job_is_made_from_uploads(house: House) -> None:
    """Its input names them, once or twice; what they are is written down with it."""
    first, second = await sent(house), await sent(house, b"another")
    house.clock.forward(hours=3)
    job, _ = await house.create(edit(first.upload_id, second.upload_id, first.upload_id))
    assert job.input["images"] == [first.upload_id, second.upload_id, first.upload_id]
    assert [(use.media_id, use.object_key, use.size_bytes) for use in uses(house)] == [
        (first.upload_id, first.object_key, 7),
        (second.upload_id, second.object_key, 7),
    ]
    assert {row.used_at for row in house.units.tables.uploads.values()} == {house.clock.now()}
    assert (await house.uploads.read.upload(ACCOUNT, first.upload_id)).expires_at is None
    await house.facts.expect("GenerationQueued")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "named",
    [f"upl_{NOWHERE}", f"out_{NOWHERE}", f"gen_{NOWHERE}", "", "x", "upl_" + "A" * 32, "https://a.b/c"],
)
async def test_what_is_not_there_is_refused(house: House, named: str) -> None:
    """By the place in the list; what is there beside it is not used."""
    upload = await sent(house)
    await assert_refused(house, edit(upload.upload_id, named), {"images.1": ABSENT})


async def test_anothers_is_as_one_that_is_not_there(house: House) -> None:
    """Uploads and outputs alike, word for word."""
    theirs = await sent(house, account=BOB)
    _, output_id = await made(house, BOB)
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")
    await assert_refused(house, edit(theirs.upload_id, output_id), {"images.0": ABSENT, "images.1": ABSENT})


async def test_a_job_is_made_from_what_was_made_before(house: House) -> None:
    """And has it, whatever becomes of where it is from."""
    earlier, output_id = await made(house)
    job, _ = await house.create(edit(output_id))
    (use,) = uses(house)
    await house.delete(ACCOUNT, earlier.generation_id)
    await house.sweep_deletions()
    assert house.store.objects[use.object_key] == b"made"
    await assert_refused(house, edit(output_id), {"images.0": ABSENT})
    await house.cancel(ACCOUNT, job.generation_id)
    house.clock.forward(minutes=2)
    await house.sweep_deletions()
    assert use.object_key not in house.store.objects
    await house.facts.expect(
        "GenerationQueued", "GenerationSucceeded", "GenerationQueued", "GenerationCancelled"
    )


async def test_what_is_deleted_for_now_is_not_there(house: House) -> None:
    """A generation that can still be restored gives nothing before it is."""
    earlier, output_id = await made(house)
    await house.discard(ACCOUNT, earlier.generation_id)
    await assert_refused(house, edit(output_id), {"images.0": ABSENT})
    await house.restore(ACCOUNT, earlier.generation_id)
    assert await house.create(edit(output_id))
    await house.facts.expect("GenerationQueued", "GenerationSucceeded", "GenerationQueued")


async def test_another_kind_is_refused(house: House) -> None:
    """A text or a film where a picture is asked for."""
    _, output_id = await made(house)
    for media_type in ("text/plain; charset=utf-8", "video/mp4"):
        (output,) = house.units.tables.outputs
        house.units.tables.outputs = [type(output)(**{**vars(output), "media_type": media_type})]
        plain = media_type.partition(";")[0]
        said = f"is of the type {plain}; this field takes an image"
        await assert_refused(house, edit(output_id), {"images.0": said})
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


@pytest.mark.parametrize("images", [[], ["upl_1"] * 4, "upl_1", [1], [None]])
async def test_the_schema_says_how_many(house: House, images: object) -> None:
    """One to three, and texts."""
    command = edit()
    with pytest.raises(InvalidInput):
        await house.create(
            CreateGeneration(
                account_id=ACCOUNT,
                model_id=command.model_id,
                input={"prompt": "sepia", "images": images},
            )
        )
    assert house.units.tables.generations == {}


async def test_a_repeated_key_is_the_same_job_even_if_its_media_are_gone(house: House) -> None:
    """The first answer again; the same key for other media is refused."""
    upload, other = await sent(house), await sent(house, b"another")
    first, _ = await house.create(edit(upload.upload_id, key="k"))
    await house.uploads.delete(ACCOUNT, upload.upload_id)
    again, is_earlier = await house.create(edit(upload.upload_id, key="k"))
    assert (again.generation_id, is_earlier) == (first.generation_id, True)
    with pytest.raises(IdempotencyKeyReused):
        await house.create(edit(other.upload_id, key="k"))
    assert house.units.tables.uploads[other.upload_id].used_at is None
    await house.facts.expect("GenerationQueued")


async def test_a_job_keeps_what_its_user_deletes(house: House) -> None:
    """Until it has ended, and no longer."""
    upload = await sent(house)
    job, _ = await house.create(edit(upload.upload_id))
    await house.uploads.delete(ACCOUNT, upload.upload_id)
    with pytest.raises(UploadNotFound):
        await house.uploads.read.upload(ACCOUNT, upload.upload_id)
    await house.sweep_deletions()
    worker = house.worker()
    house.provider.reports = [success(b"edited")]
    await worker.run(await worker.started(house.reserved(job)))
    (run,) = house.provider.submitted
    assert house.stored(job).status is Status.SUCCEEDED
    assert await run.media[MediaId(upload.upload_id)].read() == b"picture"
    await house.sweep_deletions()
    assert upload.object_key not in house.store.objects
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_used_upload_stays_for_as_long_as_its_jobs(house: House) -> None:
    """Their inputs name it; once none of them is there, it goes as one that nobody used."""
    upload = await sent(house)
    jobs = [(await house.create(edit(upload.upload_id)))[0] for _ in range(2)]
    for job in jobs:
        await house.cancel(ACCOUNT, job.generation_id)
    house.clock.forward(days=30)
    await house.sweep_uploads()
    await house.delete(ACCOUNT, jobs[0].generation_id)
    await house.sweep_uploads()
    assert upload.upload_id in house.units.tables.uploads
    await house.discard(ACCOUNT, jobs[1].generation_id)
    await house.sweep_uploads()
    assert upload.upload_id in house.units.tables.uploads
    house.clock.forward(hours=1)
    await house.purge_discarded()
    await house.sweep_uploads()
    assert house.units.tables.uploads == {}
    await house.facts.expect(
        "GenerationQueued", "GenerationQueued", "GenerationCancelled", "GenerationCancelled"
    )


async def test_a_provider_gets_bytes_and_an_address(house: House) -> None:
    """What they are, and an address that outlives the deadline and is the same at every look."""
    upload = await sent(house)
    job, _ = await house.create(edit(upload.upload_id))
    worker = house.worker()
    started = await worker.started(house.reserved(job))
    first = await worker.attempts.runs._run(started)
    house.clock.forward(seconds=20)
    second = await worker.attempts.runs._run(started)
    media = first.media[MediaId(upload.upload_id)]
    assert (media.media_type, media.size_bytes) == ("image/png", 7)
    assert media.url == second.media[MediaId(upload.upload_id)].url
    assert upload.object_key in media.url
    assert "ttl=1020" in media.url
    assert first.input["images"] == [upload.upload_id]
    assert (await worker.attempts.runs._run(await _sketch(house, worker))).media == {}
    await house.facts.expect("GenerationQueued", "GenerationQueued")


async def _sketch(house: House, worker: Any) -> Any:
    from generation_house import command

    job, _ = await house.create(command())
    return await worker.started(house.reserved(job, event_id="evt_2"))


async def test_media_that_cannot_be_read_are_another_try(house: House) -> None:
    """Nothing was sent; when tries are used up, the job fails and costs nothing."""
    upload = await sent(house)
    job, _ = await house.create(edit(upload.upload_id))
    house.provider.refusal = MediaUnreadable("the store does not answer")
    worker = house.worker(attempts_max=2)
    await worker.run(await worker.started(house.reserved(job)))
    ended = house.stored(job)
    assert ended.status is Status.FAILED
    assert ended.failure is not None
    assert ended.failure.reason == "PROVIDER_FAILED"
    assert ended.credits_charged == 0
    assert house.provider.submitted == []
    await house.facts.expect("GenerationQueued", "GenerationFailed")
