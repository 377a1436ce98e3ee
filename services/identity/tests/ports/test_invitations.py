"""What every implementation guarantees of invitations."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from identity.adapters.outbound.memory.invitations import MemoryInvitations
from identity.adapters.outbound.postgres.housekeeping import forget_expired
from identity.adapters.outbound.postgres.invitations import PostgresInvitations
from identity.domain.secret import digest
from identity.domain.sign_up_policy import Invitation
from identity.domain.user import EmailAddress
from identity.ports.invitations import Invitations
from sqlalchemy.ext.asyncio import AsyncEngine

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
ADA = Invitation(
    email=EmailAddress("ada@example.com"),
    token_digest=digest("token"),
    invited_at=NOW,
    expires_at=NOW + timedelta(days=1),
)


@pytest.fixture(params=["memory", "postgres"])
def invitations(request: pytest.FixtureRequest) -> Invitations:
    """Every implementation in turn."""
    if request.param == "memory":
        return MemoryInvitations()
    return PostgresInvitations(request.getfixturevalue("engine"))


async def test_an_address_has_one(invitations: Invitations) -> None:
    """Whatever its case; the newest counts, until it is removed."""
    await invitations.put(replace(ADA, email=EmailAddress("Ada@Example.com"), token_digest=digest("old")))
    await invitations.put(ADA)
    assert await invitations.find(EmailAddress("ADA@example.com")) == ADA
    assert await invitations.find(EmailAddress("eve@example.com")) is None
    for _ in range(2):
        await invitations.remove(EmailAddress("ada@EXAMPLE.com"))
    assert await invitations.find(ADA.email) is None


async def test_one_that_expired_does_not_stay(engine: AsyncEngine) -> None:
    """An address is kept no longer than it may do something."""
    invitations = PostgresInvitations(engine)
    standing = replace(ADA, email=EmailAddress("eve@example.com"), expires_at=datetime.now(UTC))
    await invitations.put(ADA)
    await invitations.put(standing)
    await forget_expired(engine)
    assert await invitations.find(ADA.email) is None
    assert await invitations.find(standing.email) == standing
