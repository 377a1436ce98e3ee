"""A provider that holds chats as it is told to, in memory, for tests."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from generation.adapters.outbound.inline import InlineOutput
from generation.domain.generation import Failure
from generation.domain.output import Incomplete
from generation.domain.token_usage import TokenUsage
from generation.ports.chat_provider import ChatAnswer, ChatBroken, ChatCall, ChatRefused
from generation.ports.media_provider import RunReport, RunState

BROKEN = RunReport(
    RunState.FAILED, failure=Failure("PROVIDER_FAILED", "the provider's answer broke off"), unanswered=True
)
BUSY = RunReport(RunState.FAILED, failure=Failure("PROVIDER_FAILED", "the provider is busy"), retryable=True)
REFUSED = RunReport(RunState.FAILED, failure=Failure("PROVIDER_FAILED", "the provider did not accept it"))


@dataclass
class MemoryChatStream:
    """Says the steps in their order: words, an exception, or an event that is waited for."""

    call: ChatCall
    steps: Sequence[str | Exception | asyncio.Event]
    said: list[str] = field(default_factory=list)
    is_whole: bool = False
    is_closed: bool = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """See ChatStream."""
        for step in self.steps:
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif isinstance(step, Exception):
                raise step
            else:
                self.said.append(step)
                yield json.dumps({"choices": [{"index": 0, "delta": {"content": step}}]}).encode()
        self.is_whole = True

    def answer(self) -> ChatAnswer | None:
        """See ChatStream: each step is a token."""
        if not self.said:
            return None
        text = "".join(self.said)
        usage = TokenUsage(self.call.prompt_tokens, len(self.said), is_counted_by_us=not self.is_whole)
        run = RunReport(
            RunState.SUCCEEDED,
            1.0,
            (InlineOutput(text.encode()),),
            usage_units=usage.total,
            incomplete=None if self.is_whole else Incomplete.BROKEN_OFF,
        )
        message = {"role": "assistant", "content": text}
        return ChatAnswer(run=run, completion={"choices": [{"index": 0, "message": message}]}, usage=usage)


@dataclass
class MemoryChats:
    """Each chat takes the next of `scripts`, the last one again and again."""

    scripts: list[Sequence[str | Exception | asyncio.Event]] = field(
        default_factory=lambda: [["Foxes ", "run."]]
    )
    streams: list[MemoryChatStream] = field(default_factory=list)

    @asynccontextmanager
    async def chat(self, call: ChatCall) -> AsyncIterator[MemoryChatStream]:
        """See ChatProvider."""
        steps = self.scripts[min(len(self.streams), len(self.scripts) - 1)]
        stream = MemoryChatStream(call, steps)
        self.streams.append(stream)
        if steps and isinstance(steps[0], ChatRefused):
            raise steps[0]
        try:
            yield stream
        finally:
            stream.is_closed = True


def refused(report: RunReport = BUSY) -> ChatRefused:
    """Return what a provider raises that does not hold the chat."""
    return ChatRefused(report)


def broken() -> ChatBroken:
    """Return what a provider raises whose answer breaks off."""
    return ChatBroken(BROKEN)
