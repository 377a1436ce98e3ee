"""`POST /chat/completions`, streamed."""

from collections.abc import Callable
from typing import Any

import structlog
from openai import APIStatusError, AsyncAPIResponse, AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from generation.adapters.outbound.providers.openai.answers import events
from generation.adapters.outbound.providers.openai.dialects import Dialect, Dialects
from generation.adapters.outbound.providers.openai.failures import AnswerBroken
from generation.adapters.outbound.providers.openai.transcript import BYTES_PER_TOKEN, Transcript
from generation.ports.media_provider import Run, RunReport

log = structlog.get_logger(__name__)


async def write_text(
    client: AsyncOpenAI, run: Run, advance: Callable[[float], None], dialects: Dialects
) -> RunReport:
    """Return the answer as one text file, with the provider's own token count.

    A stream that breaks has no count: what had come is delivered and counted by its pieces. A server that
    refuses a parameter is asked again without it, once for each, and from then on at once.
    Raises OpenAIError when nothing came.
    """
    dialect = dialects.of(run.model)
    while True:
        try:
            report = await _ask(client, run, advance, dialect)
        except APIStatusError as error:
            # It was refused before anything was made: asking again buys nothing twice.
            if (other := dialect.adapted(error)) is None:
                raise
            dialect = other
        else:
            dialects.learn(run.model, dialect)
            return report


async def _ask(
    client: AsyncOpenAI, run: Run, advance: Callable[[float], None], dialect: Dialect
) -> RunReport:
    transcript = Transcript(tokens_max=int(run.input["max_tokens"]))
    async with client.chat.completions.with_streaming_response.create(
        model=run.model,
        # As they are: the SDK looks at each field of what it is given by its own types, and changes none.
        messages=[],
        stream=True,
        extra_body={"messages": _messages(run), **dialect.parameters(tokens_max=transcript.tokens_max)},
    ) as answer:
        await _follow(answer, run, transcript, advance)
    return transcript.report(prompt_tokens=_prompt_tokens(run))


async def _follow(
    answer: AsyncAPIResponse[Any], run: Run, transcript: Transcript, advance: Callable[[float], None]
) -> None:
    """Read until the answer ends, breaks or is too long. Raises AnswerBroken before any text."""
    try:
        async for chunk in events(answer):
            if chunk is None:
                transcript.done = True
                return
            transcript.take(chunk)
            advance(min(1.0, len(transcript.pieces) / transcript.tokens_max))
            if transcript.error or transcript.is_past_its_limit:
                log.warning("answer not read to its end", attempt_id=run.key, error=transcript.error)
                return
    except AnswerBroken as error:
        if not transcript.pieces:
            raise
        log.warning("answer broke off", attempt_id=run.key, error=str(error))


def _messages(run: Run) -> list[ChatCompletionMessageParam]:
    messages: list[ChatCompletionMessageParam] = []
    if run.input.get("system"):
        messages.append({"role": "system", "content": str(run.input["system"])})
    messages.append({"role": "user", "content": str(run.input["prompt"])})
    return messages


def _prompt_tokens(run: Run) -> int:
    sent = str(run.input.get("system", "")) + str(run.input["prompt"])
    return len(sent.encode()) // BYTES_PER_TOKEN
