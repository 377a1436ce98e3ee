"""Every example of the README runs as it stands, against a gateway with a real address."""

import asyncio
import os
import re
import socket
import sys
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from client_world import PICTURE, Network, names
from gateway.domain.event import GenerationMoved, Stream
from gateway.domain.identifiers import AccountId
from gateway_world import Door

ROOT = Path(__file__).parents[3]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "libs/client/README.md").read_text(), re.DOTALL)
WEBHOOK = 'payload, headers, secret = b"{}", {}, "whsec_c2VjcmV0"\n'


async def store(scope: Any, receive: Any, send: Any) -> None:
    """A store of files that has one."""
    while scope["type"] == "http" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": PICTURE})


@asynccontextmanager
async def served(app: Callable[..., Any]) -> AsyncIterator[str]:
    """The app at an address of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


async def worker(network: Network, media: str) -> None:
    """Bring each job a step further, again and again; what comes out lies in the store."""
    generations = network.door.world.generations
    while True:
        await asyncio.sleep(0.02)
        network.work()
        for job in list(generations.jobs.values()):
            outputs = tuple(replace(output, url=f"{media}/{output.output_id}") for output in job.outputs)
            generations.jobs[job.generation_id] = replace(job, outputs=outputs)
            if outputs:
                moved = GenerationMoved(generation_id=job.generation_id, status=job.status, progress=1.0)
                await network.door.world.feed.append(AccountId(job.account_id), Stream.GENERATION, moved)


async def runs(program: str, folder: Path, door: Door, network: Network, token: str) -> str:
    """Run a program in a folder, as a person would, and return what it says."""
    async with served(door.app) as address, served(store) as media:
        working = asyncio.create_task(worker(network, media))
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program.replace("http://127.0.0.1:8600", address).replace("tt_live_...", token),
            cwd=folder,
            env={**os.environ, "TINTYPE_URL": address, "TINTYPE_TOKEN": token},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, wrong = await running.communicate()
        working.cancel()
    assert (running.returncode, wrong.decode()) == (0, "")
    return said.decode()


@pytest.mark.server
async def test_the_examples_run(door: Door, network: Network, token: str, tmp_path: Path) -> None:
    """One after the other in one program: what one makes, the next one uses."""
    assert len(EXAMPLES) == 9
    program = "\n".join((EXAMPLES[0], WEBHOOK, *EXAMPLES[1:], "assert told is None\nprint(len(recent))"))
    # The models in memory are all of one maker.
    said = await runs(program.replace("tintype/edit", "local/edit"), tmp_path, door, network, token)
    pictures = [Path(name).suffix for name in names(tmp_path)]
    assert pictures == [".png"] * 3
    assert (tmp_path / "fox.png").read_bytes() == PICTURE
    assert "generation.updated" in said
    assert said.splitlines()[-1] == "4"
    assert said.splitlines()[1].startswith("10 ")


def test_the_examples_models_are_on_offer() -> None:
    """Under the names that they have there."""
    offered = tomllib.loads((ROOT / "services/generation/src/generation/models.toml").read_text())["models"]
    named = set(re.findall(r'"((?:local|tintype)/\w+)"', "\n".join(EXAMPLES)))
    assert named == {"local/sketch", "tintype/edit"}
    assert named <= {model["id"] for model in offered}


@pytest.mark.server
async def test_the_example_of_the_whole_product_runs(
    door: Door, network: Network, token: str, tmp_path: Path
) -> None:
    """The first one that anybody sees."""
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    await runs(example, tmp_path, door, network, token)
    assert names(tmp_path) == ["fox.png"]


@pytest.mark.server
async def test_no_log_shows_the_key(door: Door, network: Network, token: str, tmp_path: Path) -> None:
    """Though everything is logged that httpx and what it is made of have to say."""
    program = "import logging, sys\nlogging.basicConfig(level=1, stream=sys.stdout)\n" + EXAMPLES[0]
    said = await runs(program, tmp_path, door, network, token)
    assert "httpcore" in said
    assert token not in said
