"""What the demo breaks on purpose."""

import asyncio
import os
import signal
import time

import httpx

from tintype_local import state
from tintype_local.state import StackState

BACK_TIMEOUT_S = 45.0


async def kill_and_await(stack: StackState, *names: str) -> dict[str, tuple[int, int]]:
    """kill -9 processes of the stack; return their pids before and after, once they run again."""
    # As they are now: one may have been started anew since the stack was.
    running = state.read(stack.data_folder) or stack
    killed = {name: running.pids[name] for name in names}
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + BACK_TIMEOUT_S
    while time.monotonic() < deadline:
        now = state.read(stack.data_folder)
        if now is not None and all(now.pids.get(name, pid) != pid for name, pid in killed.items()):
            return {name: (pid, now.pids[name]) for name, pid in killed.items()}
        await asyncio.sleep(0.2)
    raise TimeoutError(f"not running again after {BACK_TIMEOUT_S:.0f} s: {', '.join(names)}")


async def deliver_again(stack: StackState, stripe_key: str, *, times: int) -> str:
    """Have the payment webhook of the newest checkout delivered again; return the event's id."""
    headers = {"Authorization": f"Bearer {stripe_key}"}
    async with httpx.AsyncClient(base_url=stack.url("stripe"), headers=headers, timeout=30) as stripe:
        listed = await stripe.get("/v1/events", params={"type": "checkout.session.completed", "limit": 1})
        listed.raise_for_status()
        event = listed.json()["data"][0]["id"]
        again = await stripe.post(f"/_test/events/{event}/deliver", json={"times": times})
        again.raise_for_status()
    return str(event)
