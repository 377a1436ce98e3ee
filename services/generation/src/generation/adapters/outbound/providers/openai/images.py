"""`POST /images/generations`, and `/images/edits` for what is made from pictures."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog
from openai import APIStatusError, AsyncAPIResponse, AsyncOpenAI

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.inline import InlineOutput
from generation.adapters.outbound.providers.input_file import input_file
from generation.adapters.outbound.providers.openai.answers import document
from generation.adapters.outbound.providers.openai.encoded_files import inline_file, is_data_url
from generation.adapters.outbound.providers.openai.failures import failed_body, unreadable
from generation.adapters.outbound.providers.openai.image_stream import picture_in, refuses_to_stream
from generation.adapters.outbound.providers.openai.transcript import is_count
from generation.domain.token_usage import PictureTokens
from generation.ports.media_provider import Run, RunOutput, RunReport, RunState

SIZES = {"1:1": "1024x1024", "3:2": "1536x1024", "2:3": "1024x1536", "auto": "auto"}
log = structlog.get_logger(__name__)


async def draw_images(
    client: AsyncOpenAI, run: Run, fetch: GuardedClient, advance: Callable[[float], None]
) -> RunReport:
    """Asks for `output_count` pictures; answers with all that came, inline or to be fetched.

    A picture that can't be read is an output that nobody will accept: the others stand. Raises OpenAIError.
    """
    return await _made(client.images.with_streaming_response.generate, run, fetch, advance)


async def edit_images(
    client: AsyncOpenAI, run: Run, fetch: GuardedClient, advance: Callable[[float], None]
) -> RunReport:
    """Asks for as many, made from the pictures of `images`, where `mask` is clear if there is one."""
    job, media = run.input, run.media
    pictures = [await input_file(media_id, media[media_id]) for media_id in job["images"]]
    files: dict[str, Any] = {"image": pictures}
    if mask := job.get("mask"):
        files["mask"] = await input_file(mask, media[mask])
    return await _made(client.images.with_streaming_response.edit, run, fetch, advance, **files)


async def _made(
    ask: Callable[..., AbstractAsyncContextManager[AsyncAPIResponse[Any]]],
    run: Run,
    fetch: GuardedClient,
    advance: Callable[[float], None],
    **files: Any,
) -> RunReport:
    """Ask in parts where previews of one picture are wanted; else, or where that is refused, whole."""
    asked = asked_of(run) | files
    if run.previews_max and asked["n"] == 1:
        try:
            async with ask(**asked, stream=True, partial_images=run.previews_max) as answer:
                return report_on(await picture_in(answer, run, advance), fetch)
        except APIStatusError as error:
            if not refuses_to_stream(error):
                raise
            log.warning("provider shows no previews", model=run.model)
    async with ask(**asked) as answer:
        return report_on(await document(answer), fetch)


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
    return RunReport(
        RunState.SUCCEEDED,
        1.0,
        tuple(_output(picture, fetch) for picture in pictures),
        picture_tokens=_tokens(told.get("usage")),
    )


def _tokens(usage: object) -> PictureTokens | None:
    """Return what a server says it counted; None where it says nothing that can be so."""
    if not isinstance(usage, Mapping):
        return None
    details = usage.get("input_tokens_details")
    told = details if isinstance(details, Mapping) else {"text_tokens": usage.get("input_tokens")}
    text, image, output = told.get("text_tokens"), told.get("image_tokens", 0), usage.get("output_tokens")
    if is_count(text) and is_count(image) and is_count(output):
        return PictureTokens(text=text, image=image, output=output)
    return None


def _output(picture: object, fetch: GuardedClient) -> RunOutput:
    told = picture if isinstance(picture, dict) else {}
    encoded, url = told.get("b64_json"), told.get("url")
    if isinstance(encoded, str) and encoded:
        return inline_file(encoded)
    if isinstance(url, str) and url:
        return inline_file(url) if is_data_url(url) else fetch.output(url)
    return InlineOutput(b"")
