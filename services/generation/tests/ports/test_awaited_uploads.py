"""Files that were to go straight to the store, over memory and PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from generation.adapters.outbound.memory_constraints import ConstraintBroken
from generation.domain.awaited_upload import AwaitedUpload
from generation.domain.identifiers import UploadId
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import ALICE, BOB, NOW
from sqlalchemy.exc import IntegrityError

REFUSED = (IntegrityError, ConstraintBroken)
SECOND = timedelta(seconds=1)


def awaited(number: int = 1, **changes: Any) -> AwaitedUpload:
    """One of Alice's."""
    plain = AwaitedUpload(
        upload_id=UploadId(f"upl_{number:032x}"),
        account_id=ALICE,
        object_key=f"usr/incoming/{number}",
        size_bytes_max=10 * number,
        idempotency_key=f"key-{number}",
        created_at=NOW,
    )
    return replace(plain, **changes)


async def kept(units: UnitsOfWork, *rows: AwaitedUpload) -> None:
    """Keep these."""
    async with units.of_system() as work:
        for row in rows:
            await work.awaited_uploads.add(row)


async def test_they_are_kept_whole(units: UnitsOfWork) -> None:
    """By id and by key, and counted; another account sees none of them and changes none."""
    await kept(units, awaited(1), awaited(2))
    async with units.of(ALICE) as work:
        assert await work.awaited_uploads.get(awaited(1).upload_id) == awaited(1)
        assert await work.awaited_uploads.with_key(ALICE, "key-2") == awaited(2)
        assert await work.awaited_uploads.with_key(ALICE, "key-3") is None
        assert await work.awaited_uploads.count(ALICE) == 2
    async with units.of(BOB) as work:
        assert await work.awaited_uploads.get(awaited(1).upload_id) is None
        assert await work.awaited_uploads.with_key(ALICE, "key-2") is None
        assert await work.awaited_uploads.count(ALICE) == 0
        await work.awaited_uploads.save(awaited(1, is_completed=True))
    async with units.of(ALICE) as work:
        assert await work.awaited_uploads.get(awaited(1).upload_id) == awaited(1)


@pytest.mark.parametrize(
    "end", [{"is_completed": True}, {"refusal": "UNUSABLE_MEDIA", "refusal_detail": "the file is a GIF"}]
)
async def test_what_became_of_one_stays(units: UnitsOfWork, end: dict[str, Any]) -> None:
    """Nothing that comes later changes it."""
    await kept(units, awaited(1))
    async with units.of(ALICE) as work:
        await work.awaited_uploads.save(awaited(1, **end))
        for later in (awaited(1, is_completed=True), awaited(1, refusal="X", refusal_detail="Y")):
            await work.awaited_uploads.save(later)
    async with units.of(ALICE) as work:
        assert await work.awaited_uploads.get(awaited(1).upload_id) == awaited(1, **end)


@pytest.mark.parametrize(
    "changes",
    [{"upload_id": awaited(1).upload_id}, {"object_key": "usr/incoming/1"}, {"idempotency_key": "key-1"},
     {"size_bytes_max": 0}, {"idempotency_key": ""}],
)  # fmt: skip
async def test_rows_that_can_not_be_are_refused(units: UnitsOfWork, changes: dict[str, Any]) -> None:
    """One of an id, a place and a key, of some size."""
    await kept(units, awaited(1))
    with pytest.raises(REFUSED):
        await kept(units, awaited(2, **changes))
    async with units.of(ALICE) as work:
        assert await work.awaited_uploads.count(ALICE) == 1


async def test_old_ones_go(units: UnitsOfWork) -> None:
    """However they ended, at most `limit` at once; none that is as old as the bound."""
    await kept(units, awaited(1), awaited(2, is_completed=True), awaited(3, created_at=NOW + SECOND))
    async with units.of_system() as work:
        old = set[str]()
        for created_before, limit, count in ((NOW, 9, 0), (NOW + SECOND, 1, 1), (NOW + SECOND, 9, 1)):
            gone = await work.awaited_uploads.remove_old(created_before=created_before, limit=limit)
            assert len(gone) == count
            old |= set(gone)
        assert old == {awaited(1).object_key, awaited(2).object_key}
        assert await work.awaited_uploads.count(ALICE) == 1
