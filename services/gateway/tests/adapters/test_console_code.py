"""The code beside a form does what the form does."""

import ast
import json
import shlex

import pytest
from gateway.adapters.inbound.console.code_samples import code_samples
from gateway_world import HTML, Door, enter

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
