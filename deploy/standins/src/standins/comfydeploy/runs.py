"""Runs, from their queue to their webhooks."""

from __future__ import annotations

import asyncio
import io
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
from PIL import Image, UnidentifiedImageError

from standins.chaos.files import Files
from standins.chaos.running import STALL_S, Running, iso
from standins.chaos.troubles import Chaos, Trouble, plain
from standins.chaos.webhooks import Postman, Webhook
from standins.comfydeploy.deployments import Deployment
from standins.comfydeploy.settings import ComfyDeploySettings
from standins.drawing import Picture, draw, encode
from standins.filming import film

STEPS = 4
FETCH_TIMEOUT_S = 10.0
CAPTION = "drawn by the ComfyDeploy stand-in"
OVER = ("success", "failed", "timeout", "cancelled")
FAILED = "Error executing node KSampler: CUDA error: device-side assert triggered"
REFUSED = "The prompt was flagged by the safety checker"
# What Pixio calls a status of ComfyDeploy's.
PIXIO = {
    "not-started": "pending",
    "queued": "pending",
    "started": "processing",
    "running": "processing",
    "uploading": "processing",
    "timeout": "failed",
}


@dataclass
class ComfyRun:
    """One run; `address` is how its caller reached us, and where its files are therefore."""

    deployment: Deployment
    given: Mapping[str, Any]
    address: str
    trouble: Trouble | None
    webhook: str | None
    tells_progress: bool
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "queued"
    step: int = 0
    queue_position: int | None = 1
    files: list[str] = field(default_factory=list)
    error: str | None = None
    created_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    task: asyncio.Task[None] | None = None

    @property
    def words(self) -> str:
        """The prompt of its workflow."""
        return str(self.given.get(self.deployment.words, ""))

    @property
    def progress(self) -> float:
        """The share of its steps that are done."""
        return self.step / STEPS

    def outputs(self) -> list[dict[str, Any]]:
        """Return what its nodes made: pictures as `images`, films as `files`, the first one also bare."""
        kind = "files" if self.deployment.film else "images"
        found = []
        for place, path in enumerate(self.files):
            url = f"{self.address}{path}"
            file = {"url": url, "type": "output", "filename": path.rpartition("/")[2], "subfolder": ""}
            node = {"id": str(uuid.uuid4()), "run_id": self.run_id, "type": "output"}
            meta = {"node_id": str(9 + place), "node_class": "SaveVideo" if kind == "files" else "SaveImage"}
            found.append({**node, "node_meta": meta, "data": {kind: [file]}})
        if found:
            found[0]["url"] = f"{self.address}{self.files[0]}"
        return found


class Runs(Running[ComfyRun]):
    """The newest few, in memory."""

    def __init__(self, settings: ComfyDeploySettings, chaos: Chaos, files: Files, postman: Postman) -> None:
        super().__init__(chaos, files, postman)
        self.settings = settings

    async def start(self, run: ComfyRun) -> None:
        """Begin; with `early` trouble it has ended, and told so, when this returns."""
        await self.begin(run.run_id, run, self._run(run), prompt=run.words)

    def cancel(self, run: ComfyRun) -> None:
        """Stop one that has not ended."""
        if run.status not in OVER:
            if run.task:
                run.task.cancel()
            self._becomes(run, "cancelled")

    def said(self, status: str) -> str:
        """Return a status in the words that this one speaks."""
        return PIXIO.get(status, status) if self.settings.vocabulary == "pixio" else status

    def document(self, run: ComfyRun) -> dict[str, Any]:
        """Return it as a GET answers it."""
        return {
            "id": run.run_id,
            "run_id": run.run_id,
            "status": self.said(run.status),
            "live_status": None,
            "progress": run.progress,
            "queue_position": run.queue_position,
            "outputs": run.outputs(),
            "error": run.error,
            "created_at": iso(run.created_at),
            "ended_at": iso(run.ended_at),
        }

    async def _run(self, run: ComfyRun) -> None:
        await asyncio.sleep(self.settings.queue_s)
        run.queue_position = None
        self._becomes(run, "started")
        self._becomes(run, "running")
        if unread := await _unreadable(run.deployment.pictures(run.given)):
            run.error = f"Error executing node LoadImage: can't load {unread}"
            self._becomes(run, "failed")
            return
        for _ in range(STEPS):
            await asyncio.sleep(self.settings.run_s / STEPS)
            run.step += 1
            if run.tells_progress:
                self._tell(run)
        if run.trouble is Trouble.STALL:
            await asyncio.sleep(STALL_S)
        if run.trouble in (Trouble.REFUSE, Trouble.FAIL):
            run.error = REFUSED if run.trouble is Trouble.REFUSE else FAILED
            self._becomes(run, "failed")
            return
        self._becomes(run, "uploading")
        if run.trouble is not Trouble.NO_FILES:
            run.files = self._made(run)
        self._becomes(run, "success")

    def _becomes(self, run: ComfyRun, status: str) -> None:
        before, run.status = run.status, status
        if status in OVER:
            run.ended_at, run.queue_position = time.time(), None
        # A change that has no other word is none.
        if self.said(before) != self.said(status):
            self._tell(run)

    def _made(self, run: ComfyRun) -> list[str]:
        kind = "mp4" if run.deployment.film else "png"
        # With `part`, a second file: otherwise there would be none before the last.
        count = 2 if run.trouble is Trouble.PART else 1
        return self.keep_files(run, partial(_file, run), kind, count=count)

    def _tell(self, run: ComfyRun) -> None:
        if run.webhook is None:
            return
        told = {
            "run_id": run.run_id,
            "status": self.said(run.status),
            "live_status": None,
            "progress": run.progress,
            "outputs": run.outputs(),
            **({"error": run.error} if run.error else {}),
        }
        about = f"{run.run_id} {told['status']}"
        # Nothing signs it.
        self.postman.send(Webhook(run.webhook, json.dumps(told).encode(), lambda _body: {}, about))


async def _unreadable(urls: list[str]) -> str | None:
    """Return the first of a workflow's pictures that can't be had, or is none."""
    async with httpx.AsyncClient(timeout=FETCH_TIMEOUT_S, trust_env=False) as client:
        for url in urls:
            try:
                answer = (await client.get(url)).raise_for_status()
                Image.open(io.BytesIO(answer.content)).verify()
            except (httpx.HTTPError, httpx.InvalidURL, UnidentifiedImageError, OSError, SyntaxError):
                return url
    return None


def _file(run: ComfyRun, place: int) -> bytes:
    width, height = run.deployment.size(run.given)
    picture = Picture(plain(run.words) or "a picture", place, width, height, caption=CAPTION)
    if run.deployment.film:
        return film(picture, seconds=run.deployment.seconds(run.given))
    return encode(draw(picture), "png", 80)
