"""Access tokens: keys fetched when needed and no more often, and good while identity is down."""

from dataclasses import dataclass, field

import pytest
from gateway.adapters.outbound.jwt import JwtAccessTokens
from gateway.adapters.outbound.memory.identity import AUDIENCE, ISSUER, MemoryIdentity
from gateway.domain.errors import Unauthenticated, Unavailable
from gateway.domain.user import User
from gateway_world import PASSWORD, ToldClock


class CountingIdentity(MemoryIdentity):
    """Counts how often its keys are asked for, and can be down."""

    asked = 0
    is_down = False

    async def jwks(self) -> str:
        """See Identity."""
        self.asked += 1
        if self.is_down:
            raise Unavailable("down")
        return await super().jwks()


@dataclass
class Bench:
    """A verifier, what it asks, and the time it sees."""

    clock: ToldClock = field(default_factory=ToldClock)
    seconds: float = 100.0

    def __post_init__(self) -> None:
        self.identity = CountingIdentity(self.clock)
        self.tokens = JwtAccessTokens(
            self.identity, self.clock, issuer=ISSUER, audience=AUDIENCE, monotonic=lambda: self.seconds
        )


@pytest.fixture
def bench() -> Bench:
    """A fresh one."""
    return Bench()


@pytest.fixture
async def user(bench: Bench) -> User:
    """Ada."""
    return (await bench.identity.sign_up(email="a@b.co", password=PASSWORD, full_name="")).user


async def test_keys_are_fetched_once(bench: Bench, user: User) -> None:
    """Many tokens, one look at the keys; an old look is repeated."""
    for _ in range(5):
        principal = await bench.tokens.verify(bench.identity.access_token(user))
    assert (principal.user_id, bench.identity.asked) == (user.user_id, 1)
    bench.seconds += 3_600
    await bench.tokens.verify(bench.identity.access_token(user))
    assert bench.identity.asked == 2


async def test_a_new_key_is_found(bench: Bench, user: User) -> None:
    """A token of a key that is not known yet leads to one more look."""
    await bench.tokens.verify(bench.identity.access_token(user))
    bench.identity.key = MemoryIdentity(bench.clock).key
    bench.seconds += 11
    assert (await bench.tokens.verify(bench.identity.access_token(user))).user_id == user.user_id
    assert bench.identity.asked == 2


async def test_forgers_can_not_make_us_ask(bench: Bench, user: User) -> None:
    """Tokens of unknown keys lead to one look in ten seconds, whatever their number."""
    await bench.tokens.verify(bench.identity.access_token(user))
    bench.seconds += 11
    for _ in range(20):
        forged = MemoryIdentity(bench.clock).access_token(user)
        with pytest.raises(Unauthenticated):
            await bench.tokens.verify(forged)
    assert bench.identity.asked == 2
    await bench.tokens.verify(bench.identity.access_token(user))


async def test_identity_is_down(bench: Bench, user: User) -> None:
    """Known keys stay good while identity is down; without any, nobody gets in."""
    token = bench.identity.access_token(user)
    bench.identity.is_down = True
    with pytest.raises(Unavailable):
        await bench.tokens.verify(token)
    bench.identity.is_down = False
    await bench.tokens.verify(token)
    bench.identity.is_down = True
    bench.seconds += 3_600
    assert (await bench.tokens.verify(token)).user_id == user.user_id


async def test_what_was_verified_is_known_for_a_minute(bench: Bench, user: User) -> None:
    """Then it is verified again, and so is every other token."""
    token = bench.identity.access_token(user)
    first = await bench.tokens.verify(token)
    assert await bench.tokens.verify(token) is first
    tampered = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    with pytest.raises(Unauthenticated):
        await bench.tokens.verify(tampered)
    bench.seconds += 61
    again = await bench.tokens.verify(token)
    assert again == first
    assert again is not first


async def test_what_is_known_ends_with_the_token(bench: Bench, user: User) -> None:
    """However lately it was verified."""
    token = bench.identity.access_token(user)
    expires_at = (await bench.tokens.verify(token)).expires_at
    bench.clock.pass_(seconds=(expires_at - bench.clock.now()).total_seconds() + 6)
    with pytest.raises(Unauthenticated, match="expired"):
        await bench.tokens.verify(token)


async def test_what_is_known_ends_with_its_key(bench: Bench, user: User) -> None:
    """A key that identity published no longer opens nothing once the keys were looked at."""
    token = bench.identity.access_token(user)
    await bench.tokens.verify(token)
    bench.identity.key = MemoryIdentity(bench.clock).key
    bench.seconds += 11
    await bench.tokens.verify(bench.identity.access_token(user))
    with pytest.raises(Unauthenticated):
        await bench.tokens.verify(token)
