"""The calls of the server."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standins.chaos.answers import lose, misbehave
from standins.chaos.troubles import ANSWERS, Trouble
from standins.comfyui.nodes import wrong
from standins.comfyui.runs import GraphRun, Runs

UPLOADS_MAX = 200


class Api:
    """One method a call."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs

    async def prompt(self, request: Request) -> Response:
        """Queue a graph under the caller's id, or under one of ours. The same id twice is two runs."""
        asked = await _object(request)
        if (refused := wrong(asked.get("prompt"), self.runs.uploads)) is not None:
            return JSONResponse({"error": refused[0], "node_errors": refused[1]}, 400)
        prompt_id = str(asked.get("prompt_id") or uuid.uuid4())
        client_id = str(asked.get("client_id") or "")
        run = GraphRun(prompt_id, self.runs.number, asked["prompt"], client_id, None)
        run.trouble = self.runs.chaos.of_submit(run.words)
        if run.trouble in ANSWERS:
            return await misbehave(run.trouble, plain_error)
        self.runs.number += 1
        if run.trouble is Trouble.LOST:
            return await lose(self.runs.start(run))
        await self.runs.start(run)
        return JSONResponse({"prompt_id": prompt_id, "number": run.number, "node_errors": {}})

    async def queue(self, _request: Request) -> Response:
        """Return what runs and what waits."""
        if (trouble := self.runs.chaos.of_poll()) is not None:
            return await misbehave(trouble, plain_error)
        running, waiting = (self.runs.waiting(running=each) for each in (True, False))
        return JSONResponse(
            {
                "queue_running": [run.item() for run in running],
                "queue_pending": [run.item() for run in waiting],
            }
        )

    async def change_queue(self, request: Request) -> Response:
        """Take those that wait out of it."""
        for prompt_id in (await _object(request)).get("delete", []):
            self.runs.delete(prompt_id)
        return Response()

    async def interrupt(self, request: Request) -> Response:
        """Stop the run that is named, where it is running; without a name, whatever runs."""
        named = (await _object(request)).get("prompt_id")
        for run in self.runs.waiting(running=True):
            if not named or run.prompt_id == named:
                await self.runs.interrupt(run)
        return Response()

    async def history(self, request: Request) -> Response:
        """Return a run that has ended, by its id; an empty object for any other."""
        run = self.runs.kept.get(request.path_params["prompt_id"])
        return JSONResponse({run.prompt_id: run.entry()} if run and run.status else {})

    async def change_history(self, request: Request) -> Response:
        """Forget runs that have ended."""
        for prompt_id in (await _object(request)).get("delete", []):
            run = self.runs.kept.get(prompt_id)
            if run is not None and run.status is not None:
                del self.runs.kept[prompt_id]
        return Response()

    async def upload(self, request: Request) -> Response:
        """Keep a file that graphs may load."""
        async with request.form() as form:
            file = form.get("image")
            if not isinstance(file, UploadFile) or not file.filename:
                return Response(status_code=400)
            subfolder, kind = str(form.get("subfolder", "")), str(form.get("type", "input"))
            path = f"{subfolder}/{file.filename}" if subfolder else file.filename
            # A graph says where a file is, unless it is where they usually are.
            self.runs.uploads[path if kind == "input" else f"{path} [{kind}]"] = await file.read()
            while len(self.runs.uploads) > UPLOADS_MAX:
                self.runs.uploads.pop(next(iter(self.runs.uploads)))
            return JSONResponse({"name": file.filename, "subfolder": subfolder, "type": kind})

    async def view(self, request: Request) -> Response:
        """Answer with a file that a run made, by its name."""
        return self.runs.files.answer(request.query_params.get("filename", ""))

    async def order_sockets(self, request: Request) -> Response:
        """Close every WebSocket, and let nobody in; or let them in again."""
        self.runs.sockets.open = bool((await _object(request)).get("open", True))
        if not self.runs.sockets.open:
            await self.runs.sockets.close()
        return JSONResponse({"open": self.runs.sockets.open})


def plain_error(status: int, retry_after_s: int | None = None) -> Response:
    """Render an error as aiohttp does."""
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    return Response(f"{status}: error\n", status, headers=headers, media_type="text/plain")


async def _object(request: Request) -> dict[str, Any]:
    try:
        told = await request.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
