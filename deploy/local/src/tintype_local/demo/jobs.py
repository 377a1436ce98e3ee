"""Generations of the demo: started, watched live, and their files fetched."""

import asyncio
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tintype_local.demo.client import Client, Json

TERMINAL = frozenset({"succeeded", "failed", "cancelled", "rejected"})
JOBS_TIMEOUT_S = 120.0
# Events tell at once; looking is for what was told while nobody listened.
LOOK_EVERY_S = 2.0


async def start(client: Client, model: str, **given: Any) -> Json:
    """Start one generation."""
    return await client.post("/v1/generations", model=model, input=given)


async def watch(client: Client, jobs: dict[str, str], console: Console) -> dict[str, Json]:
    """Show the jobs (id to title) until each has ended and is settled; return how they ended."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[status]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        bars = {job: progress.add_task(title, total=1.0, status="queued") for job, title in jobs.items()}
        listener = asyncio.create_task(_listen(client, progress, bars))
        try:
            async with asyncio.timeout(JOBS_TIMEOUT_S):
                return {job: await _ended(client, job, progress, bars[job]) for job in jobs}
        finally:
            listener.cancel()


async def _listen(client: Client, progress: Progress, bars: dict[str, TaskID]) -> None:
    async for name, told in client.events():
        if name == "generation.updated" and told["id"] in bars:
            progress.update(bars[told["id"]], completed=told["progress"] or 0, status=told["status"])


async def _ended(client: Client, job: str, progress: Progress, bar: TaskID) -> Json:
    while True:
        now = await client.get(f"/v1/generations/{job}")
        if now["status"] in TERMINAL:
            shown = 1.0 if now["status"] == "succeeded" else now["progress"]
            progress.update(bar, completed=shown, status=now["status"])
            return now
        await asyncio.sleep(LOOK_EVERY_S)


async def fetch_files(client: Client, generation: Json, folder: Path) -> list[str]:
    """Download a generation's outputs by their signed addresses; return the file names."""
    names = []
    for number, output in enumerate(generation["outputs"], start=1):
        kind = output["media_type"].rpartition("/")[2]
        ending = "txt" if kind == "plain" else kind
        path = folder / f"{generation['id']}-{number}.{ending}"
        # Without our token: the signature in the address is enough, and S3 must not see it.
        async with asyncio.timeout(60):
            answer = await client.http.get(output["url"], headers={"Authorization": ""})
        answer.raise_for_status()
        if len(answer.content) != output["size_bytes"]:
            raise RuntimeError(f"{path.name}: {len(answer.content)} bytes, not {output['size_bytes']}")
        path.write_bytes(answer.content)
        names.append(path.name)
    return names
