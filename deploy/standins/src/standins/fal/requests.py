"""Requests in the queue, from their submit to their webhook."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from standins.chaos.files import TYPES, Files
from standins.chaos.running import STALL_S, Running, iso
from standins.chaos.troubles import Chaos, Trouble, plain
from standins.chaos.webhooks import Postman, Webhook
from standins.drawing import Picture, as_file
from standins.fal.errors import CANCELLED, FAILED, REFUSED, RunError
from standins.fal.models import FalModel
from standins.fal.settings import FalSettings
from standins.fal.signing import key_of, signed
from standins.filming import film

STEPS = 4
CAPTION = "drawn by the fal stand-in"
IN_QUEUE, IN_PROGRESS, COMPLETED = "IN_QUEUE", "IN_PROGRESS", "COMPLETED"


@dataclass
class QueuedRequest:
    """One request; `address` is how its caller reached us, and where its files are therefore."""

    app: str
    model: FalModel
    given: Mapping[str, Any]
    address: str
    trouble: Trouble | None
    webhook: str | None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = IN_QUEUE
    logs: list[tuple[float, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    error: RunError | None = None
    started_at: float = 0.0
    task: asyncio.Task[None] | None = None

    @property
    def urls(self) -> dict[str, str]:
        """Where it is looked at, fetched and cancelled."""
        base = f"{self.address}{self.app}/requests/{self.request_id}"
        return {"response_url": base, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}

    def document(self, *, with_logs: bool) -> dict[str, Any]:
        """Return how it stands."""
        told: dict[str, Any] = {"status": self.status, "request_id": self.request_id, **self.urls}
        if self.status == IN_QUEUE:
            return {**told, "queue_position": 0}
        told["logs"] = [self._log(at, words) for at, words in self.logs] if with_logs else None
        if self.status == COMPLETED:
            told["metrics"] = {"inference_time": round(time.time() - self.started_at, 3)}
            if self.error is not None:
                told["error"] = self.error.words
                if self.error.error_type:
                    told["error_type"] = self.error.error_type
        return told

    def result(self) -> dict[str, Any]:
        """Return what it made, as its model gives it."""
        width, height = self.model.size(self.given)
        found = [
            {
                "url": f"{self.address}{path}",
                "content_type": TYPES[path.rpartition(".")[2]],
                "file_name": path.rpartition("/")[2],
                "width": width,
                "height": height,
            }
            for path in self.files
        ]
        seed = self.given.get("seed", 7)
        if self.model.seconds is not None:
            return {"video": found[0] if found else None, "seed": seed}
        words = str(self.given.get("prompt", ""))
        return {"images": found, "seed": seed, "prompt": words, "has_nsfw_concepts": [False] * len(found)}

    @staticmethod
    def _log(at: float, words: str) -> dict[str, str | None]:
        return {"message": words, "level": "STDERR", "source": "USER", "timestamp": iso(at)}


class Queue(Running[QueuedRequest]):
    """The newest few, in memory."""

    def __init__(self, settings: FalSettings, chaos: Chaos, files: Files, postman: Postman) -> None:
        super().__init__(chaos, files, postman)
        self.settings = settings
        self.key = key_of(settings.webhook_secret.get_secret_value())

    async def start(self, request: QueuedRequest) -> None:
        """Take it into the queue; with `early` trouble it has ended, and told so, when this returns."""
        prompt = str(request.given.get("prompt", ""))
        await self.begin(request.request_id, request, self._run(request), prompt=prompt)

    def cancel(self, request: QueuedRequest) -> bool:
        """Stop one that has not ended; False when it had."""
        if request.status == COMPLETED:
            return False
        if request.task:
            request.task.cancel()
        self._end(request, CANCELLED)
        return True

    async def _run(self, request: QueuedRequest) -> None:
        await asyncio.sleep(self.settings.queue_s)
        request.status, request.started_at = IN_PROGRESS, time.time()
        if wrong := request.model.wrong(request.given):
            self._end(request, wrong)
            return
        for step in range(STEPS):
            await asyncio.sleep(self.settings.run_s / STEPS)
            bar = f"{100 * (step + 1) // STEPS:3d}%|{'#' * (step + 1):4}| {step + 1}/{STEPS}"
            request.logs.append((time.time(), bar))
        if request.trouble is Trouble.STALL:
            await asyncio.sleep(STALL_S)
        if request.trouble in (Trouble.REFUSE, Trouble.FAIL):
            self._end(request, REFUSED if request.trouble is Trouble.REFUSE else FAILED)
            return
        if request.trouble is not Trouble.NO_FILES:
            count, kind = request.model.count(request.given), request.model.kind(request.given)
            request.files = self.keep_files(request, partial(_file, request), kind, count=count)
        self._end(request, None)

    def _end(self, request: QueuedRequest, error: RunError | None) -> None:
        request.status, request.error = COMPLETED, error
        # One that was cancelled is told of by nobody.
        if request.webhook is None or error is CANCELLED:
            return
        told: dict[str, Any] = {
            "request_id": request.request_id,
            "gateway_request_id": request.request_id,
            "error": error.words if error else None,
            "status": "ERROR" if error else "OK",
            "payload": error.body if error else request.result(),
        }
        headers = partial(signed, request_id=request.request_id, user_id=self.settings.user_id, key=self.key)
        self.postman.send(
            Webhook(
                request.webhook, json.dumps(told).encode(), headers, f"{request.request_id} {told['status']}"
            )
        )


def _file(request: QueuedRequest, place: int) -> bytes:
    width, height = request.model.size(request.given)
    picture = Picture(plain(str(request.given.get("prompt", ""))), place, width, height, caption=CAPTION)
    if request.model.seconds is not None:
        return film(picture, seconds=float(request.given.get("duration", request.model.seconds)))
    return as_file(picture, request.model.kind(request.given))
