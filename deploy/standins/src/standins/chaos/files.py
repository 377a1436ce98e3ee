"""Files that a run made, at addresses without a key that stop working."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from standins.chaos.troubles import Trouble
from standins.odd_files import ODD_FILES

FILES_KEPT_MAX = 2_000
# Where nobody outside a machine should be led: a cloud's metadata.
PRIVATE = "http://169.254.169.254/latest/meta-data/"
TYPES = {"png": "image/png", "webp": "image/webp", "jpg": "image/jpeg", "mp4": "video/mp4"}


@dataclass(frozen=True)
class KeptFile:
    """One file, made when it is fetched."""

    made: Callable[[], bytes]
    kind: str
    expires_at: float
    trouble: Trouble | None


class Files:
    """The newest few; each for `ttl_s`."""

    def __init__(self, ttl_s: float, clock: Callable[[], float] = time.time) -> None:
        self.ttl_s = ttl_s
        self._clock = clock
        self._kept: OrderedDict[str, KeptFile] = OrderedDict()

    def keep(self, made: Callable[[], bytes], kind: str, *, trouble: Trouble | None = None) -> str:
        """Keep a file of a kind (`png`, `mp4`, ...); return its path below the stand-in's address."""
        name = f"{secrets.token_hex(16)}.{kind}"
        self._kept[name] = KeptFile(made, kind, self._clock() + self.ttl_s, trouble)
        while len(self._kept) > FILES_KEPT_MAX:
            self._kept.popitem(last=False)
        return f"files/{name}"

    def drop(self, path: str) -> None:
        """Delete the file at the path that `keep` returned."""
        self._kept.pop(path.removeprefix("files/"), None)

    def fetch(self, request: Request) -> Response:
        """Answer with the file at a path."""
        return self.answer(request.path_params["name"])

    def answer(self, name: str) -> Response:
        """Answer with a file, or with what stands in its place."""
        kept = self._kept.get(name)
        if kept is None or self._clock() >= kept.expires_at or kept.trouble is Trouble.GONE:
            return Response(status_code=404)
        match kept.trouble:
            case Trouble.HTML | Trouble.PART:
                return Response(ODD_FILES["html"](), media_type="text/html")
            case Trouble.EMPTY:
                return Response(b"", media_type=TYPES[kept.kind])
            case Trouble.PRIVATE:
                return RedirectResponse(PRIVATE, 302)
            case Trouble.TRUNCATED:
                whole = kept.made()
                return Response(whole[: len(whole) // 2], media_type=TYPES[kept.kind])
            case Trouble.WRONG_TYPE:
                return Response(kept.made(), media_type="text/plain")
            case _:
                return Response(kept.made(), media_type=TYPES[kept.kind])


def troubles_of(trouble: Trouble | None, count: int) -> list[Trouble | None]:
    """Return the trouble of each of a run's files: `part` is the last one's alone."""
    if trouble is Trouble.PART:
        return [*([None] * (count - 1)), trouble]
    return [trouble] * count
