"""`POST /images/generations`."""

import base64
from typing import Any

from openai import AsyncOpenAI

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.inline import InlineOutput
from generation.ports.media_provider import Run, RunOutput, RunReport, RunState

SIZES = {"1:1": "1024x1024", "3:2": "1536x1024", "2:3": "1024x1536"}


async def draw_images(client: AsyncOpenAI, run: Run, fetch: GuardedClient) -> RunReport:
    """Asks for `output_count` pictures; answers with all that came, inline or to be fetched.

    Raises OpenAIError.
    """
    job = run.input
    asked: dict[str, Any] = {
        "model": run.model,
        "prompt": job["prompt"],
        "n": job.get("output_count", 1),
        "size": SIZES[job.get("ratio", "1:1")],
    }
    for name in ("quality", "output_format"):
        if name in job:
            asked[name] = job[name]
    answer = await client.images.generate(**asked)
    outputs: list[RunOutput] = []
    for image in answer.data or []:
        if image.b64_json:
            outputs.append(InlineOutput(base64.b64decode(image.b64_json)))
        elif image.url:
            outputs.append(fetch.output(image.url))
    return RunReport(RunState.SUCCEEDED, 1.0, tuple(outputs))
