"""`POST /audio/speech`."""

from typing import Any

from openai import AsyncOpenAI

from generation.adapters.outbound.inline import InlineOutput
from generation.adapters.outbound.providers.openai.answers import content, told_in
from generation.adapters.outbound.providers.openai.failures import failed_body, unreadable
from generation.ports.media_provider import Run, RunReport, RunState

# What the API calls the kinds of file that we keep; its Opus comes in Ogg.
FORMATS = {"mp3": "mp3", "wav": "wav", "ogg": "opus"}


async def speak(client: AsyncOpenAI, run: Run) -> RunReport:
    """Return the text of `prompt`, spoken by `voice`. Raises OpenAIError."""
    async with client.audio.speech.with_streaming_response.create(**asked_of(run)) as answer:
        spoken = await content(answer)
    # Some servers answer with JSON in place of a sound, and with status 200.
    if (told := told_in(spoken)) and told.get("error"):
        return failed_body(told["error"])
    if not spoken or told:
        return unreadable("the provider answered without a sound")
    return RunReport(RunState.SUCCEEDED, 1.0, (InlineOutput(spoken),))


def asked_of(run: Run) -> dict[str, Any]:
    """Return what is asked for, in the API's words."""
    job = run.input
    asked: dict[str, Any] = {
        "model": run.model,
        "input": job["prompt"],
        "voice": job["voice"],
        "response_format": FORMATS[job.get("output_format", "mp3")],
    }
    if instructions := job.get("instructions"):
        asked["instructions"] = instructions
    if "speed" in job:
        asked["speed"] = job["speed"]
    return asked
