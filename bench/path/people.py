"""People with more credits than a run takes, and keys of their programs."""

import asyncio
from uuid import uuid4

from tintype_local.demo.client import Client

from bench.path.stack import CREDITS, BenchStack

PEOPLE = 20


async def sign_up(stack: BenchStack) -> tuple[str, ...]:
    """Open accounts with more credits than a run takes; return their access tokens."""
    # One after the other: a password takes a processor for a while.
    return tuple([await _person(stack, has_program=False) for _ in range(PEOPLE)])


def keys_of(stack: BenchStack) -> tuple[str, ...]:
    """Open such accounts; return a key of each, for a program that runs models."""

    async def keys() -> list[str]:
        return [await _person(stack, has_program=True) for _ in range(PEOPLE)]

    return tuple(asyncio.run(keys()))


async def _person(stack: BenchStack, *, has_program: bool) -> str:
    client = Client(stack.running.url("gateway"))
    try:
        await client.sign_up(f"bench-{uuid4().hex[:12]}@example.com", f"bench {uuid4().hex}")
        async with asyncio.timeout(60):
            # The welcome comes by a fact: there is nothing here to wait for but the balance itself.
            while (await client.get("/v1/balance"))["available"] < CREDITS:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        if has_program:
            made = await client.post("/v1/api-keys", name="bench", scopes=["generations:write"])
            return str(made["key"])
        return str(client.http.headers["Authorization"].removeprefix("Bearer "))
    finally:
        await client.close()
