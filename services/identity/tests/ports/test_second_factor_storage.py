"""What every implementation of storage guarantees of second factors."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from embedded.testing import ServiceDatabase
from identity.adapters.outbound.postgres.housekeeping import forget_expired
from identity.domain.second_factor import Challenge, SecondFactor
from identity.domain.secret import digest
from identity_world import OTHER, OWNER, Storage, postgres_storage, with_two_people
from sqlalchemy.ext.asyncio import AsyncEngine

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
FACTOR = SecondFactor(user_id=OWNER.user_id, sealed_secret=b"\x00sealed\xff", created_at=NOW)
CHALLENGE = Challenge(
    token_digest=digest("challenge"),
    user_id=OWNER.user_id,
    is_known_device=True,
    expires_at=NOW + timedelta(days=36_500),
)
CODES = [digest("1"), digest("2")]


@pytest.fixture
async def kept(storage: Storage) -> Storage:
    """Storage with two people, one of whom has a factor, codes and a sign-in that waits."""
    await with_two_people(storage)
    async with storage.units.of(OWNER.user_id) as work:
        await work.factors.save(FACTOR)
        await work.factors.replace_codes(OWNER.user_id, CODES)
        await work.factors.add_challenge(CHALLENGE)
    return storage


async def test_factors_come_back(kept: Storage) -> None:
    """Every field, and in the place of the one before."""
    changed = replace(FACTOR, sealed_secret=b"other", confirmed_at=NOW, last_step=2**40)
    async with kept.units.of(OWNER.user_id) as work:
        assert await work.factors.get(OWNER.user_id) == FACTOR
        await work.factors.save(changed)
        assert await work.factors.get(OWNER.user_id) == changed


async def test_factors_are_their_owners(kept: Storage) -> None:
    """Another account sees and uses nothing of them."""
    async with kept.units.of(OTHER.user_id) as work:
        assert await work.factors.get(OWNER.user_id) is None
        assert await work.factors.get(OTHER.user_id) is None
        assert await work.factors.codes_left(OWNER.user_id) == 0
        assert not await work.factors.use_code(OWNER.user_id, CODES[0], NOW)
        assert await work.factors.lock_challenge(CHALLENGE.token_digest) is None


async def test_codes_are_used_once(kept: Storage) -> None:
    """New ones take the place of all; a removed factor leaves none."""
    async with kept.units.of(OWNER.user_id) as work:
        assert await work.factors.codes_left(OWNER.user_id) == 2
        assert await work.factors.use_code(OWNER.user_id, CODES[0], NOW)
        assert not await work.factors.use_code(OWNER.user_id, CODES[0], NOW)
        assert not await work.factors.use_code(OWNER.user_id, digest("3"), NOW)
        assert await work.factors.codes_left(OWNER.user_id) == 1
        await work.factors.replace_codes(OWNER.user_id, [digest("3")])
        assert not await work.factors.use_code(OWNER.user_id, CODES[1], NOW)
        await work.factors.remove(OWNER.user_id)
        assert await work.factors.get(OWNER.user_id) is None
        assert await work.factors.codes_left(OWNER.user_id) == 0


async def test_a_sign_in_that_nobody_ended_does_not_stay(engine: AsyncEngine) -> None:
    """Nor does it wait for its person's next one; those that stand stay."""
    stored = postgres_storage(engine)
    late = replace(CHALLENGE, token_digest=digest("late"), expires_at=NOW)
    async with stored.units.of(OWNER.user_id) as work:
        await work.users.add(OWNER)
        for challenge in (CHALLENGE, late):
            await work.factors.add_challenge(challenge)
    await forget_expired(engine)
    assert await stored.directory.user_by_challenge(late.token_digest) is None
    assert await stored.directory.user_by_challenge(CHALLENGE.token_digest) == OWNER.user_id


@pytest.mark.parametrize("fails", ["FUNCTION forget_expired(integer)", "FUNCTION forget_flows(integer)"])
async def test_one_kind_that_can_not_be_cleared_away_keeps_no_other(
    engine: AsyncEngine, database: ServiceDatabase, fails: str
) -> None:
    """It is told; what waits is cleared away all the same."""
    stored = postgres_storage(engine)
    async with stored.units.of(OWNER.user_id) as work:
        await work.users.add(OWNER)
        await work.factors.add_challenge(replace(CHALLENGE, expires_at=NOW))
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute(f"ALTER {fails} RENAME TO broken")
    with pytest.raises(ExceptionGroup) as told:
        await forget_expired(engine)
    assert len(told.value.exceptions) == 1
    assert await stored.directory.user_by_challenge(CHALLENGE.token_digest) is None


async def test_sign_ins_that_wait_are_found(kept: Storage) -> None:
    """By their token, whoever's they are; what became of them is kept."""
    assert await kept.directory.user_by_challenge(CHALLENGE.token_digest) == OWNER.user_id
    assert await kept.directory.user_by_challenge(digest("never")) is None
    tried = replace(CHALLENGE, tries=3, used_at=NOW)
    async with kept.units.of(OWNER.user_id) as work:
        assert await work.factors.lock_challenge(CHALLENGE.token_digest) == CHALLENGE
        await work.factors.save_challenge(tried)
        assert await work.factors.lock_challenge(CHALLENGE.token_digest) == tried


async def test_all_sign_ins_of_an_account_end_at_once(kept: Storage) -> None:
    """Those of another account wait on, and what ended before stays as it was."""
    used, later = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    ended = replace(CHALLENGE, token_digest=digest("ended"), used_at=used)
    other = replace(CHALLENGE, token_digest=digest("other"), user_id=OTHER.user_id)
    async with kept.units.of(OTHER.user_id) as work:
        await work.factors.add_challenge(other)
        await work.factors.end_challenges(OWNER.user_id, later)
    async with kept.units.of(OWNER.user_id) as work:
        await work.factors.add_challenge(ended)
        assert await work.factors.lock_challenge(CHALLENGE.token_digest) == CHALLENGE
        await work.factors.end_challenges(OWNER.user_id, NOW)
        assert await work.factors.lock_challenge(CHALLENGE.token_digest) == replace(CHALLENGE, used_at=NOW)
        assert await work.factors.lock_challenge(ended.token_digest) == ended
    async with kept.units.of(OTHER.user_id) as work:
        assert await work.factors.lock_challenge(other.token_digest) == other
