"""What a library lists, over memory and PostgreSQL: every filter, together, page by page."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import AccountId, GenerationId, ModelId, ReservationId
from generation.domain.library_filter import EVERY_JOB, LibraryFilter, search_words
from generation.domain.model import Modality
from generation.ports.unit_of_work import Discarded, UnitsOfWork
from generation_rows import ALICE, BOB, NOW, job, stored

HOUR = timedelta(hours=1)
FAILED: dict[str, Any] = {"status": Status.FAILED, "finished_at": NOW}
MADE: dict[str, Any] = {
    "status": Status.SUCCEEDED,
    "finished_at": NOW,
    "reservation_id": ReservationId("res_1"),
}
FILM: dict[str, Any] = {"model_id": ModelId("local/motion"), "modality": Modality.VIDEO}
LIBRARY = (
    job(1, input={"prompt": "A red Füchsin in snow"}, **MADE),
    job(2, input={"prompt": "blue heron"}, created_at=NOW + HOUR, is_favourite=True, **MADE),
    job(3, input={"prompt": "red heron, 100% wool"}, created_at=NOW + 2 * HOUR, **FILM, **FAILED),
    job(4, input={"prompt": "灯台と海"}, created_at=NOW + 3 * HOUR, is_favourite=True, **FILM),
    job(5, input={}, created_at=NOW + 4 * HOUR),
    # Neither deleted ones nor another's are ever listed.
    job(6, input={"prompt": "red"}, is_favourite=True, deleted_at=NOW, **MADE),
    job(7, account_id=BOB, input={"prompt": "red heron"}, is_favourite=True, **MADE),
)


async def listed(
    units: UnitsOfWork,
    wanted: LibraryFilter = EVERY_JOB,
    *,
    account_id: AccountId = ALICE,
    before: GenerationId | None = None,
    limit: int = 9,
) -> list[int]:
    """The numbers of what is listed."""
    async with units.of(account_id) as work:
        page = await work.generations.page(account_id, wanted=wanted, before=before, limit=limit)
    return _numbers(page)


def _numbers(page: Sequence[Generation]) -> list[int]:
    return [int(generation.generation_id.removeprefix("gen_"), 16) for generation in page]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"statuses": frozenset({Status.SUCCEEDED})}, [2, 1]),
        ({"statuses": frozenset({Status.FAILED, Status.RESERVING})}, [5, 4, 3]),
        ({"model_id": ModelId("local/motion")}, [4, 3]),
        ({"model_id": ModelId("local/nothing")}, []),
        ({"modality": Modality.IMAGE}, [5, 2, 1]),
        ({"created_from": NOW + HOUR}, [5, 4, 3, 2]),
        ({"created_before": NOW + HOUR}, [1]),
        ({"created_from": NOW + HOUR, "created_before": NOW + 3 * HOUR}, [3, 2]),
        ({"favourites_only": True}, [4, 2]),
        ({"words": search_words("RED")}, [3, 1]),
        ({"words": search_words("fuchs")}, [1]),
        ({"words": search_words("heron red")}, [3]),
        ({"words": search_words("海")}, [4]),
        ({"words": search_words("100%")}, [3]),
        ({"words": search_words("1_0")}, []),
        ({"words": search_words("%")}, [3]),
        ({"words": search_words("red"), "statuses": frozenset({Status.SUCCEEDED})}, [1]),
        ({"favourites_only": True, "modality": Modality.VIDEO, "words": search_words("灯台")}, [4]),
    ],
)
async def test_a_filter_admits(units: UnitsOfWork, asked: dict[str, Any], numbers: list[int]) -> None:
    """Newest first, nothing that one filter refuses, nothing deleted, nobody else's."""
    await stored(units, *LIBRARY)
    assert await listed(units, LibraryFilter(**asked)) == numbers
    assert await listed(units, LibraryFilter(**asked), account_id=AccountId("usr_carol")) == []


@pytest.mark.parametrize(
    "asked", [{}, {"favourites_only": True}, {"modality": Modality.IMAGE}, {"words": ("red",)}]
)
async def test_a_filter_keeps_its_place(units: UnitsOfWork, asked: dict[str, Any]) -> None:
    """A page at a time shows each job once, though one comes and one goes meanwhile."""
    await stored(units, *LIBRARY)
    wanted = LibraryFilter(**asked)
    whole = await listed(units, wanted)
    walked: list[int] = []
    place = None
    while page := await listed(units, wanted, before=place, limit=1):
        walked += page
        place = job(page[-1]).generation_id
        await stored(units, job(100 + len(walked), input={"prompt": "red"}, is_favourite=True))
    assert walked == whole


async def test_a_mark_is_kept_with_whatever_happens(units: UnitsOfWork) -> None:
    """A favourite stays one while its job ends, and can be one no longer."""
    await stored(units, job(1))
    for mark in (True, False):
        async with units.of(ALICE) as work:
            found = await work.generations.lock(job(1).generation_id)
            assert found
            await work.generations.save(found.marked(is_favourite=mark))
        assert await listed(units, LibraryFilter(favourites_only=True)) == ([1] if mark else [])


async def test_discarded_jobs_are_found_when_their_time_is_over(units: UnitsOfWork) -> None:
    """Those alone, page by page, and those first whose time was over first."""
    later = NOW + HOUR
    await stored(
        units,
        job(1, **FAILED, deleted_at=NOW, purge_at=later),
        job(2, **FAILED, deleted_at=NOW, purge_at=NOW),
        job(3, **FAILED, deleted_at=NOW),
        job(4, **FAILED),
        job(5, **FAILED, deleted_at=NOW, purge_at=later),
    )
    async with units.of_system() as work:
        first, second = Discarded(NOW, job(2).generation_id), Discarded(later, job(1).generation_id)
        third = Discarded(later, job(5).generation_id)
        assert await work.generations.discarded(by=NOW - HOUR, after=None, limit=9) == []
        assert await work.generations.discarded(by=NOW, after=None, limit=9) == [first]
        assert await work.generations.discarded(by=later, after=None, limit=1) == [first]
        assert await work.generations.discarded(by=later, after=first, limit=1) == [second]
        assert await work.generations.discarded(by=later, after=second, limit=9) == [third]
