"""What every implementation of storage guarantees of passkeys and of challenges."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from chassis.postgres import create_engine
from identity.adapters.outbound.memory.passkeys import MemoryPasskeyCeremonies
from identity.adapters.outbound.postgres.housekeeping import forget_expired
from identity.adapters.outbound.postgres.passkeys import PostgresPasskeyCeremonies
from identity.domain.identifiers import PasskeyId
from identity.domain.passkey import Ceremony, CeremonyKind, Passkey
from identity.domain.passkey_errors import PasskeyExists, PasskeyNotFound
from identity.domain.secret import digest
from identity.ports.passkeys import PasskeyCeremonies
from identity_world import OTHER, OWNER, Storage, postgres_storage, with_two_people
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
PHONE = Passkey(
    passkey_id=PasskeyId("psk_1"),
    user_id=OWNER.user_id,
    credential_id=b"\x00credential\xff",
    public_key=b"\x00key\xff",
    sign_count=2**32 - 1,
    transports=("internal", "hybrid"),
    name="Phone ☎",
    backed_up=True,
    created_at=NOW,
)
KEY = replace(
    PHONE,
    passkey_id=PasskeyId("psk_2"),
    credential_id=b"2",
    transports=(),
    created_at=NOW + timedelta(hours=1),
)
CEREMONY = Ceremony(
    challenge_digest=digest("challenge"), kind=CeremonyKind.SIGN_IN, user_id=None, expires_at=NOW
)
BEFORE = NOW - timedelta(microseconds=1)


@pytest.fixture
async def kept(storage: Storage) -> Storage:
    """Storage with two people, one of whom has a passkey."""
    await with_two_people(storage)
    async with storage.units.of(OWNER.user_id) as work:
        await work.passkeys.add(PHONE)
    return storage


@pytest.fixture(params=["memory", "postgres"])
async def ceremonies(request: pytest.FixtureRequest) -> AsyncIterator[PasskeyCeremonies]:
    """Every implementation of what keeps challenges, with somebody to have one."""
    if request.param == "memory":
        yield MemoryPasskeyCeremonies()
        return
    engine = create_engine(request.getfixturevalue("database").url)
    async with postgres_storage(engine).units.of(OWNER.user_id) as work:
        await work.users.add(OWNER)
    yield PostgresPasskeyCeremonies(engine)
    await engine.dispose()


async def test_passkeys_come_back(kept: Storage) -> None:
    """Every field, the oldest first, and what becomes of them."""
    changed = replace(PHONE, name="Other", sign_count=0, backed_up=False, last_used_at=NOW, copy_seen_at=NOW)
    async with kept.units.of(OWNER.user_id) as work:
        await work.passkeys.add(KEY)
        assert await work.passkeys.of_user(OWNER.user_id) == [PHONE, KEY]
        await work.passkeys.save(changed)
        assert await work.passkeys.of_user(OWNER.user_id) == [changed, KEY]
        await work.passkeys.remove(OWNER.user_id, PHONE.passkey_id)
        assert await work.passkeys.of_user(OWNER.user_id) == [KEY]


async def test_passkeys_are_their_owners(kept: Storage) -> None:
    """Another account sees, changes and removes nothing, and has no second one of a credential."""
    async with kept.units.of(OTHER.user_id) as work:
        assert await work.passkeys.of_user(OWNER.user_id) == []
        await work.passkeys.save(replace(PHONE, name="Mine"))
        for user_id in (OWNER.user_id, OTHER.user_id):
            with pytest.raises(PasskeyNotFound):
                await work.passkeys.remove(user_id, PHONE.passkey_id)
    with pytest.raises(PasskeyExists):
        async with kept.units.of(OTHER.user_id) as work:
            await work.passkeys.add(replace(PHONE, passkey_id=PasskeyId("psk_3"), user_id=OTHER.user_id))
    async with kept.units.of(OWNER.user_id) as work:
        assert await work.passkeys.of_user(OWNER.user_id) == [PHONE]


async def test_a_credential_says_whose_account_it_opens(kept: Storage) -> None:
    """By its whole id."""
    assert await kept.directory.user_by_passkey(PHONE.credential_id) == OWNER.user_id
    assert await kept.directory.user_by_passkey(PHONE.credential_id[:-1]) is None


async def test_a_challenge_is_taken_once(ceremonies: PasskeyCeremonies) -> None:
    """By one of two that come at once, with all that is known of it."""
    for user_id in (None, OWNER.user_id):
        ceremony = replace(CEREMONY, user_id=user_id, kind=CeremonyKind.ADD)
        await ceremonies.begin(ceremony)
        taken = await asyncio.gather(*(ceremonies.take(ceremony.challenge_digest, BEFORE) for _ in range(2)))
        assert sorted(taken, key=lambda one: one is None) == [ceremony, None]
    assert await ceremonies.take(digest("never"), BEFORE) is None


async def test_a_challenge_that_is_late_is_not_taken(ceremonies: PasskeyCeremonies) -> None:
    """Nor afterwards, by whoever's clock is behind."""
    await ceremonies.begin(CEREMONY)
    assert await ceremonies.take(CEREMONY.challenge_digest, NOW) is None
    assert await ceremonies.take(CEREMONY.challenge_digest, BEFORE) is None


async def test_challenges_that_nobody_answered_go(engine: AsyncEngine) -> None:
    """A day later; those that stand stay."""
    ceremonies = PostgresPasskeyCeremonies(engine)
    good = replace(CEREMONY, challenge_digest=digest("good"), expires_at=NOW + timedelta(days=36_500))
    for ceremony in (CEREMONY, good):
        await ceremonies.begin(ceremony)
    await forget_expired(engine)
    assert await ceremonies.take(CEREMONY.challenge_digest, BEFORE) is None
    assert await ceremonies.take(good.challenge_digest, NOW) == good


@pytest.mark.parametrize("column", ["credential_id", "public_key", "user_id", "created_at"])
async def test_the_service_changes_no_key(engine: AsyncEngine, column: str) -> None:
    """Its role may not: a passkey is what the authenticator made, and whose it was."""
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with engine.begin() as connection:
            await connection.execute(text(f"UPDATE passkeys SET {column} = {column}"))
