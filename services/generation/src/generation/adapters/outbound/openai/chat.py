"""`POST /chat/completions`, streamed."""

import logging
from collections.abc import Callable

from openai import APIConnectionError, AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from generation.adapters.outbound.inline import InlineOutput
from generation.ports.media_provider import Run, RunReport, RunState

# English text has about this many bytes a token; used only where the provider's count is missing.
BYTES_PER_TOKEN = 4
log = logging.getLogger(__name__)


async def write_text(client: AsyncOpenAI, run: Run, advance: Callable[[float], None]) -> RunReport:
    """The answer as one text file, with the provider's own token count.

    A stream that breaks has no count: what had come is delivered and counted by its pieces.
    Raises OpenAIError when nothing came.
    """
    tokens_max = int(run.input["max_tokens"])
    stream = await client.chat.completions.create(
        model=run.model,
        messages=_messages(run),
        max_tokens=tokens_max,
        stream=True,
        stream_options={"include_usage": True},
    )
    pieces: list[str] = []
    usage_units: int | None = None
    try:
        async for chunk in stream:
            if chunk.usage:
                usage_units = chunk.usage.total_tokens
            if chunk.choices and chunk.choices[0].delta.content:
                pieces.append(chunk.choices[0].delta.content)
                advance(len(pieces) / tokens_max)
    except Exception as error:
        # What a broken stream raises depends on the HTTP client that the SDK has inside.
        if not pieces:
            raise APIConnectionError(request=stream.response.request) from error
        log.warning("the answer to %s broke off after %s pieces: %r", run.key, len(pieces), error)
    if not pieces:
        raise APIConnectionError(message="the answer was empty", request=stream.response.request)
    if usage_units is None:
        usage_units = _prompt_tokens(run) + len(pieces)
    output = InlineOutput("".join(pieces).encode())
    return RunReport(RunState.SUCCEEDED, 1.0, (output,), usage_units=usage_units)


def _messages(run: Run) -> list[ChatCompletionMessageParam]:
    messages: list[ChatCompletionMessageParam] = []
    if run.input.get("system"):
        messages.append({"role": "system", "content": str(run.input["system"])})
    messages.append({"role": "user", "content": str(run.input["prompt"])})
    return messages


def _prompt_tokens(run: Run) -> int:
    sent = str(run.input.get("system", "")) + str(run.input["prompt"])
    return len(sent.encode()) // BYTES_PER_TOKEN
