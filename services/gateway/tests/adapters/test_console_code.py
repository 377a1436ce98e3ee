"""The code beside a form does what the form does."""

import ast
import asyncio
import html
import json
import os
import re
import shlex
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from gateway.adapters.inbound.console.code_samples import code_samples
from gateway.adapters.inbound.console.samples import MODEL
from gateway.domain.generation import GenerationStatus
from gateway_world import HTML, ORIGIN, Door, enter

PROMPTS = [
    "a heron",
    'it\'s "quoted" $(rm -rf /) `x` \\ {braces} %s',
    "雪の狐\nzwei Zeilen",
    "'; DROP TABLE --",
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_both_samples_send_what_was_typed(prompt: str) -> None:
    """Whatever is in a prompt stays text: no shell and no Python reads it as anything else."""
    job = {"prompt": prompt, "output_count": 2}
    curl, python = code_samples("https://tintype.example", model_id="local/sketch", job=job)
    words = shlex.split(curl.text.replace("\\\n", " "))
    assert words[:2] == ["curl", "https://tintype.example/v1/generations"]
    assert json.loads(words[-1]) == {"model": "local/sketch", "input": job}
    (call,) = [
        node
        for node in ast.walk(ast.parse(python.text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "httpx.post"
    ]
    given = {argument.arg: argument.value for argument in call.keywords}
    assert ast.literal_eval(given["json"]) == {"model": "local/sketch", "input": job}


async def test_the_page_shows_the_form_as_it_stands(door: Door) -> None:
    """Escaped, with what was typed, and without any token of the person's."""
    csrf = await enter(door)
    form = {"csrf_token": csrf, "model": "local/sketch", "prompt": "<b>a heron</b>", "ratio": "16:9"}
    part = await door.http.post("/generate/code", data=form, headers=HTML | {"HX-Request": "true"})
    assert part.status_code == 200
    assert "&lt;b&gt;a heron&lt;/b&gt;" in part.text
    assert "16:9" in part.text
    assert csrf not in part.text
    assert not door.world.generations.jobs


@pytest.mark.server
async def test_the_short_program_runs(door: Door, tmp_path: Path) -> None:
    """The ten lines of the start page, as they stand there: they make it, wait, and say cost and place."""
    user_id = await door.sign_up()
    door.world.ledger.grant(user_id, 100)
    token = door.http.headers["Authorization"].removeprefix("Bearer ")
    shown = (await door.http.get("/", headers=HTML)).text
    program = html.unescape(re.findall(r'<pre class="code"[^>]*>(.*?)</pre>', shown, re.DOTALL)[0])
    assert len(program.splitlines()) == 10
    assert token not in shown
    async with served(door) as address:
        file = tmp_path / "short.py"
        file.write_text(program.replace(ORIGIN, address))
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            file,
            env={**os.environ, "TINTYPE_TOKEN": token},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        while not door.world.generations.jobs and running.returncode is None:
            await asyncio.sleep(0.01)
        (job,) = door.world.generations.jobs
        door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
        said, wrong = await running.communicate()
    assert (running.returncode, wrong) == (0, b"")
    state, place = said.decode().splitlines()
    made = door.world.generations.jobs[job]
    assert state == f"succeeded {made.credits_charged} credits"
    assert place == " ".join(output.url for output in made.outputs)
    assert made.model_id == MODEL


@asynccontextmanager
async def served(door: Door) -> AsyncIterator[str]:
    """The door's app at an address of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(door.app, lifespan="off", log_config=None))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
