"""What every implementation of storage guarantees of people's pictures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from identity.domain.avatar import PICTURE_BYTES_MAX, Avatar
from identity_world import OTHER, OWNER, Storage, with_two_people

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
ADA, EVE = OWNER.user_id, OTHER.user_id
PICTURE = Avatar(ADA, bytes(range(256)) * (PICTURE_BYTES_MAX // 256), "1", NOW)


@pytest.fixture
async def stored(storage: Storage) -> Storage:
    """Storage with two people, one of whom has a picture."""
    await with_two_people(storage)
    async with storage.units.of(ADA) as work:
        await work.avatars.save(PICTURE)
        await work.users.save(replace(await work.users.lock(ADA), avatar_version="1"))
    return storage


async def test_a_picture_comes_back(stored: Storage) -> None:
    """Every byte of it; its version stands beside the profile."""
    async with stored.units.of(ADA) as work:
        assert await work.avatars.get(ADA) == PICTURE
        assert (await work.users.get(ADA)).avatar_version == "1"


async def test_another_takes_its_place(stored: Storage) -> None:
    """There is one at most."""
    other = Avatar(ADA, b"other", "2", NOW + timedelta(hours=1))
    async with stored.units.of(ADA) as work:
        await work.avatars.save(other)
    async with stored.units.of(ADA) as work:
        assert await work.avatars.get(ADA) == other
        await work.avatars.remove(ADA)
        await work.avatars.remove(ADA)
    async with stored.units.of(ADA) as work:
        assert await work.avatars.get(ADA) is None


async def test_it_is_seen_in_its_own_account_alone(stored: Storage) -> None:
    """Another account reads none of it."""
    async with stored.units.of(EVE) as work:
        assert await work.avatars.get(ADA) is None
        assert await work.avatars.get(EVE) is None
    async with stored.units.of(ADA) as work:
        assert await work.avatars.get(ADA) == PICTURE


async def test_erasure_takes_it_along(stored: Storage) -> None:
    """It goes with its person, and nobody else's."""
    eves = replace(PICTURE, user_id=EVE)
    async with stored.units.of(EVE) as work:
        await work.avatars.save(eves)
    async with stored.units.of(ADA) as work:
        await work.erasures.erase(ADA, NOW)
    async with stored.units.of(ADA) as work:
        assert await work.avatars.get(ADA) is None
    async with stored.units.of(EVE) as work:
        assert await work.avatars.get(EVE) == eves
