"""What is known of API keys: for a second, by their digests, doubted when told."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.application.known_keys import KnownKeys
from gateway.domain.api_key import KeyTerms, Scope
from gateway.domain.errors import Unauthenticated
from gateway.domain.identifiers import KeyDigest, UserId
from gateway.domain.user import NEVER, Principal, Role
from gateway_world import PASSWORD, ToldClock

ADA = UserId("usr_ada")


class AskedIdentity(MemoryIdentity):
    """Remembers what it was asked."""

    asked: list[list[KeyDigest]]

    async def standing_api_keys(self, digests: Sequence[KeyDigest]) -> Mapping[KeyDigest, Principal]:
        """See Identity."""
        self.asked.append(list(digests))
        return await super().standing_api_keys(digests)


@dataclass
class Wall:
    """The knowledge under test, what it asks, and the time it sees."""

    seconds: float = 100.0
    identity: AskedIdentity = field(default_factory=lambda: AskedIdentity(ToldClock()))
    user_id: UserId = ADA

    def __post_init__(self) -> None:
        self.identity.asked = []
        self.known = KnownKeys(self.identity, life_s=1.0, monotonic=lambda: self.seconds)

    async def key(self, number: int = 1) -> str:
        """A key of Ada's."""
        terms = KeyTerms(name="Shop", scopes=frozenset({Scope.ACCOUNT_READ}))
        made = await self.identity.create_api_key(self.user_id, terms, idempotency_key=str(number))
        assert made.text
        return made.text

    def revoke_all(self) -> None:
        """Behind the back of whoever remembers."""
        self.identity.keys.clear()

    async def is_good(self, text: str) -> bool:
        """Whether a key opens, a moment later."""
        self.seconds += 0.001
        try:
            return (await self.known.principal(text)).user_id == self.user_id
        except Unauthenticated:
            return False


@pytest.fixture
async def wall() -> Wall:
    """A fresh one, with Ada."""
    built = Wall()
    ada = await built.identity.sign_up(email="ada@example.com", password=PASSWORD, full_name="")
    built.user_id = ada.user.user_id
    return built


async def test_a_key_is_asked_about_by_its_digest(wall: Wall) -> None:
    """Once a second; its text goes nowhere, and is kept nowhere."""
    text = await wall.key()
    for _ in range(50):
        assert await wall.is_good(text)
    assert wall.identity.asked == [[hashlib.sha256(text.encode()).digest()]]
    assert text not in repr(vars(wall.known)) + repr(vars(wall.known._answers))


async def test_a_key_speaks_for_no_administrator(wall: Wall) -> None:
    """Whoever made it; without an end of its own its proof has none."""
    principal = await wall.known.principal(await wall.key())
    assert (principal.role, principal.expires_at, principal.session_id) == (Role.USER, NEVER, None)


async def test_the_end_is_noticed_within_a_second(wall: Wall) -> None:
    """Of the question before it, though nobody tells."""
    text = await wall.key()
    assert await wall.is_good(text)
    wall.revoke_all()
    wall.seconds = 100.001 + 0.99
    assert await wall.is_good(text)
    wall.seconds = 100.001 + 1.0
    assert not await wall.is_good(text)


async def test_the_fact_makes_it_sooner(wall: Wall) -> None:
    """For the user whom it is about; a stream of hers ends too."""
    text = await wall.key()
    principal = await wall.known.principal(text)
    waiting = asyncio.create_task(wall.known.ended(principal))
    await asyncio.sleep(0)
    wall.revoke_all()
    wall.seconds += 0.001
    wall.known.doubt(UserId("usr_eve"))
    assert await wall.is_good(text)
    wall.known.doubt(wall.user_id)
    assert not await wall.is_good(text)
    async with asyncio.timeout(10):
        await waiting


async def test_many_keys_are_one_question(wall: Wall) -> None:
    """However many come at once."""
    texts = [await wall.key(number) for number in range(40)]
    assert all(await asyncio.gather(*(wall.is_good(text) for text in texts)))
    assert len(wall.identity.asked) <= 2


async def test_what_can_be_no_key_is_not_asked_about(wall: Wall) -> None:
    """Nor is what is no good remembered as good."""
    for text in ("tt_live_", "tt_live_" + "x" * 48, "tt_live_" + "x" * 50, "tt_live_" + "\u00e9" * 49):
        assert not await wall.is_good(text)
    assert wall.identity.asked == []
    assert not await wall.is_good("tt_live_" + "x" * 49)
    assert len(wall.identity.asked) == 1
