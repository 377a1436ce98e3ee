"""What every implementation of storage guarantees of API keys."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from identity.domain.api_key import ApiKey, ApiKeyTerms, Scope, StandingKey
from identity.domain.errors import ApiKeyNotFound
from identity.domain.identifiers import ApiKeyId, IdempotencyKey, ModelId
from identity.domain.secret import digest
from identity.domain.user import Role
from identity_world import ADA, OTHER, OWNER, Storage

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
KEY = ApiKey(
    key_id=ApiKeyId("key_1"),
    user_id=OWNER.user_id,
    idempotency_key=IdempotencyKey("req_1"),
    key_digest=digest("key"),
    hint="abcd",
    terms=ApiKeyTerms(
        name="Shop",
        scopes=frozenset({Scope.GENERATIONS_WRITE, Scope.BILLING_READ}),
        model_ids=(ModelId("openai/chat"), ModelId("a/b")),
        expires_at=LATER,
        monthly_credits_max=1_000_000_000,
    ),
    created_at=NOW,
)
BARE = replace(
    KEY,
    key_id=ApiKeyId("key_2"),
    idempotency_key=IdempotencyKey("req_2"),
    key_digest=digest("bare"),
    terms=ApiKeyTerms(name="Bare", scopes=frozenset({Scope.ACCOUNT_READ})),
    created_at=NOW + timedelta(seconds=1),
)


@pytest.fixture
async def keyed(storage: Storage) -> Storage:
    """Storage with two keys of one person, and another person."""
    async with storage.units.of(OTHER.user_id) as work:
        await work.users.add(OTHER)
    async with storage.units.of(OWNER.user_id) as work:
        await work.users.add(OWNER)
        await work.api_keys.add(KEY)
        await work.api_keys.add(BARE)
    return storage


async def test_keys_come_back(keyed: Storage) -> None:
    """Every field, the newest first; by the request that made them too."""
    async with keyed.units.of(OWNER.user_id) as work:
        assert await work.api_keys.unrevoked(OWNER.user_id) == [BARE, KEY]
        assert await work.api_keys.lock(KEY.key_id) == KEY
        assert await work.api_keys.requested(OWNER.user_id, KEY.idempotency_key) == KEY
        assert await work.api_keys.requested(OWNER.user_id, IdempotencyKey("req_3")) is None


async def test_keys_are_their_owners(keyed: Storage) -> None:
    """Another account reads none."""
    async with keyed.units.of(OTHER.user_id) as work:
        assert await work.api_keys.unrevoked(OWNER.user_id) == []
        assert await work.api_keys.requested(OWNER.user_id, KEY.idempotency_key) is None
        with pytest.raises(ApiKeyNotFound):
            await work.api_keys.lock(KEY.key_id)


async def test_keys_end_and_are_used(keyed: Storage) -> None:
    """One does not touch the other; what was revoked is known by its request still."""
    async with keyed.units.of(OWNER.user_id) as work:
        await work.api_keys.revoke(KEY.revoked(LATER))
    await keyed.directory.note_use([BARE.key_id], LATER)
    used = replace(BARE, last_used_at=LATER)
    async with keyed.units.of(OWNER.user_id) as work:
        assert await work.api_keys.unrevoked(OWNER.user_id) == [used]
        assert await work.api_keys.requested(OWNER.user_id, KEY.idempotency_key) == KEY.revoked(LATER)
    assert await keyed.directory.standing_api_keys([KEY.key_digest, BARE.key_digest], NOW) == [
        StandingKey(key=used, email=ADA, role=Role.USER)
    ]


async def test_keys_stand_until_their_time(keyed: Storage) -> None:
    """And for as long as their person may sign in."""
    digests = [KEY.key_digest, digest("never was")]
    (found,) = await keyed.directory.standing_api_keys(digests, LATER - timedelta(microseconds=1))
    assert found.key == KEY
    assert await keyed.directory.standing_api_keys(digests, LATER) == []
    async with keyed.units.of(OWNER.user_id) as work:
        await work.users.save_disabled(OWNER.disabled(NOW))
    assert await keyed.directory.standing_api_keys(digests, NOW) == []
