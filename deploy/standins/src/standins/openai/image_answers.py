"""The shapes that an answer with pictures can have besides the right one."""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from standins.odd_files import ODD_FILES
from standins.openai.obedience import unknown_answer

FILES_KEPT_MAX = 64
# The same picture under a name that no plain client can put into a request line.
FILE_NAMES = {"url": "picture", "non_ascii_url": "图片 é"}
ERROR_BODY = {"error": {"message": "Upstream is out of capacity.", "type": "server_error", "code": "busy"}}


class Files:
    """Pictures that were answered as addresses; the newest few, without a key, as on a CDN."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[bytes, str]] = OrderedDict()

    def keep(self, content: bytes, media_type: str) -> str:
        """Keep a file; its name is its hash."""
        name = sha256(content).hexdigest()[:32]
        self._kept[name] = (content, media_type)
        while len(self._kept) > FILES_KEPT_MAX:
            self._kept.popitem(last=False)
        return name

    async def fetch(self, request: Request) -> Response:
        """One file, under whatever name follows its hash."""
        if (found := self._kept.get(request.path_params["hash"])) is None:
            return Response(status_code=404)
        content, media_type = found
        return Response(content, media_type=media_type)


def answer_data(
    asked: str | None, encoded: Sequence[str], *, output_format: str, base_url: str, files: Files
) -> dict[str, Any]:
    """Return the `data` of an answer, or whatever stands in its place. Raises OpenAIError."""
    match asked:
        case None:
            return {"data": [{"b64_json": image} for image in encoded]}
        case "url" | "non_ascii_url":
            return {
                "data": [
                    {"url": _kept(files, image, output_format, base_url, FILE_NAMES[asked])}
                    for image in encoded
                ]
            }
        case "data_url":
            return {"data": [{"url": _data_url(image, output_format)} for image in encoded]}
        case "data_url_in_b64":
            return {"data": [{"b64_json": _data_url(image, output_format)} for image in encoded]}
        case "bad_base64":
            return {"data": [{"b64_json": image[:-9] + "*"} for image in encoded]}
        case "bad_url":
            return {"data": [{"url": "https://[half an address/picture.png"} for _ in encoded]}
        case "no_data":
            return {}
        case "empty_data":
            return {"data": []}
        case "null_items":
            return {"data": [None for _ in encoded]}
        case "error_body":
            return ERROR_BODY
        case _:
            return {"data": [{"b64_json": image} for image in [*encoded[:-1], _odd(asked)]]}


def _odd(name: str) -> str:
    if name not in ODD_FILES:
        raise unknown_answer(name)
    return base64.b64encode(ODD_FILES[name]()).decode()


def _data_url(encoded: str, output_format: str) -> str:
    return f"data:image/{output_format};base64,{encoded}"


def _kept(files: Files, encoded: str, output_format: str, base_url: str, name: str) -> str:
    kept = files.keep(base64.b64decode(encoded), f"image/{output_format}")
    return f"{base_url}files/{kept}/{name}.{output_format}"
