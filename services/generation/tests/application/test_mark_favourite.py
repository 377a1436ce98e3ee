"""A favourite is its owner's mark."""

import pytest
from generation.application.mark_favourite import MarkFavourite
from generation.domain.errors import GenerationNotFound
from generation.domain.identifiers import AccountId
from generation.domain.library_filter import LibraryFilter
from generation_house import ACCOUNT, House

FAVOURITES = LibraryFilter(favourites_only=True)


async def test_a_favourite_is_marked_and_unmarked(house: House) -> None:
    """Again changes nothing; nothing is told to anybody, and the job goes on as it was."""
    job = await house.queued()
    for is_favourite in (True, True, False, False):
        marked = await house.mark_favourite(
            MarkFavourite(account_id=ACCOUNT, generation_id=job.generation_id, is_favourite=is_favourite)
        )
        assert marked == job.marked(is_favourite=is_favourite)
        assert house.stored(job) == marked
        views, _ = await house.read.page(ACCOUNT, wanted=FAVOURITES, before=None, limit=9)
        assert [view.generation for view in views] == ([marked] if is_favourite else [])
    await house.facts.expect("GenerationQueued")


async def test_nobody_marks_what_is_not_theirs(house: House) -> None:
    """Another account's and a deleted one are not there, and stay as they are."""
    job = await house.queued()
    command = MarkFavourite(
        account_id=AccountId("usr_bob"), generation_id=job.generation_id, is_favourite=True
    )
    with pytest.raises(GenerationNotFound):
        await house.mark_favourite(command)
    assert house.stored(job) == job
    await house.cancel(ACCOUNT, job.generation_id)
    await house.delete(ACCOUNT, job.generation_id)
    gone = house.stored(job)
    with pytest.raises(GenerationNotFound):
        await house.mark_favourite(
            MarkFavourite(account_id=ACCOUNT, generation_id=job.generation_id, is_favourite=True)
        )
    assert house.stored(job) == gone
    await house.facts.expect("GenerationQueued", "GenerationCancelled")
