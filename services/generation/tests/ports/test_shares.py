"""Links to jobs, over memory and PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from generation.adapters.outbound.memory_constraints import ConstraintBroken
from generation.domain.identifiers import GenerationId, ShareId
from generation.domain.share import Share
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import ALICE, BOB, LATER, NOW, job, stored
from sqlalchemy.exc import IntegrityError

REFUSED = (IntegrityError, ConstraintBroken)


def link(number: int = 1, *, of: int = 1, **changes: Any) -> Share:
    """A link of Alice's first job."""
    plain = Share(
        share_id=ShareId(f"shr_{number:032x}"),
        generation_id=job(of).generation_id,
        account_id=ALICE,
        token_hash=f"{number:064x}",
        shows_prompt=number % 2 == 1,
        created_at=NOW,
        expires_at=LATER,
    )
    return replace(plain, **changes)


async def kept(units: UnitsOfWork, *links: Share) -> None:
    """Keep these links."""
    async with units.of_system() as work:
        for one in links:
            await work.shares.add(one)


async def test_links_are_kept_whole(units: UnitsOfWork) -> None:
    """Newest first, by job; found by the hash of their token."""
    await stored(units, job(1), job(2))
    await kept(units, link(1), link(3), link(2), link(4, of=2))
    async with units.of(ALICE) as work:
        assert list(await work.shares.of(job(1).generation_id)) == [link(3), link(2), link(1)]
    async with units.of_system() as work:
        assert await work.shares.with_hash(link(4).token_hash) == link(4, of=2)
        assert await work.shares.with_hash("0" * 64) is None


async def test_an_account_sees_its_own_links_only(units: UnitsOfWork) -> None:
    """Another's can be neither read nor removed, whatever is known of them."""
    await stored(units, job(1))
    await kept(units, link(1))
    async with units.of(BOB) as work:
        assert list(await work.shares.of(job(1).generation_id)) == []
        assert await work.shares.with_hash(link(1).token_hash) is None
        await work.shares.remove(job(1).generation_id)
        await work.shares.remove_expired(job(1).generation_id, now=LATER + timedelta(days=9))
    async with units.of(ALICE) as work:
        assert list(await work.shares.of(job(1).generation_id)) == [link(1)]


async def test_links_are_removed_one_or_all(units: UnitsOfWork) -> None:
    """A job's only, and what is gone already is no error."""
    await stored(units, job(1), job(2))
    await kept(units, link(1), link(2), link(3), link(4, of=2))
    async with units.of(ALICE) as work:
        await work.shares.remove(job(1).generation_id, link(2).share_id)
        await work.shares.remove(job(1).generation_id, link(2).share_id)
        await work.shares.remove(job(1).generation_id, link(4).share_id)
        assert list(await work.shares.of(job(1).generation_id)) == [link(3), link(1)]
        await work.shares.remove(job(1).generation_id)
        assert list(await work.shares.of(job(1).generation_id)) == []
        assert list(await work.shares.of(job(2).generation_id)) == [link(4, of=2)]


async def test_what_expired_is_forgotten(units: UnitsOfWork) -> None:
    """From the moment of its end on."""
    await stored(units, job(1))
    later = link(2, expires_at=LATER + timedelta(seconds=1))
    await kept(units, link(1), later)
    async with units.of(ALICE) as work:
        await work.shares.remove_expired(job(1).generation_id, now=LATER - timedelta(seconds=1))
        assert len(await work.shares.of(job(1).generation_id)) == 2
        await work.shares.remove_expired(job(1).generation_id, now=LATER)
        assert list(await work.shares.of(job(1).generation_id)) == [later]


WRONG = {
    "of no job": link(2, generation_id=GenerationId("gen_none")),
    "an id that is there": link(1, token_hash="a" * 64),
    "a token twice": link(2, token_hash=link(1).token_hash),
    "a token as it is": link(2, token_hash="short"),
    "ended before it began": link(2, expires_at=NOW),
}


@pytest.mark.parametrize("row", WRONG.values(), ids=WRONG.keys())
async def test_a_link_that_cannot_be(units: UnitsOfWork, row: Share) -> None:
    """Each rule of the table, one at a time."""
    await stored(units, job(1))
    await kept(units, link(1))
    with pytest.raises(REFUSED):
        await kept(units, row)
    async with units.of_system() as work:
        assert list(await work.shares.of(job(1).generation_id)) == [link(1)]
