"""Pictures that are streamed to OpenAI's clients, as tests ask for and read them."""

import asyncio
import json
from typing import Any

import httpx
from gateway.domain.generation import Generation
from gateway_world import SKETCH, Door

DRAW = "/openai/v1/images/generations"
EDIT = "/openai/v1/images/edits"


async def stream(door: Door, **more: Any) -> httpx.Response:
    """Ask for a picture in events."""
    headers = more.pop("headers", {})
    body = {"model": SKETCH, "prompt": "a heron", "stream": True, **more}
    return await door.http.post(DRAW, json=body, headers=headers)


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    """The data of each event, whose name is its type."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = []
    for event in answer.text.removesuffix("\n\n").split("\n\n"):
        if event.startswith(":"):
            continue
        name, content = event.split("\n")
        told.append({"event": name.removeprefix("event: "), **json.loads(content.removeprefix("data: "))})
    assert all(event["event"] == event.get("type", "error") for event in told)
    return told


async def running(door: Door) -> Generation:
    """The job, once there is one that runs."""
    async with asyncio.timeout(30):
        while True:
            for job in door.world.generations.jobs.values():
                if not job.status.is_final:
                    return job
            await asyncio.sleep(0)
