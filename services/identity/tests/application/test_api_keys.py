"""Keys are shown once, good until they end, and of nobody else."""

from datetime import timedelta

import pytest
from identity.adapters.outbound.memory.directory import MemoryDirectory
from identity.application.create_api_key import CreatedApiKey
from identity.application.revoke_api_key import RevokeApiKey
from identity.domain.api_key import STANDING_MAX, Scope, StandingKey
from identity.domain.errors import (
    ApiKeyNotFound,
    IdempotencyKeyReused,
    InvalidField,
    TooManyApiKeys,
    UserDisabled,
    UserNotFound,
)
from identity.domain.events import ApiKeyRevoked
from identity.domain.identifiers import ApiKeyId, UserId
from identity.domain.secret import digest
from identity_world import ADA, EVE, World, create_api_key


@pytest.fixture
async def ada(world: World) -> UserId:
    """A person."""
    return (await world.sign_up()).user.user_id


async def created(world: World, user_id: UserId, request: str = "req_1", **terms: object) -> CreatedApiKey:
    """A key of hers."""
    return await world.handlers.api_keys.create(create_api_key(user_id, request, **terms))


async def standing(world: World, key: CreatedApiKey) -> StandingKey | None:
    """What a gateway is told of it."""
    assert key.text
    return (await world.handlers.api_keys.check([digest(key.text)])).get(digest(key.text))


async def test_a_key_speaks_for_its_person(world: World, ada: UserId) -> None:
    """With what it may do; its text is kept nowhere."""
    key = await created(world, ada, model_ids=("openai/chat",), monthly_credits_max=50)
    found = await standing(world, key)
    assert found
    assert (found.key.user_id, found.email, found.role.value) == (ada, ADA, "user")
    assert found.key.terms.scopes == {Scope.GENERATIONS_READ, Scope.GENERATIONS_WRITE}
    assert (found.key.terms.model_ids, found.key.terms.monthly_credits_max) == (("openai/chat",), 50)
    assert key.text
    assert key.text not in repr(world.store)


async def test_the_same_request_makes_one_key(world: World, ada: UserId) -> None:
    """Nobody can be told its text again; with other terms it is another request."""
    key = await created(world, ada)
    again = await created(world, ada)
    assert (again.key, again.text) == (key.key, None)
    with pytest.raises(IdempotencyKeyReused):
        await created(world, ada, name="Another")
    assert len(world.store.api_keys) == 1


async def test_a_request_of_somebody_else_is_another(world: World, ada: UserId) -> None:
    """Request ids are a person's own."""
    eve = (await world.sign_up(EVE)).user.user_id
    await created(world, ada)
    assert (await created(world, eve)).text
    assert len(world.store.api_keys) == 2


async def test_a_revoked_key_is_good_no_longer(world: World, ada: UserId) -> None:
    """Told once, however often it is revoked; it is listed no more."""
    key, other = await created(world, ada), await created(world, ada, "req_2")
    revoke = RevokeApiKey(ada, key.key.key_id)
    await world.handlers.api_keys.revoke(revoke)
    await world.handlers.api_keys.revoke(revoke)
    assert await standing(world, key) is None
    assert await standing(world, other)
    told = [event for event in world.store.events if isinstance(event, ApiKeyRevoked)]
    assert [(event.user_id, event.key_id) for event in told] == [(ada, key.key.key_id)]
    listed = await world.handlers.api_keys.list(ada)
    assert [found.key_id for found in listed] == [other.key.key_id]


async def test_nobody_revokes_anothers_key(world: World, ada: UserId) -> None:
    """Nor one that never was; nothing is told."""
    eve = (await world.sign_up(EVE)).user.user_id
    key = await created(world, ada)
    for who, which in ((eve, key.key.key_id), (ada, ApiKeyId("key_" + "0" * 32))):
        with pytest.raises(ApiKeyNotFound):
            await world.handlers.api_keys.revoke(RevokeApiKey(who, which))
    assert await standing(world, key)
    assert await world.handlers.api_keys.list(eve) == []
    assert not any(isinstance(event, ApiKeyRevoked) for event in world.store.events)


async def test_a_key_ends_by_itself(world: World, ada: UserId) -> None:
    """At its time; it is still listed, for whoever wonders why."""
    key = await created(world, ada, expires_at=world.clock.now() + timedelta(hours=1))
    world.clock.advance(timedelta(hours=1) - timedelta(microseconds=1))
    assert await standing(world, key)
    world.clock.advance(timedelta(microseconds=1))
    assert await standing(world, key) is None
    assert [found.key_id for found in await world.handlers.api_keys.list(ada)] == [key.key.key_id]


async def test_a_disabled_person_has_no_key(world: World, ada: UserId) -> None:
    """None that is good, and none that is new; enabled again, they are good again."""
    key = await created(world, ada)
    await world.change_user(ada, disabled=True)
    assert await standing(world, key) is None
    with pytest.raises(UserDisabled):
        await created(world, ada, "req_2")
    await world.change_user(ada, disabled=False)
    assert await standing(world, key)


async def test_there_is_room_for_so_many(world: World, ada: UserId) -> None:
    """Those that were revoked or have expired take none."""
    soon = world.clock.now() + timedelta(hours=1)
    await created(world, ada, "soon", expires_at=soon)
    keys = [await created(world, ada, f"req_{number}") for number in range(STANDING_MAX - 1)]
    with pytest.raises(TooManyApiKeys):
        await created(world, ada, "more")
    await world.handlers.api_keys.revoke(RevokeApiKey(ada, keys[0].key.key_id))
    await created(world, ada, "more")
    world.clock.advance(timedelta(hours=1))
    await created(world, ada, "and more")
    with pytest.raises(TooManyApiKeys):
        await created(world, ada, "too many")


async def test_what_is_no_key_is_not_made(world: World, ada: UserId) -> None:
    """Nor for whom there is not."""
    with pytest.raises(InvalidField):
        await created(world, ada, name="")
    with pytest.raises(UserNotFound):
        await created(world, UserId("usr_" + "0" * 32))
    assert world.store.api_keys == {}


async def test_its_use_is_noted_to_the_minute(world: World, ada: UserId) -> None:
    """And not each time: a key in use is asked about each second."""
    key = await created(world, ada)
    assert key.key.last_used_at is None
    first = world.clock.now()
    seen = []
    for _ in range(4):
        await standing(world, key)
        seen.append(world.store.api_keys[key.key.key_id].last_used_at)
        world.clock.advance(timedelta(seconds=30))
    later = first + timedelta(seconds=60)
    assert seen == [first, first, later, later]


async def test_a_key_that_is_none_is_found_nowhere(world: World, ada: UserId) -> None:
    """And says nothing of others that are asked about with it."""
    key = await created(world, ada)
    assert key.text
    found = await world.handlers.api_keys.check([digest("guess"), digest(key.text)])
    assert list(found) == [digest(key.text)]
    assert await world.handlers.api_keys.check([]) == {}


async def test_a_use_that_cant_be_noted_closes_nothing(
    world: World, ada: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is as good as before."""
    key = await created(world, ada)

    async def broken(*_given: object) -> None:
        raise ConnectionError("the database went away")

    monkeypatch.setattr(MemoryDirectory, "note_use", broken)
    assert await standing(world, key)
    assert world.store.api_keys[key.key.key_id].last_used_at is None
