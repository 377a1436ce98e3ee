"""Runs of graphs on a ComfyUI server."""

import uuid
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog

from generation.adapters.outbound.providers.comfyui.answers import Place, in_queue, report_on, wrong_in
from generation.adapters.outbound.providers.comfyui.graphs import sent, weights
from generation.adapters.outbound.providers.comfyui.listening import Listener
from generation.adapters.outbound.providers.comfyui.settings import Settings
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.http_api import Answer, File, HttpApi, run_id_in
from generation.adapters.outbound.providers.input_file import input_file
from generation.adapters.outbound.providers.refusals import refusal
from generation.adapters.outbound.providers.served_file import ServedFile
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.media_provider import (
    Capabilities,
    PollSchedule,
    ProviderUnavailable,
    Run,
    RunReport,
    RunState,
)

# Ids of runs are made of our keys by it, so that either is found by the other for ever.
OF_ATTEMPTS = uuid.UUID("6f0c1f2e-7f5e-4c83-9d4b-3c2f5b0a7a11")
# The server empties its folder of temporary files when it starts; what is uploaded elsewhere stays for good.
UPLOADED = {"type": "temp", "subfolder": "tintype", "overwrite": "true"}
WITHDRAWN_MAX = 1_000
log = structlog.get_logger(__name__)


class ComfyUiProvider:
    """A run's id is ours, made of our key: what was submitted is found by it in the queue or the history.

    A second submit under an id would run twice, so that it is looked for first (`find`). A server that starts
    anew has forgotten its queue and its history: its runs are UNKNOWN and made again.

    A model's request is the whole graph; its name is for people. Pictures are uploaded before, those that a
    run makes are fetched from the same address; its files stay on the server until somebody sweeps its folder
    of outputs: nothing of this API deletes one.
    """

    def __init__(self, api: HttpApi, listener: Listener, *, file_bytes_max: int) -> None:
        self._api = api
        self._listener = listener
        self._file_bytes_max = file_bytes_max
        self._withdrawn: deque[RunId] = deque(maxlen=WITHDRAWN_MAX)
        self.capabilities = Capabilities(cancel=True, look_up=True, progress=True)
        self.polling = PollSchedule(first_s=1, longest_s=10)

    async def submit(self, run: Run) -> RunId:
        files = {media_id: await input_file(media_id, media) for media_id, media in run.media.items()}
        names = {str(media_id): await self._upload(file) for media_id, file in files.items()}
        run_id = run_id_of(run.key)
        graph = sent(run.input, names=names, run_id=run_id)
        asked = {"prompt": graph, "prompt_id": run_id, "client_id": run_id}
        answer = await self._api.call("POST", "/prompt", body=asked)
        if refused := refusal(answer):
            _tell(run.model, answer)
            raise refused
        if (named := run_id_in(answer.document(), "prompt_id")) != run_id:
            # Such a server is found by nothing else: a lost answer there is made twice.
            log.warning("the server is older than ids of ours")
        self._listener.follow(named, weights(graph))
        return named

    async def find(self, key: AttemptId) -> RunId | None:
        run_id = run_id_of(key)
        if in_queue(await self._queue(), run_id) is not None:
            return run_id
        return run_id if run_id in await self._history(run_id) else None

    async def check(self, run_id: RunId) -> RunReport:
        # A run goes from the queue to the history in one step: asked in this order it is in one of them.
        if (found := in_queue(await self._queue(), run_id)) is not None:
            self._listener.follow(run_id, weights(found.graph))
            share = self._listener.share(run_id)
            return RunReport(RunState.RUNNING, progress=share, queue_position=found.place)
        report = report_on(await self._history(run_id), run_id, self._file)
        self._listener.drop(run_id)
        withdrawn = report.state is RunState.UNKNOWN and run_id in self._withdrawn
        return RunReport(RunState.CANCELLED) if withdrawn else report

    async def cancel(self, run_id: RunId) -> None:
        if (found := in_queue(await self._queue(), run_id)) is not None and not found.is_running:
            await self._told("/queue", {"delete": [run_id]})
            if (found := in_queue(await self._queue(), run_id)) is None:
                # The server keeps nothing of what never ran.
                self._withdrawn.append(run_id)
        # Some servers stop whatever runs, whomever they are told to stop: only while it is ours.
        if found is not None and found.is_running:
            await self._told("/interrupt", {"prompt_id": run_id})

    async def forget(self, run_id: RunId) -> None:
        """Take the run, with the words that people wrote, out of the history."""
        self._listener.drop(run_id)
        await self._told("/history", {"delete": [run_id]})

    def is_paying(self, run_id: RunId) -> bool:
        return False

    async def _queue(self) -> dict[str, Any]:
        return (await self._api.call("GET", "/queue")).document()

    async def _history(self, run_id: RunId) -> dict[str, Any]:
        answer = await self._api.call("GET", f"/history/{run_id}")
        # An empty object is an answer: the run is not there.
        return {} if answer.status == 200 and answer.body.strip() == b"{}" else answer.document()

    async def _told(self, path: str, body: Mapping[str, Any]) -> None:
        answer = await self._api.call("POST", path, body=body)
        if answer.status >= 400:
            raise ProviderUnavailable(f"status {answer.status}", retry_after_s=answer.retry_after_s)

    async def _upload(self, file: File) -> str:
        """Return what a graph calls the file; a second upload of the same one changes nothing."""
        answer = await self._api.call("POST", "/upload/image", form=UPLOADED, files={"image": file})
        if refused := refusal(answer):
            raise refused
        told = answer.document()
        parts = [told.get("subfolder"), told.get("name")]
        if not all(isinstance(part, str) for part in parts):
            raise ProviderUnavailable("the answer names no file")
        return f"{'/'.join(str(part) for part in parts if part)} [{UPLOADED['type']}]"

    def _file(self, place: Place) -> ServedFile:
        return ServedFile(self._api, "/view", place, self._file_bytes_max)


def run_id_of(key: AttemptId) -> RunId:
    """Return the id of the run that is made for a key of ours."""
    return RunId(str(uuid.uuid5(OF_ATTEMPTS, key)))


def _tell(model: str, answer: Answer) -> None:
    """Tell operators what is wrong with a graph."""
    log.error("graph was not accepted", model=model, status=answer.status, wrong=wrong_in(answer.told()))


@asynccontextmanager
async def make(settings: Settings, around: Surroundings) -> AsyncIterator[ComfyUiProvider]:
    """Open the server until the context ends."""
    base_url = str(settings.base_url)
    listener = Listener(base_url, settings.headers)
    async with HttpApi(base_url=base_url, headers=settings.headers, timeout_s=settings.timeout_s) as api:
        try:
            yield ComfyUiProvider(api, listener, file_bytes_max=around.fetch.size_bytes_max)
        finally:
            await listener.close()
