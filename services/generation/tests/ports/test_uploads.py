"""Uploads and what jobs were given, over memory and PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from generation.adapters.outbound.memory_constraints import ConstraintBroken
from generation.domain.generation import Status
from generation.domain.identifiers import GenerationId, MediaId
from generation.domain.input_media import UsedMedia
from generation.domain.upload import Upload, UploadTotals
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import ALICE, BOB, LATER, NOW, job, running, stored, upload
from sqlalchemy.exc import IntegrityError

REFUSED = (IntegrityError, ConstraintBroken)
DAY = timedelta(days=1)


def use(of: int = 1, media: int = 1, **changes: Any) -> UsedMedia:
    """A job that was given an upload."""
    given = upload(media)
    plain = UsedMedia(
        generation_id=job(of).generation_id,
        media_id=MediaId(given.upload_id),
        account_id=ALICE,
        object_key=given.object_key,
        media_type="image/png",
        size_bytes=10,
    )
    return replace(plain, **changes)


async def kept(units: UnitsOfWork, *uploads: Upload) -> None:
    """Keep these uploads."""
    async with units.of_system() as work:
        for one in uploads:
            assert await work.uploads.add(one)


async def given(units: UnitsOfWork, *uses: UsedMedia) -> None:
    """Keep these uses."""
    async with units.of_system() as work:
        await work.media_uses.add(uses)


async def test_uploads_are_kept_whole(units: UnitsOfWork) -> None:
    """By id, by key, and newest first in pages."""
    await kept(units, upload(1), upload(2, thumbnail_key=None, blurhash=None), upload(3, used_at=LATER))
    async with units.of(ALICE) as work:
        assert await work.uploads.get(upload(1).upload_id) == upload(1)
        assert await work.uploads.with_key(ALICE, "key-3") == upload(3, used_at=LATER)
        assert await work.uploads.with_key(ALICE, "key-9") is None
        first = await work.uploads.page(ALICE, before=None, limit=2)
        assert [one.upload_id for one in first] == [upload(3).upload_id, upload(2).upload_id]
        assert await work.uploads.page(ALICE, before=first[-1].upload_id, limit=2) == [upload(1)]
        assert await work.uploads.totals(ALICE) == UploadTotals(3, 60)
        assert await work.uploads.totals(BOB) == UploadTotals(0, 0)


async def test_a_key_is_one_upload_of_its_account(units: UnitsOfWork) -> None:
    """A second one under it is not added; another account's key is another."""
    await kept(units, upload(1))
    async with units.of_system() as work:
        assert not await work.uploads.add(upload(2, idempotency_key="key-1"))
        assert await work.uploads.add(upload(3, idempotency_key="key-1", account_id=BOB))
    async with units.of_system() as work:
        assert await work.uploads.get(upload(2).upload_id) is None


async def test_an_account_sees_its_own_uploads_only(units: UnitsOfWork) -> None:
    """Another's can be neither read, used nor removed, whatever is known of them."""
    await stored(units, job(1))
    await kept(units, upload(1))
    await given(units, use())
    async with units.of(BOB) as work:
        assert await work.uploads.get(upload(1).upload_id) is None
        assert await work.uploads.with_key(ALICE, "key-1") is None
        assert await work.uploads.page(ALICE, before=None, limit=9) == []
        assert await work.uploads.use([upload(1).upload_id], now=LATER) == []
        assert await work.media_uses.of(job(1).generation_id) == []
        assert not await work.media_uses.among([upload(1).upload_id])
        await work.uploads.remove(upload(1).upload_id)
        await work.media_uses.remove(job(1).generation_id)
    async with units.of(ALICE) as work:
        assert await work.uploads.get(upload(1).upload_id) == upload(1)
        assert await work.media_uses.of(job(1).generation_id) == [use()]


async def test_using_says_which_are_there(units: UnitsOfWork) -> None:
    """And since when they were used last."""
    await kept(units, upload(1), upload(2))
    wanted = [upload(2).upload_id, upload(9).upload_id, upload(1).upload_id]
    async with units.of(ALICE) as work:
        assert await work.uploads.use(wanted, now=LATER) == [
            upload(1, used_at=LATER),
            upload(2, used_at=LATER),
        ]
    async with units.of(ALICE) as work:
        assert await work.uploads.get(upload(1).upload_id) == upload(1, used_at=LATER)


async def test_what_nobody_used_goes(units: UnitsOfWork) -> None:
    """What is younger, was used since, or belongs to a job stays; at most `limit` go at once."""
    await stored(units, job(1))
    await kept(
        units,
        upload(1),
        upload(2, created_at=NOW + DAY),
        upload(3, used_at=NOW + DAY),
        upload(4),
        upload(5),
    )
    await given(units, use(1, 4))
    async with units.of_system() as work:
        assert await work.uploads.remove_unused(before=NOW, limit=9) == []
        first = await work.uploads.remove_unused(before=NOW + DAY, limit=1)
        second = await work.uploads.remove_unused(before=NOW + DAY, limit=9)
        assert {one.upload_id for one in (*first, *second)} == {upload(1).upload_id, upload(5).upload_id}
        assert len(first) == 1
    async with units.of_system() as work:
        await work.media_uses.remove(job(1).generation_id)
        assert await work.uploads.remove_unused(before=NOW + DAY, limit=9) == [upload(4)]
        assert len(await work.uploads.page(ALICE, before=None, limit=9)) == 2


async def test_jobs_remember_what_they_were_given(units: UnitsOfWork) -> None:
    """Each its own, and all of it is forgotten together."""
    await stored(units, job(1), job(2))
    await given(units, use(1, 2), use(1, 1), use(2, 1))
    async with units.of(ALICE) as work:
        assert await work.media_uses.of(job(1).generation_id) == [use(1, 1), use(1, 2)]
        asked = [upload(number).upload_id for number in (1, 2, 3)]
        assert set(await work.media_uses.among(asked)) == set(asked[:2])
        await work.media_uses.remove(job(1).generation_id)
        assert set(await work.media_uses.among(asked)) == set(asked[:1])


@pytest.mark.exhaustive
@pytest.mark.parametrize("status", list(Status))
async def test_what_an_open_job_was_given_is_not_removed(units: UnitsOfWork, status: Status) -> None:
    """Its object is due once the job has ended; one of no job at once."""
    ended = {"finished_at": LATER} if job(status=status).is_terminal else {}
    await stored(units, running(1) if status is Status.PROCESSING else _of(status, **ended))
    await given(units, use())
    keys = [use().object_key, "usr/other.png"]
    async with units.of_system() as work:
        await work.deletions.schedule(keys, due_at=NOW)
        due = await work.deletions.claim_due(now=NOW, again_at=LATER, limit=9)
    assert sorted(due) == (sorted(keys) if ended else ["usr/other.png"])


def _of(status: Status, **more: Any) -> Any:
    return job(1, status=status, reservation_id="res_1", **more)


WRONG = {
    "an object of another's": upload(2, object_key=upload(1).object_key),
    "a thumbnail of another's": upload(2, thumbnail_key=upload(1).thumbnail_key),
    "no bytes": upload(2, size_bytes=0),
    "no width": upload(2, width=0),
    "no height": upload(2, height=-1),
    "a short hash": upload(2, sha256="0"),
    "a short source hash": upload(2, source_sha256="0"),
    "a short placeholder": upload(2, blurhash="L"),
    "no key": upload(2, idempotency_key=""),
    "an endless key": upload(2, idempotency_key="k" * 256),
    "an id that is there": upload(1, idempotency_key="other", object_key="x", thumbnail_key=None),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("row", WRONG.values(), ids=WRONG.keys())
async def test_an_upload_that_cannot_be(units: UnitsOfWork, row: Upload) -> None:
    """Each rule of the table, one at a time."""
    await kept(units, upload(1))
    with pytest.raises(REFUSED):
        await kept(units, row)
    async with units.of_system() as work:
        assert await work.uploads.page(ALICE, before=None, limit=9) == [upload(1)]


@pytest.mark.parametrize(
    "row",
    [use(generation_id=GenerationId("gen_none")), use(size_bytes=0), use()],
    ids=["of no job", "no bytes", "twice"],
)
async def test_a_use_that_cannot_be(units: UnitsOfWork, row: UsedMedia) -> None:
    """Each rule of the table, one at a time."""
    await stored(units, job(1))
    await given(units, use())
    with pytest.raises(REFUSED):
        await given(units, row)
    async with units.of_system() as work:
        assert await work.media_uses.of(job(1).generation_id) == [use()]
