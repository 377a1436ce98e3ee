"""`POST /images/generations`, and `/images/edits` for what is made from pictures."""

from collections.abc import Mapping
from typing import Any

from openai import AsyncOpenAI

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.inline import InlineOutput
from generation.adapters.outbound.providers.input_file import input_file
from generation.adapters.outbound.providers.openai.answers import document
from generation.adapters.outbound.providers.openai.encoded_files import inline_file, is_data_url
from generation.adapters.outbound.providers.openai.failures import failed_body, unreadable
from generation.ports.media_provider import Run, RunOutput, RunReport, RunState

SIZES = {"1:1": "1024x1024", "3:2": "1536x1024", "2:3": "1024x1536", "auto": "auto"}


async def draw_images(client: AsyncOpenAI, run: Run, fetch: GuardedClient) -> RunReport:
    """Asks for `output_count` pictures; answers with all that came, inline or to be fetched.

    A picture that can't be read is an output that nobody will accept: the others stand. Raises OpenAIError.
    """
    async with client.images.with_streaming_response.generate(**asked_of(run)) as answer:
        told = await document(answer)
    return report_on(told, fetch)


async def edit_images(client: AsyncOpenAI, run: Run, fetch: GuardedClient) -> RunReport:
    """Asks for as many, made from the pictures of `images`, where `mask` is clear if there is one."""
    job, media = run.input, run.media
    pictures = [await input_file(media_id, media[media_id]) for media_id in job["images"]]
    files: dict[str, Any] = {"image": pictures}
    if mask := job.get("mask"):
        files["mask"] = await input_file(mask, media[mask])
    async with client.images.with_streaming_response.edit(**asked_of(run), **files) as answer:
        told = await document(answer)
    return report_on(told, fetch)


def asked_of(run: Run) -> dict[str, Any]:
    """Return what is asked for besides files, in the API's words."""
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
    return asked


def report_on(told: Mapping[str, Any], fetch: GuardedClient) -> RunReport:
    """Return what the body of an answer amounts to, whatever is in it."""
    if told.get("error"):
        return failed_body(told["error"])
    pictures = told.get("data")
    if not isinstance(pictures, list) or not pictures:
        return unreadable("the provider answered without a picture")
    return RunReport(RunState.SUCCEEDED, 1.0, tuple(_output(picture, fetch) for picture in pictures))


def _output(picture: object, fetch: GuardedClient) -> RunOutput:
    told = picture if isinstance(picture, dict) else {}
    encoded, url = told.get("b64_json"), told.get("url")
    if isinstance(encoded, str) and encoded:
        return inline_file(encoded)
    if isinstance(url, str) and url:
        return inline_file(url) if is_data_url(url) else fetch.output(url)
    return InlineOutput(b"")
