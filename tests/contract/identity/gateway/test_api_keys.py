"""What the gateway needs of identity for API keys: its fake and the real thing."""

import hashlib
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from chassis.clock import SystemClock
from contract_support import connect, serve_identity
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.domain.api_key import KeyTerms, Scope
from gateway.domain.errors import Conflict, IdempotencyKeyReused, InvalidRequest, NotFound
from gateway.domain.identifiers import ApiKeyId, KeyDigest, ModelId, UserId
from gateway.domain.user import NEVER, Role
from gateway.ports.identity import Identity
from identity_world import World

TERMS = KeyTerms(name="Shop", scopes=frozenset({Scope.GENERATIONS_WRITE, Scope.BILLING_READ}))


@pytest.fixture(params=["fake", "real"])
async def identity(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Identity:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        return MemoryIdentity(SystemClock())
    world = World()
    world.rewire(replace(world.ports, clock=SystemClock()))
    return GrpcIdentity(await connect(stack, await serve_identity(stack, world), "gateway"))


async def person(identity: Identity, email: str = "ada@example.com") -> UserId:
    """Somebody with an account."""
    opened = await identity.sign_up(email=email, password="the analytical engine", full_name="")
    return opened.user.user_id


def digest(text: str | None) -> KeyDigest:
    """What the gateway knows a key by."""
    assert text
    return KeyDigest(hashlib.sha256(text.encode()).digest())


async def test_a_key_is_made_listed_and_known(identity: Identity) -> None:
    """With its terms, whole; and again without its text."""
    ada = await person(identity)
    full = replace(
        TERMS,
        model_ids=(ModelId("local/sketch"),),
        expires_at=datetime(2100, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
        monthly_credits_max=50,
    )
    bare = await identity.create_api_key(ada, TERMS, idempotency_key="1")
    made = await identity.create_api_key(ada, full, idempotency_key="2")
    again = await identity.create_api_key(ada, full, idempotency_key="2")
    assert (again.key.key_id, again.text) == (made.key.key_id, None)
    assert made.text
    assert made.text.endswith(made.key.hint)
    assert [key.terms for key in await identity.api_keys(ada)] == [full, TERMS]
    known = await identity.standing_api_keys([digest(made.text), digest(bare.text), digest("guess")])
    assert set(known) == {digest(made.text), digest(bare.text)}
    principal = known[digest(made.text)]
    assert (principal.user_id, principal.email, principal.role) == (ada, "ada@example.com", Role.USER)
    assert principal.expires_at == full.expires_at
    assert known[digest(bare.text)].expires_at == NEVER
    assert principal.key
    assert (principal.key.key_id, principal.key.terms) == (made.key.key_id, full)
    used = {key.key_id: key.last_used_at for key in await identity.api_keys(ada)}
    assert all(used.values())


async def test_refusals_keep_their_reasons(identity: Identity) -> None:
    """Each its own error, which names the field; nothing is made."""
    ada = await person(identity)
    ended = replace(TERMS, expires_at=datetime.now(UTC) - timedelta(days=1))
    with pytest.raises(InvalidRequest) as past:
        await identity.create_api_key(ada, ended, idempotency_key="1")
    assert [problem.field for problem in past.value.fields] == ["expires_at"]
    assert await identity.api_keys(ada) == []
    await identity.create_api_key(ada, TERMS, idempotency_key="2")
    with pytest.raises(IdempotencyKeyReused):
        await identity.create_api_key(ada, replace(TERMS, name="Other"), idempotency_key="2")
    for number in range(49):
        await identity.create_api_key(ada, TERMS, idempotency_key=f"more {number}")
    with pytest.raises(Conflict) as full:
        await identity.create_api_key(ada, TERMS, idempotency_key="3")
    assert full.value.reason == "API_KEY_QUOTA_REACHED"


async def test_a_revoked_key_is_gone(identity: Identity) -> None:
    """For its person alone, and as often as it is revoked."""
    ada, eve = await person(identity), await person(identity, "eve@example.com")
    made = await identity.create_api_key(ada, TERMS, idempotency_key="1")
    for key_id in (made.key.key_id, ApiKeyId("key_" + "0" * 32), ApiKeyId("*")):
        with pytest.raises(NotFound) as unknown:
            await identity.revoke_api_key(eve, key_id)
        assert unknown.value.reason == "API_KEY_NOT_FOUND"
    assert await identity.standing_api_keys([digest(made.text)])
    for _ in range(2):
        await identity.revoke_api_key(ada, made.key.key_id)
    assert await identity.standing_api_keys([digest(made.text)]) == {}
    assert await identity.api_keys(ada) == []
