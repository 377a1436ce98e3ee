"""The call that a form stands for, as a program would make it."""

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
    """Return the call by curl and by Python; both read the access token from `TINTYPE_TOKEN`."""
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
