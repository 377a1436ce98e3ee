"""What every implementation guarantees of links and of the ways to providers."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from identity.adapters.outbound.memory.linked_identities import MemorySignInFlows
from identity.adapters.outbound.postgres.housekeeping import forget_expired
from identity.adapters.outbound.postgres.sign_in_flows import PostgresSignInFlows
from identity.domain.identifiers import LinkId, ProviderId
from identity.domain.linked_identity import LinkedIdentity, WaitingLink
from identity.domain.secret import digest
from identity.domain.sign_in_errors import (
    IdentityLinkedElsewhere,
    LinkExpired,
    LinkNotFound,
    ProviderLinkedAlready,
)
from identity.domain.sign_in_flow import SignInFlow
from identity.domain.user import EmailAddress
from identity.ports.sign_in_flows import SignInFlows
from identity_world import OTHER, OWNER, Storage, with_two_people
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
ADA, EVE = OWNER.user_id, OTHER.user_id
GOOGLE = LinkedIdentity(
    link_id=LinkId("lnk_1"),
    user_id=ADA,
    issuer="https://accounts.google.com",
    subject="1",
    email=EmailAddress("ada@example.com"),
    linked_at=NOW,
)
GITHUB = replace(GOOGLE, link_id=LinkId("lnk_2"), issuer="https://github.com", email=None, linked_at=LATER)
WAITING = WaitingLink(
    token_digest=digest("waiting"),
    user_id=ADA,
    issuer=GOOGLE.issuer,
    subject="2",
    email=None,
    created_at=NOW,
    expires_at=LATER,
)
FLOW = SignInFlow(
    state_digest=digest("state"),
    browser_digest=digest("browser"),
    provider_id=ProviderId("google"),
    user_id=None,
    expires_at=LATER,
)


@pytest.fixture
async def stored(storage: Storage) -> Storage:
    """Storage with two people, of whom one is known by two providers."""
    await with_two_people(storage)
    async with storage.units.of(ADA) as work:
        await work.linked.add(GITHUB)
        await work.linked.add(GOOGLE)
        await work.linked.wait(WAITING)
    return storage


async def test_links_come_back_whole(stored: Storage) -> None:
    """The oldest first, and each leads to its account."""
    async with stored.units.of(ADA) as work:
        assert await work.linked.of_user(ADA) == [GOOGLE, GITHUB]
    for linked in (GOOGLE, GITHUB):
        assert await stored.directory.user_by_identity(linked.issuer, linked.subject) == ADA
    assert await stored.directory.user_by_identity(GOOGLE.issuer, "2") is None
    assert await stored.directory.user_by_identity("https://other.example", "1") is None


async def test_an_identity_is_linked_once_and_a_provider_once_an_account(stored: Storage) -> None:
    """Across accounts, whatever row level security hides."""
    taken = replace(GOOGLE, link_id=LinkId("lnk_3"), user_id=EVE)
    with pytest.raises(IdentityLinkedElsewhere):
        async with stored.units.of(EVE) as work:
            await work.linked.add(taken)
    with pytest.raises(ProviderLinkedAlready):
        async with stored.units.of(ADA) as work:
            await work.linked.add(replace(taken, user_id=ADA, subject="2"))
    async with stored.units.of(EVE) as work:
        assert await work.linked.of_user(EVE) == []


async def test_a_removed_link_is_gone_and_can_be_made_anew(stored: Storage) -> None:
    """By anybody whose it is; nobody removes another's."""
    for owner, link_id in ((EVE, GOOGLE.link_id), (ADA, LinkId("lnk_9"))):
        with pytest.raises(LinkNotFound):
            async with stored.units.of(owner) as work:
                await work.linked.remove(owner, link_id)
    async with stored.units.of(ADA) as work:
        await work.linked.remove(ADA, GOOGLE.link_id)
    async with stored.units.of(EVE) as work:
        await work.linked.add(replace(GOOGLE, user_id=EVE))
    assert await stored.directory.user_by_identity(GOOGLE.issuer, GOOGLE.subject) == EVE


async def test_what_waits_is_its_owners(stored: Storage) -> None:
    """It comes back whole, used too; another's is unknown."""
    async with stored.units.of(ADA) as work:
        assert await work.linked.lock_waiting(WAITING.token_digest) == WAITING
        await work.linked.mark_used(WAITING.token_digest, NOW)
        assert await work.linked.lock_waiting(WAITING.token_digest) == replace(WAITING, used_at=NOW)
    for owner, token in ((EVE, "waiting"), (ADA, "guessed")):
        async with stored.units.of(owner) as work:
            with pytest.raises(LinkExpired):
                await work.linked.lock_waiting(digest(token))


@pytest.fixture(params=["memory", "postgres"])
def flows(request: pytest.FixtureRequest) -> SignInFlows:
    """Every implementation in turn."""
    if request.param == "memory":
        return MemorySignInFlows()
    return PostgresSignInFlows(request.getfixturevalue("engine"))


async def test_a_flow_is_taken_once(flows: SignInFlows) -> None:
    """Whole, before it expires, by one of all who come at once."""
    await flows.begin(FLOW)
    await flows.begin(replace(FLOW, state_digest=digest("late")))
    taken = await asyncio.gather(*(flows.take(FLOW.state_digest, NOW) for _ in range(4)))
    assert [flow for flow in taken if flow is not None] == [FLOW]
    assert await flows.take(digest("late"), LATER) is None
    assert await flows.take(digest("guessed"), NOW) is None


async def test_flows_are_nobodys_to_read_and_do_not_stay(engine: AsyncEngine) -> None:
    """An account sees none; a day after its end each is gone, those that stand stay."""
    flows = PostgresSignInFlows(engine)
    await flows.begin(FLOW)
    standing = replace(FLOW, state_digest=digest("new"), expires_at=datetime.now(UTC) + timedelta(minutes=10))
    await flows.begin(standing)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT set_config('app.account', 'usr_1', true)"))
        assert await connection.scalar(text("SELECT count(*) FROM sign_in_flows")) == 0
    await forget_expired(engine)
    assert await flows.take(FLOW.state_digest, NOW) is None
    assert await flows.take(digest("new"), datetime.now(UTC)) == standing
