"""The console's files, each under a name of its contents: a browser keeps it for ever, and never an old one.

Style sheets are joined to one file and scripts to one, in the order of `STYLES` and `SCRIPTS`, those that
few pages need to another; a style sheet names a file as `url("asset:inter.woff2")`. What shrinks is
compressed once, when the service starts.
Pages are not compressed: they carry tokens beside what a person typed.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import brotli
from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from gateway.adapters.inbound.placed_route import PlacedRoute

FOLDER = Path(__file__).parent / "static"
STYLES = (
    "vendor/basecoat.min.css",
    "vendor/uplot.min.css",
    *(
        f"css/{name}.css"
        for name in ("theme", "frame", "forms", "tiles", "library", "studio", "viewer", "pages", "components")
    ),
)
SCRIPTS = (
    *(f"vendor/{name}.min.js" for name in ("htmx", "hx-sse", "basecoat", "basecoat-command")),
    *(
        f"js/{name}.js"
        for name in ("stream", "live", "waiting", "toasts", "keys", "pictures", "zoom", "selection", "media")
    ),
)
# What draws charts: sent to the pages that have one.
CHART_SCRIPTS = ("vendor/uplot.iife.min.js", "js/chart.js")
PASSKEY_SCRIPTS = ("js/passkeys.js",)
"""What asks browsers for passkeys: sent to the pages where one can be used."""
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
# Compressed already.
_PACKED = {".png", ".webp", ".woff2"}
_QUALITY = 9
_MENTIONED = re.compile(r'url\("asset:([^"]+)"\)')
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent: its public name, its type, and its contents plain and in Brotli (or None)."""

    name: str
    media_type: str
    body: bytes
    packed: bytes | None


class Assets:
    """All files of the console, by the name in the source and by the public one."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._by_source: dict[str, Asset] = {}
        for path in sorted(
            (*folder.glob("*.*"), *(folder / "vendor").glob("*.woff2"), *(folder / "samples").glob("*.webp"))
        ):
            self._add(path.name, path.read_bytes())
        styles = "\n".join((folder / name).read_text() for name in STYLES)
        self._add(
            "console.css", _MENTIONED.sub(lambda found: f'url("{self.url(found[1])}")', styles).encode()
        )
        for name, scripts in (
            ("console.js", SCRIPTS),
            ("chart.js", CHART_SCRIPTS),
            ("passkeys.js", PASSKEY_SCRIPTS),
        ):
            # Each ends its last statement, whatever stands before.
            self._add(name, "\n;\n".join((folder / script).read_text() for script in scripts).encode())
        self.by_name: Mapping[str, Asset] = {asset.name: asset for asset in self._by_source.values()}

    def url(self, source: str) -> str:
        """Return the address of a file. Raises KeyError for one that isn't there."""
        return f"/static/{self._by_source[source].name}"

    def _add(self, source: str, body: bytes) -> None:
        name = PurePosixPath(source)
        self._by_source[source] = Asset(
            name=f"{name.stem}.{hashlib.sha256(body).hexdigest()[:12]}{name.suffix}",
            media_type=MEDIA_TYPES[name.suffix],
            body=body,
            packed=None if name.suffix in _PACKED else brotli.compress(body, quality=_QUALITY),
        )


assets = Assets()

router = APIRouter(route_class=PlacedRoute)


@router.get("/static/{name}")
async def asset(request: Request, name: str) -> Response:
    """Send a file; a name of other contents is not found, so that an old page never mixes with new files."""
    found = assets.by_name.get(name)
    if found is None:
        raise HTTPException(404)
    accepted = {
        each.partition(";")[0].strip() for each in request.headers.get("accept-encoding", "").split(",")
    }
    if found.packed is not None and "br" in accepted:
        return Response(
            found.packed, media_type=found.media_type, headers={"Content-Encoding": "br", **_FOR_EVER}
        )
    return Response(found.body, media_type=found.media_type, headers=_FOR_EVER)
