"""Predictions, from their start to their webhooks."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from standins.chaos.files import Files
from standins.chaos.running import STALL_S, Running, iso
from standins.chaos.troubles import Chaos, Trouble, plain
from standins.chaos.webhooks import Postman, Webhook
from standins.drawing import Picture, as_file
from standins.filming import film
from standins.replicate.models import ReplicateModel
from standins.replicate.settings import ReplicateSettings
from standins.replicate.signing import signed

STEPS = 4
CAPTION = "drawn by the Replicate stand-in"
EVENTS = ("start", "output", "logs", "completed")
SENSITIVE = "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"
FAILED = "Prediction interrupted; please retry (code: PA)"
OVER = ("succeeded", "failed", "canceled", "aborted")


@dataclass
class Prediction:
    """One prediction; `address` is how its caller reached us, and where its files are therefore."""

    model: ReplicateModel
    given: Mapping[str, Any]
    address: str
    trouble: Trouble | None
    webhook: str | None
    events: tuple[str, ...]
    prediction_id: str = field(
        default_factory=lambda: base64.b32encode(secrets.token_bytes(16)).decode().strip("=").lower()
    )
    status: str = "starting"
    step: int = 0
    files: list[str] = field(default_factory=list)
    error: str | None = None
    created_at: float = field(default_factory=time.time)
    started_at: float | None = None
    completed_at: float | None = None
    task: asyncio.Task[None] | None = None

    def document(self, *, now: float, output_ttl_s: float) -> dict[str, Any]:
        """Return it as the API answers it; an hour after its end its output is gone."""
        removed = self.completed_at is not None and now >= self.completed_at + output_ttl_s
        urls = [f"{self.address}{path}" for path in self.files]
        output = None if removed or not urls else (urls if self.model.lists else urls[0])
        base = f"{self.address}v1/predictions/{self.prediction_id}"
        return {
            "id": self.prediction_id,
            "model": self.model.name,
            "version": self.model.version,
            "input": {} if removed else dict(self.given),
            "logs": self._logs(),
            "output": output,
            "data_removed": removed,
            "error": self.error,
            "status": self.status,
            "created_at": iso(self.created_at),
            "started_at": iso(self.started_at),
            "completed_at": iso(self.completed_at),
            "metrics": self._metrics(),
            "urls": {"get": base, "cancel": f"{base}/cancel", "web": f"{self.address}p/{self.prediction_id}"},
        }

    def _logs(self) -> str:
        steps = range(1, self.step + 1)
        return "".join(f"{s * 100 // STEPS:3d}%|{'█' * s:<4}| {s}/{STEPS} [00:00<00:00]\n" for s in steps)

    def _metrics(self) -> dict[str, float]:
        if self.completed_at is None or self.started_at is None:
            return {}
        return {
            "predict_time": round(self.completed_at - self.started_at, 6),
            "total_time": round(self.completed_at - self.created_at, 6),
        }


class Predictions(Running[Prediction]):
    """The newest few, in memory."""

    def __init__(self, settings: ReplicateSettings, chaos: Chaos, files: Files, postman: Postman) -> None:
        super().__init__(chaos, files, postman)
        self.settings = settings

    async def start(self, prediction: Prediction) -> None:
        """Begin; with `early` trouble it has ended, and told so, when this returns."""
        prompt = str(prediction.given.get("prompt", ""))
        await self.begin(prediction.prediction_id, prediction, self._run(prediction), prompt=prompt)

    def cancel(self, prediction: Prediction) -> None:
        """Stop one that has not ended."""
        if prediction.status not in OVER:
            if prediction.task:
                prediction.task.cancel()
            self._end(prediction, "canceled")

    def document(self, prediction: Prediction) -> dict[str, Any]:
        """Return one as it stands."""
        return prediction.document(now=time.time(), output_ttl_s=self.settings.output_ttl_s)

    async def _run(self, prediction: Prediction) -> None:
        await asyncio.sleep(self.settings.boot_s)
        prediction.status, prediction.started_at = "processing", time.time()
        self._tell(prediction, "start")
        for _ in range(STEPS):
            await asyncio.sleep(self.settings.run_s / STEPS)
            prediction.step += 1
        if prediction.trouble is Trouble.STALL:
            await asyncio.sleep(STALL_S)
        if prediction.trouble in (Trouble.REFUSE, Trouble.FAIL):
            prediction.error = SENSITIVE if prediction.trouble is Trouble.REFUSE else FAILED
            self._end(prediction, "failed")
            return
        if prediction.trouble is not Trouble.NO_FILES:
            prediction.files = self._made(prediction)
        self._end(prediction, "succeeded")

    def _end(self, prediction: Prediction, status: str) -> None:
        prediction.status, prediction.completed_at = status, time.time()
        if prediction.files:
            self._tell(prediction, "output")
        self._tell(prediction, "completed")

    def _made(self, prediction: Prediction) -> list[str]:
        count, kind = prediction.model.count(prediction.given), prediction.model.kind(prediction.given)
        return self.keep_files(prediction, partial(_file, prediction), kind, count=count)

    def _tell(self, prediction: Prediction, event: str) -> None:
        if prediction.webhook is None or event not in prediction.events:
            return
        body = json.dumps(self.document(prediction)).encode()
        message_id = f"msg_{secrets.token_hex(12)}"
        secret = self.settings.webhook_secret.get_secret_value()
        headers = partial(signed, message_id=message_id, secret=secret)
        self.postman.send(Webhook(prediction.webhook, body, headers, f"{prediction.prediction_id} {event}"))


def _file(prediction: Prediction, place: int) -> bytes:
    width, height = prediction.model.size(prediction.given)
    picture = Picture(plain(str(prediction.given.get("prompt", ""))), place, width, height, caption=CAPTION)
    if prediction.model.seconds is not None:
        return film(picture, seconds=float(prediction.given.get("duration", prediction.model.seconds)))
    kind = prediction.model.kind(prediction.given)
    return as_file(picture, kind)
