"""Uploads through API and worker as processes, and what PostgreSQL alone promises of them."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import grpc
import httpx
import pytest
from chassis.grpc_client import channel, remote_error
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from generation.domain.identifiers import MediaId, UploadId
from generation.domain.input_media import UsedMedia
from generation_media import film, picture
from generation_rows import ALICE, LATER, NOW, job, stored, upload
from generation_stack import TOKENS, Stack, until
from PIL import Image
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import generation_pb2_grpc as pb_grpc

pytestmark = pytest.mark.server

SUCCEEDED = pb.GENERATION_STATUS_SUCCEEDED


async def send(stack: Stack, content: bytes) -> pb.Upload:
    """Send a picture in."""

    async def parts() -> AsyncIterator[pb.CreateUploadRequest]:
        yield pb.CreateUploadRequest(start=pb.UploadStart(account_id=stack.account))
        for begin in range(0, len(content), 65_536):
            yield pb.CreateUploadRequest(content=content[begin : begin + 65_536])
        yield pb.CreateUploadRequest(end=pb.UploadEnd())

    return (await stack.api.CreateUpload(parts())).upload


async def test_a_film_that_was_sent_in_is_changed(staffed: Stack) -> None:
    """It is kept with its length and a small picture, and another is made of it."""
    sent = await send(staffed, film("webm", frames=12))
    assert (sent.media_type, sent.width, sent.height) == ("video/webm", 640, 360)
    assert sent.duration_s == pytest.approx(1, abs=0.1)
    assert sent.thumbnail_url
    created = await staffed.create("tintype/refilm", prompt="sepia", video=sent.upload_id)
    done = await staffed.reaches(created.generation_id, SUCCEEDED)
    assert (done.outputs[0].media_type, done.credits_charged) == ("video/mp4", 60)
    assert (done.outputs[0].width, done.outputs[0].height) == (512, 288)


async def test_a_picture_goes_straight_to_the_store(staffed: Stack) -> None:
    """It is looked at as any other, and exchanging it afterwards changes nothing of what is kept."""
    content = picture("PNG", size=(640, 400))
    awaited = await staffed.api.AwaitUpload(
        pb.AwaitUploadRequest(account_id=staffed.account, size_bytes=len(content))
    )
    completed = pb.CompleteUploadRequest(account_id=staffed.account, upload_id=awaited.upload_id)
    async with httpx.AsyncClient() as client:
        for sent in (content, content[:-1]):
            posted = await client.post(awaited.url, data=dict(awaited.fields), files={"file": sent})
            assert posted.status_code == 204
            upload = (await staffed.api.CompleteUpload(completed)).upload
            assert upload.source_sha256 == hashlib.sha256(content).hexdigest()
            kept = (await client.get(upload.url)).content
            assert hashlib.sha256(kept).hexdigest() == upload.sha256
    assert (upload.width, upload.height, upload.media_type) == (640, 400, "image/png")


async def test_a_picture_that_was_sent_in_is_edited(staffed: Stack) -> None:
    """It is served signed alone; what comes out is made of it, also when it is deleted meanwhile."""
    sent = await send(staffed, picture("JPEG", size=(640, 400)))
    async with httpx.AsyncClient() as client:
        assert (await client.get(sent.url)).headers["content-type"] == "image/jpeg"
        assert (await client.get(sent.thumbnail_url)).status_code == 200
        assert (await client.get(sent.url.split("?")[0])).status_code == 403
        created = await staffed.create(
            "tintype/edit", prompt="black and white", images=[sent.upload_id, sent.upload_id]
        )
        await staffed.api.DeleteUpload(
            pb.DeleteUploadRequest(account_id=staffed.account, upload_id=sent.upload_id)
        )
        done = await staffed.reaches(created.generation_id, SUCCEEDED)
        assert (done.outputs[0].width, done.outputs[0].height) == (1280, 400)
        assert done.credits_charged == 6
        made = Image.open(io.BytesIO((await client.get(done.outputs[0].url)).content))
        red, green, blue = made.convert("RGB").getpixel((50, 50))  # type: ignore[misc]
        assert red == green == blue

        async def gone() -> bool:
            return (await client.get(sent.url)).status_code == 404

        await until(gone)


async def test_what_was_made_is_set_in_motion(staffed: Stack) -> None:
    """An output of one generation is the input of the next; another's is as one that is not there."""
    drawn = await staffed.create(output_count=2)
    first, last = (await staffed.reaches(drawn.generation_id, SUCCEEDED)).outputs
    film = await staffed.create(
        "tintype/between",
        prompt=None,
        first_image=first.output_id,
        last_image=last.output_id,
        duration_s=1,
    )
    done = await staffed.reaches(film.generation_id, SUCCEEDED)
    assert done.outputs[0].media_type == "video/mp4"
    mine, staffed.account = staffed.account, "usr_somebody_else"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await staffed.create("tintype/upscale", prompt=None, image=first.output_id)
    staffed.account = mine
    assert dict(remote_error(refused.value).field_violations).keys() == {"image"}


async def test_what_nobody_uses_goes_by_itself(stack: Stack, units: PostgresUnitsOfWork) -> None:
    """The worker's sweep forgets it and removes the file; a younger one stays."""
    old, young = await send(stack, picture("PNG")), await send(stack, picture("PNG"))
    async with units.of_system() as work:
        await work.uploads.use([UploadId(old.upload_id)], now=datetime.now(UTC) - timedelta(days=2))
    async with httpx.AsyncClient() as client:
        assert (await client.get(old.url)).status_code == 200
        await stack.process("serve-worker")

        async def gone() -> bool:
            return (await client.get(old.url)).status_code == 404

        await until(gone)
        assert (await client.get(young.url)).status_code == 200
    request = pb.ListUploadsRequest(account_id=stack.account)
    listed = (await stack.api.ListUploads(request, timeout=10)).uploads
    assert [each.upload_id for each in listed] == [young.upload_id]


@pytest.fixture
async def units(database: ServiceDatabase) -> AsyncIterator[PostgresUnitsOfWork]:
    """The service's own database."""
    engine = create_engine(database.url)
    yield PostgresUnitsOfWork(engine, UuidIds())
    await engine.dispose()


async def test_a_sweep_passes_over_what_is_being_used(units: PostgresUnitsOfWork) -> None:
    """A job that is made from an old upload keeps it, whichever of the two comes first."""
    await stored(units, job(1))
    async with units.of_system() as work:
        await work.uploads.add(upload(1))
    used = UsedMedia(
        generation_id=job(1).generation_id,
        media_id=MediaId(upload(1).upload_id),
        account_id=ALICE,
        object_key=upload(1).object_key,
        media_type="image/png",
        size_bytes=10,
    )
    async with units.of(ALICE) as creating:
        await creating.uploads.use([upload(1).upload_id], now=LATER)
        async with units.of_system() as sweeping:
            assert await sweeping.uploads.remove_unused(before=LATER, limit=9) == []
        await creating.media_uses.add([used])
    async with units.of_system() as sweeping:
        assert await sweeping.uploads.remove_unused(before=LATER + (LATER - NOW), limit=9) == []


async def test_two_that_want_the_same_uploads_do_not_wait_for_ever(units: PostgresUnitsOfWork) -> None:
    """Whatever the order in which they name them."""
    async with units.of_system() as work:
        for number in range(1, 9):
            await work.uploads.add(upload(number))
    ids = [upload(number).upload_id for number in range(1, 9)]

    async def used(wanted: list[UploadId]) -> int:
        async with units.of(ALICE) as work:
            found = await work.uploads.use(wanted, now=LATER)
            await asyncio.sleep(0)
            return len(found)

    asked = [used(ids if turn % 2 else ids[::-1]) for turn in range(12)]
    assert await asyncio.gather(*asked) == [8] * 12


async def test_the_gateway_alone_sends_in(stack: Stack) -> None:
    """The ledger, whose token is good elsewhere, is refused before a byte is read."""
    ledger = channel(stack.settings["GENERATION_GRPC_LISTEN"], token=TOKENS["ledger"])
    try:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await pb_grpc.GenerationServiceStub(ledger).CreateUpload(
                iter([pb.CreateUploadRequest(start=pb.UploadStart(account_id="usr_x"))]), timeout=10
            )
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    finally:
        await ledger.close()
