"""What the gateway needs of identity for a person's own sessions: its fake and the real thing."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from chassis.clock import SystemClock
from contract_support import connect, serve_identity
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.domain.client import Client
from gateway.domain.errors import InvalidRequest, NotFound
from gateway.domain.identifiers import SessionId
from gateway.domain.user import SignedIn
from gateway.ports.identity import Identity
from identity_world import World

CURL = Client(address="203.0.113.1", user_agent="curl/8.5.0")
WGET = Client(address="198.51.100.1", user_agent="Wget/1.21")
PASSWORD = "the analytical engine"


@pytest.fixture(params=["fake", "real"])
async def identity(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Identity:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        return MemoryIdentity(SystemClock())
    world = World()
    world.rewire(replace(world.ports, clock=SystemClock()))
    return GrpcIdentity(await connect(stack, await serve_identity(stack, world), "gateway"))


async def person(identity: Identity, email: str = "ada@example.com") -> SignedIn:
    """Somebody who signed up with a program."""
    return await identity.sign_up(email=email, password=PASSWORD, full_name="", client=CURL)


async def log_in(identity: Identity) -> SignedIn:
    """The person again, elsewhere."""
    return await identity.log_in(email="ada@example.com", password=PASSWORD, client=WGET)


async def test_sessions_say_where_they_are_used(identity: Identity) -> None:
    """At the sign-in, and after a refresh from elsewhere; one that says nothing changes nothing."""
    first = await person(identity)
    second = await log_in(identity)
    ada = first.user.user_id
    seen = {one.session_id: one for one in await identity.sessions_of(ada)}
    assert set(seen) == {first.tokens.session_id, second.tokens.session_id}
    here = seen[first.tokens.session_id]
    assert (here.browser, here.client_address) == ("curl", "203.0.113.1")
    assert here.last_used_at
    moved = await identity.refresh(first.tokens.refresh_token, WGET)
    await identity.refresh(moved.tokens.refresh_token)
    seen = {one.session_id: one for one in await identity.sessions_of(ada)}
    here = seen[first.tokens.session_id]
    assert (here.browser, here.client_address) == ("Wget", "198.51.100.1")


async def test_sessions_end_from_elsewhere(identity: Identity) -> None:
    """One, as often as it is ended; or all the others."""
    first, second, third = await person(identity), await log_in(identity), await log_in(identity)
    ada, kept = first.user.user_id, first.tokens.session_id
    for _ in range(2):
        await identity.end_session(ada, second.tokens.session_id)
    everything = [kept, second.tokens.session_id, third.tokens.session_id]
    assert await identity.open_sessions(everything) == {kept, third.tokens.session_id}
    assert await identity.end_other_sessions(ada, kept) == 1
    assert await identity.end_other_sessions(ada, kept) == 0
    assert await identity.open_sessions(everything) == {kept}


async def test_a_fresh_proof_is_a_sessions_own(identity: Identity) -> None:
    """A sign-in is one; what is wrong names its field, and another person's session is not there."""
    ada, eve = await person(identity), await person(identity, "eve@example.com")
    here = ada.tokens.session_id
    await identity.require_proof(ada.user.user_id, here)
    await identity.step_up(ada.user.user_id, here, password=PASSWORD, code=None, client_address="203.0.113.1")
    for password, code, reason in (("wrong password", None, "WRONG_PASSWORD"), (None, "1", "WRONG_CODE")):
        with pytest.raises(InvalidRequest) as refused:
            await identity.step_up(
                ada.user.user_id, here, password=password, code=code, client_address="203.0.113.1"
            )
        assert refused.value.reason == reason
    with pytest.raises(NotFound):
        await identity.require_proof(eve.user.user_id, here)
    with pytest.raises(NotFound):
        await identity.step_up(
            eve.user.user_id, here, password=PASSWORD, code=None, client_address="203.0.113.1"
        )


async def test_another_persons_are_not_there(identity: Identity) -> None:
    """Nor is one that never was."""
    ada, eve = await person(identity), await person(identity, "eve@example.com")
    for unknown in (ada.tokens.session_id, SessionId("ses_" + "0" * 32), SessionId("*")):
        with pytest.raises(NotFound) as refused:
            await identity.end_session(eve.user.user_id, unknown)
        assert refused.value.reason == "SESSION_NOT_FOUND"
        with pytest.raises(NotFound):
            await identity.end_other_sessions(eve.user.user_id, unknown)
    assert len(await identity.sessions_of(eve.user.user_id)) == 1
    assert await identity.open_sessions([ada.tokens.session_id])
