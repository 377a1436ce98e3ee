"""A file in a body, read as it comes: the body itself, or the one part of a form. Nothing holds it whole."""

from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from gateway.domain.errors import MalformedRequest, UnsupportedMediaType

PART = b"file"
HEADER_BYTES_MAX = 8 * 1024
_RAW = ("image/", "video/", "application/octet-stream")
_FORM = b"multipart/form-data"
_EXAMPLE = "the picture's bytes"


def described_body(taken: str, *, as_form: bool = True) -> dict[str, Any]:
    """Return how such a body is described; `taken` says what the file may be, alone or also as a form's."""
    binary = {"type": "string", "format": "binary", "description": taken}
    form = {
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["file"], "properties": {"file": binary}},
            "example": {"file": _EXAMPLE},
        }
    }
    alone = {"application/octet-stream": {"schema": binary, "example": _EXAMPLE}}
    return {"requestBody": {"required": True, "content": {**(form if as_form else {}), **alone}}}


def file_of(request: Request) -> AsyncIterator[bytes]:
    """Return the pieces of the file that a request brings; what it says of its kind is not believed.

    Raises UnsupportedMediaType at once; reading raises MalformedRequest for a form that is none.
    """
    said = request.headers.get("content-type", "")
    kind, options = parse_options_header(said)
    if kind == _FORM and options.get(b"boundary"):
        return _FormFile(options[b"boundary"]).content(request.stream())
    if said.lower().startswith(_RAW):
        return request.stream()
    raise UnsupportedMediaType(
        "Send the file as multipart/form-data, in a part called `file`, or as the body itself with its type."
    )


class _FormFile:
    """The one part of a form, which is called `file`."""

    def __init__(self, boundary: bytes) -> None:
        self._pieces: deque[bytes] = deque()
        self._header, self._header_bytes = (b"", b""), 0
        self._name: bytes | None = None
        self._parts, self._is_whole = 0, False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part,
                "on_header_field": self._on_field,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_end": self._on_end,
            },
        )

    async def content(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the part's bytes. Raises MalformedRequest."""
        try:
            async for chunk in stream:
                self._parser.write(chunk)
                while self._pieces:
                    yield self._pieces.popleft()
            self._parser.finalize()
        except MultipartParseError:
            raise _malformed("The body is no form.") from None
        if not self._is_whole or not self._parts:
            raise _malformed("The form has no end, or no part called `file`.")

    def _on_part(self) -> None:
        self._parts += 1
        self._name, self._header_bytes = None, 0
        if self._parts > 1:
            raise _malformed("The form has more parts than one, which is called `file`.")

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._grow(end - start)
        self._header = (self._header[0] + data[start:end], self._header[1])

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._grow(end - start)
        self._header = (self._header[0], self._header[1] + data[start:end])

    def _on_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._name = parse_options_header(value)[1].get(b"name")
        self._header = (b"", b"")

    def _on_headers(self) -> None:
        if self._name != PART:
            raise _malformed("The form's one part must be called `file`.")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])

    def _on_end(self) -> None:
        self._is_whole = True

    def _grow(self, size_bytes: int) -> None:
        self._header_bytes += size_bytes
        if self._header_bytes > HEADER_BYTES_MAX:
            raise _malformed("A header of the form is too long.")


def _malformed(detail: str) -> MalformedRequest:
    return MalformedRequest(detail, reason="MALFORMED_MULTIPART")
