"""The calls that pages stand for, as a program would make them."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CodeSample:
    """The same call in one language; `name` is what people call it."""

    name: str
    text: str


def code_samples(public_url: str, *, model_id: str, job: Mapping[str, Any]) -> list[CodeSample]:
    """Return the call by curl and by Python; both read the API key from `TINTYPE_TOKEN`."""
    body = {"model": model_id, "input": dict(job)}
    url = f"{public_url}/v1/generations"
    curl = "\n".join(
        (
            f"curl {shlex.quote(url)} \\",
            '  -H "authorization: Bearer $TINTYPE_TOKEN" \\',
            '  -H "idempotency-key: $(uuidgen)" \\',
            "  -H 'content-type: application/json' \\",
            f"  -d {shlex.quote(json.dumps(body, ensure_ascii=False))}",
        )
    )
    python = f"""import os, uuid, httpx

answer = httpx.post(
    {url!r},
    headers={{
        "authorization": f"Bearer {{os.environ['TINTYPE_TOKEN']}}",
        "idempotency-key": str(uuid.uuid4()),
    }},
    json={body!r},
)
print(answer.json())"""
    return [CodeSample(name="curl", text=curl), CodeSample(name="Python", text=python)]


def key_samples(public_url: str, key: str) -> list[CodeSample]:
    """Return the first call with a key, by curl and by Python."""
    url = f"{public_url}/v1/models"
    curl = "\n".join(
        (
            f"export TINTYPE_TOKEN={shlex.quote(key)}",
            f'curl -H "authorization: Bearer $TINTYPE_TOKEN" {shlex.quote(url)}',
        )
    )
    python = f"""import os, httpx

bearer = {{"authorization": f"Bearer {{os.environ['TINTYPE_TOKEN']}}"}}
print(httpx.get({url!r}, headers=bearer).json())"""
    return [CodeSample(name="curl", text=curl), CodeSample(name="Python", text=python)]


def short_program(public_url: str, *, model_id: str, prompt: str) -> str:
    """Return ten lines of Python that make something, wait for it, and say what it cost and where it is."""
    body = {"model": model_id, "input": {"prompt": prompt}}
    return f"""import os, time, uuid, httpx
bearer = {{"authorization": f"Bearer {{os.environ['TINTYPE_TOKEN']}}"}}
api = httpx.Client(base_url={f"{public_url}/v1"!r}, headers=bearer)
body = {body!r}
job = api.post("/generations", json=body, headers={{"idempotency-key": str(uuid.uuid4())}}).json()
while job["status"] in ("queued", "processing"):
    time.sleep(1)
    job = api.get(f"/generations/{{job['id']}}").raise_for_status().json()
print(job["status"], job["credits"]["charged"], "credits")
print(*(output["url"] for output in job["outputs"]))"""
