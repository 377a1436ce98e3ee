"""Files that go straight to the store, and are looked at before anything is made from them."""

import asyncio
from datetime import timedelta

import pytest
from generation.application.await_upload import AwaitUpload
from generation.domain.awaited_upload import AWAITED_MAX, AwaitedUpload
from generation.domain.errors import (
    GenerationError,
    IdempotencyKeyReused,
    InvalidInput,
    StorageUnavailable,
    TooManyUploads,
    UnusableMedia,
    UploadNotFound,
    UploadNotSent,
    UploadQuotaReached,
    UploadTooLarge,
)
from generation.domain.identifiers import AccountId, UploadId
from generation_house import ACCOUNT, House

BOB = AccountId("usr_bob")
TWO_HOURS = timedelta(hours=2)


async def awaited(house: House, size_bytes: int = 1_200, key: str | None = None) -> AwaitedUpload:
    """Announce a file."""
    command = AwaitUpload(account_id=ACCOUNT, size_bytes=size_bytes, idempotency_key=key)
    return (await house.uploads.wait_for(command))[0]


async def sent(house: House, content: bytes = b"picture") -> AwaitedUpload:
    """Announce a file and send it, as its owner does without us."""
    announced = await awaited(house)
    house.store.objects[announced.object_key] = content
    return announced


async def swept(house: House) -> None:
    """Every sweep that is about files, once."""
    await house.sweep_uploads()
    await house.sweep_deletions()


async def test_what_was_sent_is_kept_under_another_name(house: House) -> None:
    """What is kept is what was looked at: what is sent afterwards to the same place changes nothing."""
    house.upload_intake.thumbnails = True
    announced = await sent(house, b"x" * 1_100)
    upload, was_complete = await house.uploads.complete(ACCOUNT, announced.upload_id)
    assert not was_complete
    assert upload.upload_id == announced.upload_id
    assert announced.object_key not in upload.object_keys
    assert set(house.store.objects) == set(upload.object_keys)
    house.store.objects[announced.object_key] = b"another"
    assert await house.uploads.complete(ACCOUNT, announced.upload_id) == (upload, True)
    assert house.store.objects[upload.object_key] == b"x" * 1_100
    assert (await house.uploads.read.upload(ACCOUNT, upload.upload_id)).upload == upload
    house.clock.forward(hours=2, seconds=1)
    await swept(house)
    assert set(house.store.objects) == set(upload.object_keys)
    assert house.units.tables.awaited_uploads == {}
    assert await house.uploads.complete(ACCOUNT, announced.upload_id) == (upload, True)


async def test_two_that_complete_at_once_get_one_upload(house: House) -> None:
    """Whatever was sent in between: one file stands, whole, and the other one goes."""
    announced = await sent(house, b"first")
    both = await asyncio.gather(
        house.uploads.complete(ACCOUNT, announced.upload_id),
        house.uploads.complete(ACCOUNT, announced.upload_id),
    )
    (upload, again), flags = (both[0][0], both[1][0]), sorted(flag for _, flag in both)
    assert upload == again
    assert flags == [False, True]
    house.clock.forward(days=1)
    await house.sweep_deletions()
    assert set(house.store.objects) == set(upload.object_keys)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [(b"no picture at all", UnusableMedia), (b"", UnusableMedia), (b"x" * 1_201, UploadTooLarge)],
)
async def test_a_refused_file_is_removed_and_named(
    house: House, content: bytes, refusal: type[GenerationError]
) -> None:
    """The refusal stays the same, also when something better is sent to the same place afterwards."""
    announced = await sent(house, content)
    with pytest.raises(refusal) as first:
        await house.uploads.complete(ACCOUNT, announced.upload_id)
    assert house.store.objects == {}
    house.store.objects[announced.object_key] = b"picture"
    with pytest.raises(refusal) as again:
        await house.uploads.complete(ACCOUNT, announced.upload_id)
    assert str(again.value) == str(first.value)
    assert house.units.tables.uploads == {}
    house.clock.forward(hours=2)
    await swept(house)
    assert house.store.objects == {}


async def test_what_did_not_come_yet_can_come_still(house: House) -> None:
    """Completing too early, or while the store is away, is no end."""
    announced = await awaited(house)
    with pytest.raises(UploadNotSent):
        await house.uploads.complete(ACCOUNT, announced.upload_id)
    house.store.objects[announced.object_key] = b"picture"
    house.store.reachable = False
    with pytest.raises(StorageUnavailable):
        await house.uploads.complete(ACCOUNT, announced.upload_id)
    house.store.reachable = True
    house.upload_intake.is_full = True
    with pytest.raises(StorageUnavailable):
        await house.uploads.complete(ACCOUNT, announced.upload_id)
    house.upload_intake.is_full = False
    assert (await house.uploads.complete(ACCOUNT, announced.upload_id))[0].size_bytes == 7


async def test_anothers_is_not_there(house: House) -> None:
    """As one that was never announced; nothing of it changes."""
    announced = await sent(house)
    objects = dict(house.store.objects)
    for account, wanted in ((BOB, announced.upload_id), (ACCOUNT, UploadId(f"upl_{'0' * 32}"))):
        with pytest.raises(UploadNotFound, match=r"^no such upload$"):
            await house.uploads.complete(account, wanted)
    with pytest.raises(UploadNotFound):
        await house.uploads.read.upload(ACCOUNT, announced.upload_id)
    assert house.store.objects == objects
    assert (await house.uploads.complete(ACCOUNT, announced.upload_id))[0].account_id == ACCOUNT
    with pytest.raises(UploadNotFound):
        await house.uploads.complete(BOB, announced.upload_id)


async def test_one_that_is_deleted_does_not_come_back(house: House) -> None:
    """Completing it again finds nothing, whatever is in the store."""
    announced = await sent(house)
    upload, _ = await house.uploads.complete(ACCOUNT, announced.upload_id)
    await house.uploads.delete(ACCOUNT, upload.upload_id)
    house.store.objects[announced.object_key] = b"picture"
    with pytest.raises(UploadNotFound):
        await house.uploads.complete(ACCOUNT, announced.upload_id)
    assert house.units.tables.uploads == {}


async def test_an_abandoned_one_goes_after_two_hours(house: House) -> None:
    """Not a moment before; what was sent goes with it."""
    announced = await sent(house)
    house.clock.forward(hours=2)
    with pytest.raises(UploadNotFound):
        await house.uploads.complete(ACCOUNT, announced.upload_id)
    house.clock.forward(seconds=-1)
    await swept(house)
    assert set(house.store.objects) == {announced.object_key}
    assert set(house.units.tables.awaited_uploads) == {announced.upload_id}
    house.clock.forward(seconds=2)
    await swept(house)
    assert house.store.objects == {}
    assert house.units.tables.awaited_uploads == {}


@pytest.mark.parametrize("is_completed", [False, True])
async def test_one_that_comes_after_its_time_goes_too(house: House, is_completed: bool) -> None:
    """The store lets a file come that began in time, however slowly: it is there once the sweep has been."""
    announced = await sent(house)
    if is_completed:
        await house.uploads.complete(ACCOUNT, announced.upload_id)
    house.clock.forward(hours=2, seconds=1)
    await swept(house)
    assert announced.object_key not in house.store.objects
    house.store.objects[announced.object_key] = b"late"
    for _ in range(2):
        house.clock.forward(hours=24)
        await swept(house)
    assert announced.object_key not in house.store.objects
    assert announced.object_key not in house.units.tables.deletions


async def test_a_key_is_one_file(house: House) -> None:
    """The same size gets the same id, another size is refused; keys are each account's own."""
    first = await awaited(house, key="k")
    command = AwaitUpload(account_id=ACCOUNT, size_bytes=1_200, idempotency_key="k")
    known, form, was_known = await house.uploads.wait_for(command)
    assert (known, was_known) == (first, True)
    assert form.fields["size_bytes_max"] == "1200"
    assert form.fields["until"] == first.send_by.isoformat()
    with pytest.raises(IdempotencyKeyReused):
        await awaited(house, 5, key="k")
    theirs = AwaitUpload(account_id=BOB, size_bytes=5, idempotency_key="k")
    assert (await house.uploads.wait_for(theirs))[0].upload_id != first.upload_id


@pytest.mark.parametrize(
    ("size_bytes", "refusal"), [(0, InvalidInput), (-1, InvalidInput), (1_501, UploadTooLarge)]
)
async def test_what_can_not_be_is_not_awaited(
    house: House, size_bytes: int, refusal: type[GenerationError]
) -> None:
    """Nothing at all, and more than may be."""
    with pytest.raises(refusal):
        await awaited(house, size_bytes)
    assert house.units.tables.awaited_uploads == {}


async def test_no_more_is_awaited_than_may_be(house: House) -> None:
    """Of one account; once the time of the others is over there is room again."""
    for _ in range(AWAITED_MAX):
        await awaited(house)
    with pytest.raises(TooManyUploads):
        await awaited(house)
    assert (await house.uploads.wait_for(AwaitUpload(account_id=BOB, size_bytes=1)))[2] is False
    house.clock.forward(hours=2, seconds=1)
    await swept(house)
    assert await awaited(house)


async def test_the_quota_holds_at_both_ends(house: House) -> None:
    """Nothing is awaited over it, and what was awaited before is not kept over it; it is there still."""
    waiting = await sent(house, b"x" * 1_000)
    for _ in range(5):
        await house.uploads.complete(ACCOUNT, (await sent(house, b"y")).upload_id)
    with pytest.raises(UploadQuotaReached):
        await awaited(house)
    with pytest.raises(UploadQuotaReached):
        await house.uploads.complete(ACCOUNT, waiting.upload_id)
    await house.uploads.delete(ACCOUNT, next(iter(house.units.tables.uploads)))
    assert (await house.uploads.complete(ACCOUNT, waiting.upload_id))[0].size_bytes == 1_000
