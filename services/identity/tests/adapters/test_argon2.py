"""argon2id itself, with parameters small enough for tests."""

import asyncio
from collections.abc import Iterator

import pytest
from identity.adapters.outbound.argon2 import Argon2Hasher
from identity.domain.errors import TooBusy
from identity.domain.user import PasswordHash
from identity.ports.password_hasher import Verdict


@pytest.fixture
def hasher() -> Iterator[Argon2Hasher]:
    """A quick hasher."""
    hasher = Argon2Hasher(time_cost=1, memory_kib=1024, parallelism=1, threads=2, waiting_max=8)
    yield hasher
    hasher.close()


async def test_a_hash_matches_its_password_alone(hasher: Argon2Hasher) -> None:
    """Right is right, anything else is wrong, and equal passwords have different hashes."""
    first, second = await asyncio.gather(hasher.hash("a password"), hasher.hash("a password"))
    assert first != second
    assert first.startswith("$argon2id$v=19$m=1024,t=1,p=1$")
    assert await hasher.verify("a password", first) == Verdict(matches=True)
    assert await hasher.verify("A password", first) == Verdict(matches=False)


async def test_nobody_has_no_password(hasher: Argon2Hasher) -> None:
    """Without a hash no password matches, not even that of the stand-in hash."""
    for guess in ("", "the password of nobody"):
        assert await hasher.verify(guess, None) == Verdict(matches=False)


async def test_a_broken_hash_matches_nothing(hasher: Argon2Hasher) -> None:
    """A damaged row is a wrong password, not a crash."""
    assert await hasher.verify("a password", PasswordHash("$argon2id$broken")) == Verdict(matches=False)


async def test_other_parameters_make_a_hash_outdated(hasher: Argon2Hasher) -> None:
    """Only a hash that matches can be told to be outdated."""
    stronger = Argon2Hasher(time_cost=2, memory_kib=1024, parallelism=1, threads=1, waiting_max=1)
    old = await hasher.hash("a password")
    assert await stronger.verify("a password", old) == Verdict(matches=True, outdated=True)
    assert await stronger.verify("another", old) == Verdict(matches=False)
    stronger.close()


async def test_a_crowd_is_turned_away() -> None:
    """Past its limit the hasher refuses at once, and works again when the others are done."""
    small = Argon2Hasher(time_cost=1, memory_kib=1024, parallelism=1, threads=1, waiting_max=2)
    outcomes = await asyncio.gather(*(small.hash("a password") for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [str, str, TooBusy, TooBusy, TooBusy]
    assert await small.hash("a password")
    small.close()
