"""The calls that pages stand for, as a program would make them."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

# The library reads the key from TINTYPE_TOKEN.
_LIBRARY = "from tintype_client import Tintype  # libs/client of the repository"
# What the library's `run` calls arguments of its own.
RESERVED = frozenset(
    {"input", "quote", "provider_order", "metadata", "idempotency_key", "timeout_s", "on_progress"}
)


@dataclass(frozen=True, kw_only=True)
class CodeSample:
    """The same call in one language; `name` is what people call it."""

    name: str
    text: str


def code_samples(public_url: str, *, model_id: str, job: Mapping[str, Any]) -> list[CodeSample]:
    """Return the call by curl and by the Python library; both read the API key from `TINTYPE_TOKEN`."""
    body = {"model": model_id, "input": dict(job)}
    url = f"{public_url}/v1/generations"
    curl = "\n".join(
        (
            f"curl {shlex.quote(url)} \\",
            '  -H "authorization: Bearer $TINTYPE_TOKEN" \\',
            '  -H "idempotency-key: $(openssl rand -hex 16)" \\',
            "  -H 'content-type: application/json' \\",
            f"  -d {shlex.quote(json.dumps(body, ensure_ascii=False))}",
        )
    )
    python = f"""{_LIBRARY}

tintype = Tintype({public_url!r})
for file in tintype.run({model_id!r}{_arguments(job)}):
    print(file.save(file.name))"""
    return [CodeSample(name="curl", text=curl), CodeSample(name="Python", text=python)]


def key_samples(public_url: str, key: str) -> list[CodeSample]:
    """Return the first call with a key, by curl and by the Python library."""
    url = f"{public_url}/v1/models"
    curl = "\n".join(
        (
            f"export TINTYPE_TOKEN={shlex.quote(key)}",
            f'curl -H "authorization: Bearer $TINTYPE_TOKEN" {shlex.quote(url)}',
        )
    )
    python = f"""{_LIBRARY}

tintype = Tintype({public_url!r})
print(*(model.id for model in tintype.models()))"""
    return [CodeSample(name="curl", text=curl), CodeSample(name="Python", text=python)]


def short_program(public_url: str, *, model_id: str, prompt: str) -> str:
    """Return five lines of Python that make something, wait for it, and say what it cost and where it is."""
    return f"""{_LIBRARY}
tintype = Tintype({public_url!r})
[file] = tintype.run({model_id!r}, prompt={prompt!r})
print(file.generation.credits.charged, "credits")
print(file.save(file.name))"""


def _arguments(job: Mapping[str, Any]) -> str:
    """Return an input as arguments; as one where a field's name is no argument, or is the library's own."""
    if all(name.isidentifier() and not iskeyword(name) and name not in RESERVED for name in job):
        return "".join(f", {name}={value!r}" for name, value in job.items())
    return f", input={dict(job)!r}"
