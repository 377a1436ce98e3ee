"""Counts of rate limits, the same over every storage; none are lost and none are made up."""

from collections.abc import Iterator
from threading import Thread

import pytest
from chassis.rate_limits import RateLimit, StorageUri, open_storage, reset_s
from embedded.ports import free_ports
from limits import RateLimitItem, parse
from limits.aio.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from pydantic import TypeAdapter, ValidationError

Limiter = MovingWindowRateLimiter | SlidingWindowCounterRateLimiter
THREE = parse("3/hour")


@pytest.fixture(scope="module")
def redis_port() -> Iterator[int]:
    """A server that speaks Redis' protocol and runs its scripts."""
    # Slow to import, for those alone who need it.
    from fakeredis import TcpFakeServer

    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    serving = Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()
    serving.join(5)


@pytest.fixture(params=["memory", "redis", "valkey"])
def uri(request: pytest.FixtureRequest) -> str:
    """Where counts are kept."""
    scheme: str = request.param
    if scheme == "memory":
        return "memory://"
    return f"{scheme}://127.0.0.1:{request.getfixturevalue('redis_port')}"


@pytest.fixture(params=[MovingWindowRateLimiter, SlidingWindowCounterRateLimiter])
def strategy(request: pytest.FixtureRequest) -> type[Limiter]:
    """How counts age: both ways that the services use."""
    kind: type[Limiter] = request.param
    return kind


async def admitted(limiter: Limiter, *key: str, limit: RateLimitItem = THREE) -> list[bool]:
    """Four calls with a key, one after the other."""
    return [await limiter.hit(limit, *key) for _ in range(4)]


async def test_calls_are_counted_by_key_until_the_limit(uri: str, strategy: type[Limiter]) -> None:
    """Three pass and the fourth does not; another key's are another count; a count can be forgotten."""
    limiter, name = strategy(open_storage(uri)), f"{uri}-{strategy.__name__}"
    assert await admitted(limiter, name, "ada") == [True, True, True, False]
    assert await admitted(limiter, name, "bob") == [True, True, True, False]
    window = await limiter.get_window_stats(THREE, name, "ada")
    assert window.remaining == 0
    assert 1 <= reset_s(window) <= 2 * 3600
    await limiter.clear(THREE, name, "ada")
    assert await limiter.hit(THREE, name, "ada")
    assert not await limiter.hit(THREE, name, "bob")


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
async def test_replicas_share_a_server(redis_port: int, scheme: str, strategy: type[Limiter]) -> None:
    """What one process counted another has counted too; in memory each counts alone."""
    name = f"shared-{scheme}-{strategy.__name__}"
    first, other = (strategy(open_storage(f"{scheme}://127.0.0.1:{redis_port}")) for _ in range(2))
    assert await admitted(first, name) == [True, True, True, False]
    assert not await other.hit(THREE, name)
    alone, apart = strategy(open_storage("memory://")), strategy(open_storage("memory://"))
    assert await admitted(alone, name) == [True, True, True, False]
    assert await apart.hit(THREE, name)


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
async def test_a_server_that_is_gone_is_an_error(scheme: str, strategy: type[Limiter]) -> None:
    """Nothing is admitted uncounted."""
    limiter = strategy(open_storage(f"{scheme}://127.0.0.1:{free_ports(1)[0]}"))
    with pytest.raises(StorageError):
        await limiter.hit(THREE, "ada")


@pytest.mark.parametrize("limit", ["3/hour", "10/5 minutes", "1 per second"])
def test_limits_as_settings(limit: str) -> None:
    """What the library reads is a limit, and is kept as it was written."""
    assert TypeAdapter(RateLimit).validate_python(limit) == limit


@pytest.mark.parametrize("limit", ["", "many", "3/fortnight", "-1/hour"])
def test_what_is_no_limit(limit: str) -> None:
    """A limit that nobody can read stops the process before it serves."""
    with pytest.raises(ValidationError):
        TypeAdapter(RateLimit).validate_python(limit)


@pytest.mark.parametrize("address", ["memcached://x", "redis:/x", "x", "postgresql://x"])
def test_storages_that_are_none(address: str) -> None:
    """Only those that the services were tried with."""
    assert TypeAdapter(StorageUri).validate_python("rediss://cache:6379/1") == "rediss://cache:6379/1"
    with pytest.raises(ValidationError):
        TypeAdapter(StorageUri).validate_python(address)
