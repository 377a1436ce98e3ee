"""Children of a process that speaks gRPC."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.server

CHILDREN = 200
SCRIPT = """
import asyncio, os, sys
from collections import Counter
import chassis
import grpc, uvloop

async def call(channel):
    while True:
        try:
            await channel.unary_unary("/nobody/Answers")(b"", timeout=0.05)
        except grpc.aio.AioRpcError:
            pass

async def main():
    server = grpc.aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    there, away = (grpc.aio.insecure_channel(f"127.0.0.1:{number}") for number in (port, 1))
    busy = [asyncio.create_task(call(channel)) for channel in (there, away) for _ in range(4)]
    ended = Counter()
    for _ in range(int(sys.argv[1])):
        child = await asyncio.create_subprocess_exec("/bin/true", start_new_session=True)
        ended[await child.wait()] += 1
    print(dict(ended), flush=True)
    os._exit(0)

uvloop.run(main())
"""


@pytest.mark.server
def test_a_busy_process_can_start_children() -> None:
    """None dies before it has begun, as one in twenty does where gRPC's fork handlers run."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(CHILDREN)], capture_output=True, text=True, timeout=100
    )
    assert done.stdout.strip() == str({0: CHILDREN}), done.stderr[-500:]
