"""Routes that read JSON strictly: the right content type, finite numbers that survive a double, no NaN."""

import json
import math
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any, NoReturn

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from gateway.adapters.inbound.placed_route import PlacedRoute
from gateway.domain.errors import MalformedRequest

# Inputs travel as protobuf Structs, whose numbers are doubles.
INTEGER_MAX = 2**53
DEPTH_MAX = 32


class JsonRoute(PlacedRoute):
    """Parses the body before FastAPI does, and hands it the result."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the usual handler."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def parsed_first(request: Request) -> Response:
            _check_type(request.headers.get("content-type", ""))
            # Starlette's own cache for `Request.json()`.
            request._json = parse_json(await request.body())
            return await handle(request)

        return parsed_first


def _check_type(content_type: str) -> None:
    """Refuse what is no JSON in UTF-8, the only encoding that JSON is exchanged in (RFC 8259, 8.1)."""
    header = Message()
    header["content-type"] = content_type
    if header.get_content_type() != "application/json":
        raise HTTPException(415, "Send the body as application/json.")
    # A text: the library reads RFC 2231's form into a triple, which no client of JSON writes.
    charset = header.get_param("charset", "utf-8")
    if not isinstance(charset, str) or charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise HTTPException(415, "Send the JSON in UTF-8.")


def parse_json(body: bytes) -> Any:
    """Read a JSON text (RFC 8259) within our bounds. Raises MalformedRequest for anything else."""
    try:
        document = json.loads(
            body.decode("utf-8"),
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_bounded,
        )
    except MalformedRequest:
        raise
    except (ValueError, RecursionError):
        raise MalformedRequest("The body is no JSON.", reason="MALFORMED_JSON") from None
    _check_text(document, depth=0)
    return document


def _no_constant(name: str) -> NoReturn:
    raise MalformedRequest(f"{name} is no JSON number.", reason="MALFORMED_JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedRequest("A number in the body is out of range.", reason="NUMBER_OUT_OF_RANGE")
    return number


def _bounded(text: str) -> int:
    # Length first: reading a million digits takes quadratic time.
    if len(text) > 20 or abs(int(text)) > INTEGER_MAX:
        raise MalformedRequest("A number in the body is out of range.", reason="NUMBER_OUT_OF_RANGE")
    return int(text)


def _check_text(value: Any, *, depth: int) -> None:
    """Refuse what no text column and no protobuf string can hold: lone surrogates, NUL, deep nesting."""
    if depth > DEPTH_MAX:
        raise MalformedRequest("The body is nested too deeply.", reason="MALFORMED_JSON")
    match value:
        case str():
            # Long texts are pictures in base64: only what is not ASCII is gone through letter by letter.
            if "\x00" in value or (
                not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value)
            ):
                raise MalformedRequest("A text in the body is no Unicode text.", reason="MALFORMED_JSON")
        case dict():
            for key, item in value.items():
                _check_text(key, depth=depth)
                _check_text(item, depth=depth + 1)
        case list():
            for item in value:
                _check_text(item, depth=depth + 1)
