"""Runs, from the queue to the history."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from PIL import Image

from standins.chaos.files import Files
from standins.chaos.running import STALL_S, Running
from standins.chaos.troubles import Chaos, Trouble, plain
from standins.chaos.webhooks import Postman
from standins.comfyui.nodes import inputs
from standins.comfyui.settings import ComfyUiSettings
from standins.comfyui.sockets import Sockets
from standins.drawing import Picture, draw, encode, preview

CAPTION = "drawn by the ComfyUI stand-in"
PREVIEW_EDGE = 128
FAILED = "CUDA error: device-side assert triggered"
REFUSED = "The prompt was flagged by the safety checker"


@dataclass
class GraphRun:
    """One run; `status` is None until it has ended."""

    prompt_id: str
    number: int
    graph: Mapping[str, Any]
    client_id: str
    trouble: Trouble | None
    running: bool = False
    status: dict[str, Any] | None = None
    outputs: dict[str, Any] = field(default_factory=dict)
    messages: list[list[Any]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    @property
    def words(self) -> str:
        """The first text of the graph that says anything."""
        return next((given["text"] for given in inputs(self.graph, "CLIPTextEncode") if given["text"]), "")

    def item(self) -> list[Any]:
        """Return it as the queue and the history name it."""
        saving = [node_id for node_id, node in self.graph.items() if node["class_type"].startswith("Save")]
        return [self.number, self.prompt_id, self.graph, {"client_id": self.client_id}, saving]

    def entry(self) -> dict[str, Any]:
        """Return it as the history has it."""
        return {"prompt": self.item(), "outputs": self.outputs, "status": self.status, "meta": {}}


class Runs(Running[GraphRun]):
    """Those that wait, run and have ended, in memory."""

    def __init__(self, settings: ComfyUiSettings, chaos: Chaos, files: Files, postman: Postman) -> None:
        super().__init__(chaos, files, postman)
        self.settings = settings
        self.sockets = Sockets()
        self.uploads: dict[str, bytes] = {}
        self.number = 0

    async def start(self, run: GraphRun) -> None:
        """Queue it; with `early` trouble it has ended when this returns."""
        await self.begin(run.prompt_id, run, self._run(run), prompt=run.words)

    def waiting(self, *, running: bool) -> list[GraphRun]:
        """Return those that run, or those that wait."""
        return [run for run in self.kept.values() if run.status is None and run.running is running]

    def delete(self, prompt_id: str) -> None:
        """Take one that waits out of the queue, without a trace."""
        run = self.kept.get(prompt_id)
        if run is not None and run.status is None and not run.running:
            self._stop(run)
            del self.kept[prompt_id]

    async def interrupt(self, run: GraphRun) -> None:
        """Stop one that runs."""
        if run.running and run.status is None:
            self._stop(run)
            await self._ends(run, "error", "execution_interrupted", {"node_id": "1", "executed": []})

    def _stop(self, run: GraphRun) -> None:
        if run.task:
            run.task.cancel()

    async def _run(self, run: GraphRun) -> None:
        await asyncio.sleep(self.settings.queue_s)
        run.running = True
        await self._say(run, "execution_start", {})
        await self._say(run, "execution_cached", {"nodes": []})
        for node_id, node in run.graph.items():
            await self._tell(run, "executing", {"node": node_id, "display_node": node_id})
            if node["class_type"] == "KSampler":
                await self._sample(run, node_id, node["inputs"])
        if run.trouble is Trouble.STALL:
            await asyncio.sleep(STALL_S)
        if run.trouble in (Trouble.REFUSE, Trouble.FAIL):
            said = REFUSED if run.trouble is Trouble.REFUSE else FAILED
            told = {"node_type": "KSampler", "exception_message": said, "exception_type": "RuntimeError"}
            await self._ends(run, "error", "execution_error", told)
            return
        if run.trouble is not Trouble.NO_FILES:
            await self._save(run)
        await self._ends(run, "success", "execution_success", {})

    async def _sample(self, run: GraphRun, node_id: str, given: Mapping[str, Any]) -> None:
        steps = min(8, given["steps"])
        whole = draw(Picture(plain(run.words) or "a picture", 0, PREVIEW_EDGE, PREVIEW_EDGE, caption=CAPTION))
        for step in range(1, steps + 1):
            await asyncio.sleep(self.settings.run_s / steps)
            await self._tell(run, "progress", {"node": node_id, "value": step, "max": steps})
            await self.sockets.show(run.client_id, encode(preview(whole, step=step, steps=steps), "jpeg", 60))

    async def _save(self, run: GraphRun) -> None:
        for node_id, node in run.graph.items():
            if node["class_type"] in ("SaveImage", "PreviewImage"):
                kind = "output" if node["class_type"] == "SaveImage" else "temp"
                paths = self.keep_files(run, partial(_file, run, self._size(run)), "png", count=_count(run))
                names = [path.removeprefix("files/") for path in paths]
                made = {"images": [{"filename": name, "subfolder": "", "type": kind} for name in names]}
                run.outputs[node_id] = made
                await self._tell(run, "executed", {"node": node_id, "display_node": node_id, "output": made})

    def _size(self, run: GraphRun) -> tuple[int, int]:
        for kind in ("EmptyLatentImage", "EmptySD3LatentImage"):
            for given in inputs(run.graph, kind):
                return given["width"], given["height"]
        for given in inputs(run.graph, "LoadImage"):
            return Image.open(io.BytesIO(self.uploads[given["image"]])).size
        return 512, 512

    async def _ends(self, run: GraphRun, status: str, word: str, told: dict[str, Any]) -> None:
        run.messages.append([word, {"prompt_id": run.prompt_id, **told, "timestamp": _now_ms()}])
        run.status = {"status_str": status, "completed": status == "success", "messages": run.messages}
        await self._tell(run, word, told)
        await self._tell(run, "executing", {"node": None})

    async def _say(self, run: GraphRun, word: str, told: dict[str, Any]) -> None:
        run.messages.append([word, {"prompt_id": run.prompt_id, **told, "timestamp": _now_ms()}])
        await self._tell(run, word, told)

    async def _tell(self, run: GraphRun, word: str, told: dict[str, Any]) -> None:
        await self.sockets.tell(run.client_id, word, {**told, "prompt_id": run.prompt_id})


def _count(run: GraphRun) -> int:
    for kind in ("EmptyLatentImage", "EmptySD3LatentImage"):
        for given in inputs(run.graph, kind):
            return int(given["batch_size"])
    return 1


def _file(run: GraphRun, size: tuple[int, int], place: int) -> bytes:
    seeds = [given["seed"] for given in inputs(run.graph, "KSampler")]
    words = f"{plain(run.words) or 'a picture'} {seeds}"
    return encode(draw(Picture(words, place, *size, caption=CAPTION)), "png", 80)


def _now_ms() -> int:
    return int(time.time() * 1000)
