"""Copies of what plans open, over memory and PostgreSQL."""

from dataclasses import replace

import pytest
from generation.adapters.outbound.memory_constraints import ConstraintBroken
from generation.domain.entitlements import Entitlements
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import ALICE, BOB, LATER
from sqlalchemy.exc import IntegrityError

COPY = Entitlements(account_id=ALICE, words=("premium", "priority"), valid_until=LATER, revision=2)


async def kept(units: UnitsOfWork, copy: Entitlements) -> bool:
    """Keep a copy, as its own account."""
    async with units.of(copy.account_id) as work:
        return await work.entitlements.keep(copy)


async def test_the_newest_copy_is_kept_whole(units: UnitsOfWork) -> None:
    """What is as old or older changes nothing; what is newer replaces all of it."""
    assert await kept(units, COPY)
    for older in (COPY, replace(COPY, words=()), replace(COPY, revision=1, valid_until=None)):
        assert not await kept(units, older)
    async with units.of(ALICE) as work:
        assert await work.entitlements.of(ALICE) == COPY
    newer = replace(COPY, words=(), valid_until=None, revision=3)
    assert await kept(units, newer)
    async with units.of_system() as work:
        assert await work.entitlements.of(ALICE) == newer
        assert await work.entitlements.of(BOB) is None


async def test_an_account_sees_its_own_copy_only(units: UnitsOfWork) -> None:
    """Another's is not there, whatever is known of it."""
    await kept(units, COPY)
    async with units.of(BOB) as work:
        assert await work.entitlements.of(ALICE) is None


async def test_a_copy_without_a_number_is_refused(units: UnitsOfWork) -> None:
    """Nothing could replace it."""
    with pytest.raises((IntegrityError, ConstraintBroken)):
        await kept(units, replace(COPY, revision=0))
    async with units.of(ALICE) as work:
        assert await work.entitlements.of(ALICE) is None
