"""The code beside a form does what the form does."""

import ast
import asyncio
import hashlib
import html
import inspect
import json
import os
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gateway.adapters.inbound.console.code_samples import RESERVED, code_samples, key_samples
from gateway.adapters.inbound.console.openai_sample import openai_samples
from gateway.adapters.inbound.console.samples import MODEL
from gateway.adapters.outbound.memory.models import MODELS
from gateway.domain.generation import GenerationStatus, Modality
from gateway_world import HTML, ORIGIN, Door, enter
from openai_world import SPEECH
from served_app import served
from tintype_client import Tintype

PICTURE = b"a picture"
PROMPTS = [
    "a heron",
    'it\'s "quoted" $(rm -rf /) `x` \\ {braces} %s',
    "雪の狐\nzwei Zeilen",
    "'; DROP TABLE --",
]


JOBS = [
    *({"prompt": prompt, "output_count": 2} for prompt in PROMPTS),
    # What the library has words of its own for, and what is no word in Python.
    {"prompt": "a heron", "timeout_s": 3},
    {"class": "heron"},
    {"two words": 1},
    {},
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("job", JOBS, ids=str)
def test_both_samples_send_what_was_typed(job: dict[str, Any]) -> None:
    """Whatever is in a prompt stays text: no shell and no Python reads it as anything else."""
    curl, python = code_samples("https://tintype.example", model_id="local/sketch", job=job)
    words = shlex.split(curl.text.replace("\\\n", " "))
    assert words[:2] == ["curl", "https://tintype.example/v1/generations"]
    assert json.loads(words[-1]) == {"model": "local/sketch", "input": job}
    (call,) = [
        node
        for node in ast.walk(ast.parse(python.text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "tintype.run"
    ]
    given = {argument.arg: ast.literal_eval(argument.value) for argument in call.keywords}
    whole = given.pop("input", {})
    assert {**whole, **given} == job
    assert not RESERVED & given.keys()
    assert [ast.literal_eval(argument) for argument in call.args] == ["local/sketch"]


def test_the_reserved_words_are_those_of_the_library() -> None:
    """A new option of `run` would take a model's field away."""
    options = inspect.signature(Tintype.run).parameters.values()
    assert {one.name for one in options if one.kind is one.KEYWORD_ONLY} == RESERVED


async def test_the_page_shows_the_form_as_it_stands(door: Door) -> None:
    """Escaped, with what was typed, and without any token of the person's."""
    csrf = await enter(door)
    form = {"csrf_token": csrf, "model": "local/sketch", "prompt": "<b>a heron</b>", "ratio": "16:9"}
    part = await door.http.post("/generate/code", data=form, headers=HTML | {"HX-Request": "true"})
    assert part.status_code == 200
    assert "&lt;b&gt;a heron&lt;/b&gt;" in part.text
    assert "16:9" in part.text
    assert re.findall(r"<h3[^>]*>(.*?)</h3>", part.text) == ["curl", "Python", "OpenAI SDK"]
    assert csrf not in part.text
    assert not door.world.generations.jobs


@pytest.mark.server
async def test_the_short_program_runs(door: Door, tmp_path: Path) -> None:
    """The five lines of the start page, as they stand there: they make it, wait, and say cost and place."""
    shown = html.unescape((await door.http.get("/", headers=HTML)).text)
    program = re.findall(r'<pre class="code"[^>]*>(.*?)</pre>', shown, re.DOTALL)[0]
    assert len(program.splitlines()) == 5
    user_id = await door.sign_up()
    door.world.ledger.grant(user_id, 100)
    said = await ran(door, tmp_path, sys.executable, "-c", program)
    (made,) = door.world.generations.jobs.values()
    cost, place = said.splitlines()
    assert cost == f"{made.credits_charged} credits"
    assert (tmp_path / place).read_bytes() == PICTURE
    assert (made.model_id, Path(place).suffix) == (MODEL, ".png")


@pytest.mark.server
@pytest.mark.parametrize("prompt", PROMPTS)
async def test_the_samples_run(door: Door, tmp_path: Path, prompt: str) -> None:
    """As they stand beside the form: curl starts it, the library has the file as well."""
    user_id = await door.sign_up()
    door.world.ledger.grant(user_id, 100)
    curl, python = code_samples(ORIGIN, model_id=MODEL, job={"prompt": prompt, "output_count": 1})
    begun = json.loads(await ran(door, tmp_path, "bash", "-c", curl.text))
    assert (begun["status"], begun["input"]) == ("queued", {"prompt": prompt, "output_count": 1})
    (place,) = (await ran(door, tmp_path, sys.executable, "-c", python.text)).splitlines()
    assert (tmp_path / place).read_bytes() == PICTURE
    assert [job.input["prompt"] for job in door.world.generations.jobs.values()] == [prompt, prompt]


@pytest.mark.server
@pytest.mark.parametrize("prompt", PROMPTS)
async def test_the_sample_for_openais_sdk_runs(door: Door, tmp_path: Path, prompt: str) -> None:
    """As it stands beside the form, with the person's key: the files are there, and the job is the form's."""
    user_id = await door.sign_up()
    door.world.ledger.grant(user_id, 100)
    door.world.generations.ends_at_once = GenerationStatus.SUCCEEDED
    door.world.output_files.otherwise = [PICTURE]
    job = {"prompt": prompt, "output_count": 2, "ratio": "16:9", "seed": 7}
    (sample,) = openai_samples(ORIGIN, model=MODELS[0], job=job)
    await ran(door, tmp_path, sys.executable, "-c", sample.text)
    assert (tmp_path / "1.png").read_bytes() == PICTURE
    assert [made.input for made in door.world.generations.jobs.values()] == [job]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_other_calls_of_openais_sdk(prompt: str) -> None:
    """Sound and chats have calls of their own; what is made from pictures, and films, have none."""
    said = {"prompt": prompt, "voice": "ash", "instructions": "", "output_format": "wav"}
    (sound,) = openai_samples(ORIGIN, model=SPEECH, job=said)
    assert call_of(sound.text, "client.audio.speech.create") == {
        "model": "local/speech",
        "input": prompt,
        "voice": "ash",
        "response_format": "wav",
    }
    asked = {"prompt": prompt, "system": "Be kind.", "max_tokens": 5}
    chat = replace(SPEECH, modality=Modality.TEXT, category="chat")
    (talk,) = openai_samples(ORIGIN, model=chat, job=asked)
    assert call_of(talk.text, "client.chat.completions.create") == {
        "model": "local/speech",
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": prompt}],
        "max_tokens": 5,
        "stream": True,
    }
    for model in MODELS[1:]:
        assert openai_samples(ORIGIN, model=model, job={"prompt": prompt}) == []


def call_of(text: str, name: str) -> dict[str, Any]:
    """What a sample calls something with."""
    (call,) = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name
    ]
    return {str(argument.arg): ast.literal_eval(argument.value) for argument in call.keywords}


@pytest.mark.server
async def test_the_samples_of_a_key_run(door: Door, tmp_path: Path) -> None:
    """Both list the models; the first one tells the shell the key, which the second one reads."""
    await door.sign_up()
    token = door.http.headers["Authorization"].removeprefix("Bearer ")
    curl, python = key_samples(ORIGIN, token)
    listed = json.loads(await ran(door, tmp_path, "bash", "-c", curl.text))
    assert MODEL in [model["id"] for model in listed["data"]]
    assert MODEL in (await ran(door, tmp_path, sys.executable, "-c", python.text)).split()


async def ran(door: Door, folder: Path, program: str, option: str, text: str) -> str:
    """Run a sample with the person's token in a folder of its own; what it starts is made."""
    token = door.http.headers["Authorization"].removeprefix("Bearer ")
    async with served(door.app) as address, served(store) as media:
        working = asyncio.create_task(worker(door, media))
        running = await asyncio.create_subprocess_exec(
            program,
            option,
            text.replace(ORIGIN, address),
            cwd=folder,
            env={**os.environ, "TINTYPE_TOKEN": token},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, wrong = await running.communicate()
        working.cancel()
    assert running.returncode == 0, wrong.decode()
    return said.decode()


async def worker(door: Door, media: str) -> None:
    """End each job that somebody looks at; what comes out of it lies in the store."""
    generations = door.world.generations
    while True:
        await asyncio.sleep(0.01)
        for job in [job for job in generations.jobs.values() if not job.status.is_final]:
            # What curl started is answered as it was: it is not waited for.
            ended = generations.finish(job.generation_id, GenerationStatus.SUCCEEDED)
            outputs = tuple(
                replace(output, url=media, sha256=hashlib.sha256(PICTURE).hexdigest())
                for output in ended.outputs
            )
            generations.jobs[job.generation_id] = replace(ended, outputs=outputs)


async def store(scope: Any, receive: Any, send: Any) -> None:
    """A store of files that has one."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": PICTURE})
