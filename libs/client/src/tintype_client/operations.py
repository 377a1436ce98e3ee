"""The API's operations: a request each, and what its answer is read as."""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from tintype_client import answers
from tintype_client.bodies import Body, Source
from tintype_client.decoding import decode
from tintype_client.errors import InvalidCall, UnexpectedAnswer
from tintype_client.messages import Answer, Call, Request

T = TypeVar("T")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
Filters = Mapping[str, "str | bool | datetime | Iterable[str] | None"]


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list."""

    items: tuple[T, ...]
    next_cursor: str | None


def read_balance() -> Call[answers.Balance]:
    """Read what can be spent."""
    return Call(Request(method="GET", path="/balance"), read_as(answers.Balance))


def list_models(category: str | None) -> Call[tuple[answers.Model, ...]]:
    """List what is on offer."""
    request = Request(method="GET", path="/models", params=params({"category": category}))
    read = read_page(answers.Model)
    return Call(request, lambda answer: read(answer).items)


def read_model(model: str) -> Call[answers.Model]:
    """Read one model, by `<provider>/<name>`."""
    provider, _, name = model.partition("/")
    return Call(
        Request(method="GET", path=f"/models/{path_part(provider)}/{path_part(name)}"), read_as(answers.Model)
    )


def create_quote(model: str, job: Mapping[str, Any]) -> Call[answers.Quote]:
    """Price an input."""
    body = {"model": model, "input": job}
    return Call(Request(method="POST", path="/quotes", json=body), read_as(answers.Quote))


def create_generation(
    body: Mapping[str, Any], *, idempotency_key: str | None, wait_s: int | None = None
) -> Call[answers.Generation]:
    """Start a job; with `wait_s` the answer may come as late, and ended."""
    headers = key_header(idempotency_key)
    if wait_s:
        headers["Prefer"] = f"wait={wait_s}"
    request = Request(
        method="POST", path="/generations", json=body, headers=headers, more_time_s=float(wait_s or 0)
    )
    return Call(request, read_as(answers.Generation))


def read_generation(generation_id: str) -> Call[answers.Generation]:
    """Read a job."""
    return Call(
        Request(method="GET", path=f"/generations/{path_part(generation_id)}"), read_as(answers.Generation)
    )


def cancel_generation(generation_id: str) -> Call[answers.Generation]:
    """Ask a job to stop."""
    path = f"/generations/{path_part(generation_id)}/cancel"
    return Call(Request(method="POST", path=path), read_as(answers.Generation))


def delete_generation(generation_id: str) -> Call[None]:
    """Delete a job that has ended."""
    path = f"/generations/{path_part(generation_id)}"
    return Call(Request(method="DELETE", path=path, deletes=True), read_nothing)


def list_generations(part: Filters) -> Call[Page[answers.Generation]]:
    """List jobs, newest first."""
    return read_list("/generations", part, answers.Generation)


def list_entries(part: Filters) -> Call[Page[answers.Entry]]:
    """List the account's history, newest first."""
    return read_list("/ledger/entries", part, answers.Entry)


def list_usage(part: Filters) -> Call[Page[answers.Usage]]:
    """List tries with providers, newest first."""
    return read_list("/usage", part, answers.Usage)


def list_uploads(part: Filters) -> Call[Page[answers.Upload]]:
    """List uploads, newest first."""
    return read_list("/uploads", part, answers.Upload)


def create_upload(source: Source, *, idempotency_key: str) -> Call[answers.Upload]:
    """Send a file in."""
    request = Request(
        method="POST",
        path="/uploads",
        body=Body(media_type="application/octet-stream", source=source),
        headers=key_header(idempotency_key),
    )
    return Call(request, read_as(answers.Upload))


def await_upload(size_bytes: int, *, idempotency_key: str) -> Call[answers.AwaitedUpload]:
    """Announce a file that goes straight to the store."""
    request = Request(
        method="POST",
        path="/uploads/presigned",
        json={"size_bytes": size_bytes},
        headers=key_header(idempotency_key),
    )
    return Call(request, read_as(answers.AwaitedUpload))


def complete_upload(upload_id: str) -> Call[answers.Upload]:
    """Have a file looked at that was sent to the store."""
    return Call(
        Request(method="POST", path=f"/uploads/{path_part(upload_id)}/complete"), read_as(answers.Upload)
    )


def delete_upload(upload_id: str) -> Call[None]:
    """Delete an upload."""
    path = f"/uploads/{path_part(upload_id)}"
    return Call(Request(method="DELETE", path=path, deletes=True), read_nothing)


def fresh_key() -> str:
    """Return an idempotency key that nobody else has."""
    return str(uuid.uuid4())


def key_header(idempotency_key: str | None) -> dict[str, str]:
    """Say by which key it is known when it comes again. Raises InvalidCall."""
    key = fresh_key() if idempotency_key is None else idempotency_key
    if not _KEY.fullmatch(key):
        raise InvalidCall("an idempotency key has 1 to 255 visible ASCII characters")
    return {"Idempotency-Key": key}


def params(part: Filters) -> dict[str, str | list[str]]:
    """Write filters as query parameters; those that are None are left out."""
    return {name: _param(value) for name, value in part.items() if value is not None}


def _param(value: "str | bool | datetime | Iterable[str]") -> str | list[str]:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str) else list(value)


def read_list(path: str, part: Filters, kind: type[T]) -> Call[Page[T]]:
    """Ask for a part of a list."""
    return Call(Request(method="GET", path=path, params=params(part)), read_page(kind))


def path_part(text: str) -> str:
    """Write an id as a part of a path. Raises InvalidCall for what would lead elsewhere."""
    # Whatever an id holds, it stays one part of a path, and leads nowhere else.
    if text in ("", ".", ".."):
        raise InvalidCall(f"{text!r} is no id")
    return quote(text, safe="")


def read_as(kind: type[T]) -> Callable[[Answer], T]:
    """Read an answer as one thing."""
    return lambda answer: decode(kind, answer.json())


def read_page(kind: type[T]) -> Callable[[Answer], Page[T]]:
    """Read an answer as a part of a list."""

    def read(answer: Answer) -> Page[T]:
        match answer.json():
            case {"data": [*items], "next_cursor": str() | None as cursor}:
                return Page(tuple(decode(kind, item) for item in items), cursor)
        raise UnexpectedAnswer("that is no list")

    return read


def read_nothing(_answer: Answer) -> None:
    """Read an answer that has nothing to say."""
    return
