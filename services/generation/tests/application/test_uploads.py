"""Sending pictures in, reading and deleting them, and what becomes of those that nobody used."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from generation.application.create_upload import CreateUpload
from generation.domain.errors import (
    GenerationError,
    IdempotencyKeyReused,
    StorageUnavailable,
    TooManyUploads,
    UnusableMedia,
    UploadBrokenOff,
    UploadNotFound,
    UploadQuotaReached,
    UploadTooLarge,
)
from generation.domain.identifiers import AccountId
from generation.domain.upload import Upload
from generation_house import ACCOUNT, House
from generation_uploads import pieces

BOB = AccountId("usr_bob")


async def sent(house: House, *content: bytes, key: str | None = None, account: AccountId = ACCOUNT) -> Upload:
    """Send a file in."""
    upload, _ = await house.uploads.create(
        CreateUpload(account_id=account, content=pieces(*content), idempotency_key=key)
    )
    return upload


async def swept(house: House) -> None:
    """Every sweep that is about files, once."""
    await house.sweep_uploads()
    await house.sweep_deletions()


async def assert_refused(house: House, refusal: type[GenerationError], *content: bytes, **more: str) -> None:
    """It is refused, and nothing is kept: no row, and after a day no object."""
    before = dict(house.units.tables.uploads)
    with pytest.raises(refusal):
        await sent(house, *content, **more)  # type: ignore[arg-type]
    assert house.units.tables.uploads == before
    house.clock.forward(days=1, seconds=1)
    await house.sweep_deletions()
    assert set(house.store.objects) == {key for row in before.values() for key in row.object_keys}


async def test_a_picture_is_kept_with_its_hashes(house: House) -> None:
    """Stored under ids alone, with its small picture; nothing is queued for removal."""
    house.upload_intake.thumbnails = True
    upload = await sent(house, b"pic", b"ture")
    assert upload.source_sha256 == upload.sha256
    assert set(house.store.objects) == set(upload.object_keys)
    assert house.store.objects[upload.object_key] == b"picture"
    assert upload.object_key == f"{ACCOUNT}/uploads/{upload.upload_id}.png"
    assert house.units.tables.deletions == {}
    view = await house.uploads.read.upload(ACCOUNT, upload.upload_id)
    assert view.upload == upload
    assert upload.object_key in view.url
    assert view.thumbnail_url
    assert view.expires_at == house.clock.now().replace(day=22)


async def test_what_is_no_file_is_refused(house: House) -> None:
    """Nothing, too much, an end that does not come."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"begin"
        raise UploadBrokenOff("the file's end did not come")

    await assert_refused(house, UnusableMedia)
    await assert_refused(house, UploadTooLarge, b"x" * 600, b"x" * 600)
    with pytest.raises(UploadBrokenOff):
        await house.uploads.create(CreateUpload(account_id=ACCOUNT, content=broken()))
    assert house.store.objects == {}
    assert house.units.tables.uploads == {}


async def test_a_store_that_is_away_is_nobodys_fault(house: House) -> None:
    """A refusal that passes; what may have been written by then goes."""
    house.store.reachable = False
    with pytest.raises(StorageUnavailable):
        await sent(house, b"picture")
    house.store.reachable = True
    house.upload_intake.thumbnails = True
    house.store.lacks_room_for = ".thumbnail."
    await assert_refused(house, StorageUnavailable, b"picture")
    house.store.lacks_room_for = None
    house.upload_intake.is_full = True
    await assert_refused(house, StorageUnavailable, b"picture")


async def test_the_quota_counts_files_and_bytes(house: House) -> None:
    """Up to the bound and not beyond it; another's don't count, and deleting makes room."""
    for _ in range(2):
        await sent(house, b"x" * 900)
    await assert_refused(house, UploadQuotaReached, b"x" * 201)
    first = await sent(house, b"x" * 200)
    assert await sent(house, b"y", account=BOB)
    await assert_refused(house, UploadQuotaReached, b"x")
    await house.uploads.delete(ACCOUNT, first.upload_id)
    for _ in range(3):
        await sent(house, b"y")
    await assert_refused(house, UploadQuotaReached, b"y")


async def test_the_quota_is_looked_at_before_a_byte_is_read(house: House) -> None:
    """Whoever has too much already sends nothing."""

    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    for _ in range(5):
        await sent(house, b"y")
    with pytest.raises(UploadQuotaReached):
        await house.uploads.create(CreateUpload(account_id=ACCOUNT, content=unread()))


async def test_two_at_once_do_not_pass_the_quota_together(house: House) -> None:
    """One of them is refused, and leaves nothing behind."""
    for _ in range(4):
        await sent(house, b"y")
    both = await asyncio.gather(sent(house, b"a"), sent(house, b"b"), return_exceptions=True)
    assert sorted(type(one).__name__ for one in both) == ["Upload", "UploadQuotaReached"]
    house.clock.forward(hours=23)
    assert len(house.units.tables.uploads) == 5
    house.clock.forward(hours=1)
    await house.sweep_deletions()
    assert len(house.store.objects) == 5


async def test_a_key_is_one_upload(house: House) -> None:
    """The same bytes get the first answer, other bytes are refused, and a replay passes a full quota."""
    first = await sent(house, b"picture", key="k")
    for _ in range(4):
        await sent(house, b"y")
    command = CreateUpload(account_id=ACCOUNT, content=pieces(b"pic", b"ture"), idempotency_key="k")
    assert await house.uploads.create(command) == (first, True)
    with pytest.raises(IdempotencyKeyReused):
        await sent(house, b"another", key="k")
    with pytest.raises(UploadTooLarge):
        await sent(house, b"x" * 1_001, key="k")
    assert (await sent(house, b"other", key="k", account=BOB)).upload_id != first.upload_id
    assert len(house.units.tables.uploads) == 6


async def test_the_same_key_twice_at_once_is_one_upload(house: House) -> None:
    """Whoever comes second gets the first one's, and what it stored goes."""
    both = await asyncio.gather(sent(house, b"picture", key="k"), sent(house, b"picture", key="k"))
    assert both[0] == both[1]
    house.clock.forward(days=1)
    await house.sweep_deletions()
    assert set(house.store.objects) == set(both[0].object_keys)


async def test_nobodys_slow_files_take_all_the_room(house: House) -> None:
    """Four of one account's at a time; another's come in meanwhile, and the next one once one has ended."""
    gate = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"y"
        await gate.wait()

    commands = [CreateUpload(account_id=ACCOUNT, content=slow()) for _ in range(4)]
    coming = [asyncio.create_task(house.uploads.create(command)) for command in commands]
    await asyncio.sleep(0)
    with pytest.raises(TooManyUploads):
        await sent(house, b"y")
    assert await sent(house, b"y", account=BOB)
    gate.set()
    await asyncio.gather(*coming)
    assert await sent(house, b"y")


async def test_an_upload_is_deleted_for_good(house: House) -> None:
    """With its objects; the second time, and another's, it is not there."""
    upload = await sent(house, b"picture")
    with pytest.raises(UploadNotFound):
        await house.uploads.delete(BOB, upload.upload_id)
    with pytest.raises(UploadNotFound):
        await house.uploads.read.upload(BOB, upload.upload_id)
    await house.uploads.delete(ACCOUNT, upload.upload_id)
    with pytest.raises(UploadNotFound):
        await house.uploads.delete(ACCOUNT, upload.upload_id)
    await swept(house)
    assert house.store.objects == {}


async def test_pages_are_newest_first(house: House) -> None:
    """Each upload once, and another's never."""
    made = [await sent(house, b"y") for _ in range(3)]
    await sent(house, b"y", account=BOB)
    first, following = await house.uploads.read.page(ACCOUNT, before=None, limit=2)
    second, end = await house.uploads.read.page(ACCOUNT, before=following, limit=2)
    assert [view.upload for view in (*first, *second)] == made[::-1]
    assert end is None


async def test_what_nobody_used_goes_after_a_day(house: House) -> None:
    """Not a moment before, and with its objects."""
    house.upload_intake.thumbnails = True
    upload = await sent(house, b"picture")
    house.clock.forward(days=1)
    await swept(house)
    assert set(house.store.objects) == set(upload.object_keys)
    house.clock.forward(seconds=1)
    await swept(house)
    assert house.store.objects == {}
    with pytest.raises(UploadNotFound):
        await house.uploads.read.upload(ACCOUNT, upload.upload_id)
