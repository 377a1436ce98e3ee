"""Easel's API over runs in memory. `[[stall]]` in a prompt never ends, `[[refuse]]` is refused."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass

from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from standins.easel.settings import EaselSettings

COST_USD_MICROS = 4_000


@dataclass
class EaselRun:
    """One run; it is drawn by the time that it is looked at for the second time."""

    run_id: str
    key: str
    stalls: bool
    status: str = "queued"

    def looked_at(self) -> None:
        """Go on by a step."""
        following = {"queued": "running", "running": "running" if self.stalls else "succeeded"}
        self.status = following.get(self.status, self.status)


class Easel:
    """Every run by its id."""

    def __init__(self, settings: EaselSettings) -> None:
        self.authorization = f"Bearer {settings.api_key.get_secret_value()}"
        self.runs: dict[str, EaselRun] = {}

    async def submit(self, request: Request) -> Response:
        """Start a run, or answer with the one that came with this key before."""
        if not self._may(request):
            return JSONResponse({"error": "key"}, 401)
        prompt, key = str((await request.json())["input"]["prompt"]), request.headers["idempotency-key"]
        if "[[refuse]]" in prompt:
            return JSONResponse({"error": "content"}, 422)
        known = [run for run in self.runs.values() if run.key == key]
        run = known[0] if known else EaselRun(f"run_{secrets.token_hex(8)}", key, "[[stall]]" in prompt)
        self.runs[run.run_id] = run
        return JSONResponse(self._document(request, run), 200 if known else 201)

    async def find(self, request: Request) -> Response:
        """Answer with the runs of a key."""
        key = request.query_params["key"]
        return JSONResponse({"runs": [{"id": run.run_id} for run in self.runs.values() if run.key == key]})

    async def look(self, request: Request) -> Response:
        """Answer with a run as it stands."""
        run = self.runs.get(request.path_params["id"])
        if run is None or not self._may(request):
            return JSONResponse({"error": "no such run"}, 404)
        run.looked_at()
        return JSONResponse(self._document(request, run))

    async def cancel(self, request: Request) -> Response:
        """Stop a run that has not ended."""
        run = self.runs.get(request.path_params["id"])
        if run and run.status in ("queued", "running"):
            run.status = "cancelled"
        return JSONResponse({}, 200 if run else 404)

    async def forget(self, request: Request) -> Response:
        """Drop a run and its files."""
        return Response(status_code=204 if self.runs.pop(request.path_params["id"], None) else 404)

    async def file(self, request: Request) -> Response:
        """Answer with the picture."""
        content = io.BytesIO()
        Image.new("RGB", (64, 64), "#c65b3c").save(content, "PNG")
        return Response(content.getvalue(), media_type="image/png")

    def _may(self, request: Request) -> bool:
        return request.headers.get("authorization") == self.authorization

    def _document(self, request: Request, run: EaselRun) -> dict[str, object]:
        done = run.status == "succeeded"
        return {
            "id": run.run_id,
            "status": run.status,
            "progress": 1.0 if done else 0.5,
            "files": [f"{request.base_url}files/{run.run_id}.png"] if done else [],
            "cost_usd_micros": COST_USD_MICROS if done else None,
        }


def create_app(settings: EaselSettings) -> Starlette:
    """Build the application."""
    easel = Easel(settings)
    return Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route("/v1/runs", easel.submit, methods=["POST"]),
            Route("/v1/runs", easel.find, methods=["GET"]),
            Route("/v1/runs/{id}", easel.look, methods=["GET"]),
            Route("/v1/runs/{id}", easel.forget, methods=["DELETE"]),
            Route("/v1/runs/{id}/cancel", easel.cancel, methods=["POST"]),
            Route("/files/{name}", easel.file),
        ]
    )


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")
