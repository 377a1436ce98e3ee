"""Callers who chat, in a process of their own: `python -m bench.path.chat_client SPEC`.

The last line says what they reached. Whoever is asked, the product, its provider or another proxy, is asked
in the same words.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

import uvloop

from bench.path.client import JOB_TIMEOUT_S, MAX_TOKENS, Steps, drive
from bench.path.connection import Connection

# Some begin with a chunk that says who speaks, and nothing else.
WORD = re.compile(rb'"content": ?"[^"]')
CHARGED = re.compile(rb'"credits_charged": ?(\d+)')
LAST_BYTES = 512


@dataclass(frozen=True, kw_only=True)
class ChatSpec:
    """Whom to ask for what: so many callers, for so long. `keys` are shared out among them."""

    url: str
    path: str
    model: str
    keys: tuple[str, ...]
    callers: int
    is_streamed: bool
    warm_up_s: float
    seconds: float
    # Every answer must say what it cost.
    is_charged: bool = False

    def as_json(self) -> str:
        """Return it for the other process."""
        return json.dumps(asdict(self))


@dataclass
class Chatting:
    """What all callers have in common: what was charged to them."""

    spec: ChatSpec
    credits: int = 0
    connections: list[Connection] = field(default_factory=list)

    async def run(self) -> dict[str, Any]:
        """Let each caller hold one chat after the other; return what they reached, with the credits."""
        keys = self.spec.keys
        self.connections = [
            Connection(self.spec.url, keys[number % len(keys)]) for number in range(self.spec.callers)
        ]
        reached = await drive(
            self.spec, lambda number: self._streamed(number) if self.spec.is_streamed else self._whole(number)
        )
        for connection in self.connections:
            connection.close()
        return {**asdict(reached), "credits": self.credits}

    async def _streamed(self, number: int) -> Steps:
        """Return when the first word came, and the end."""
        began, first, last, connection = time.perf_counter(), 0.0, b"", self.connections[number]
        async with asyncio.timeout(JOB_TIMEOUT_S):
            async for piece in connection.post(self.spec.path, question(self.spec.model, is_streamed=True)):
                last = last[-LAST_BYTES:] + piece
                if not first and WORD.search(last):
                    first = time.perf_counter()
        ended = time.perf_counter()
        if not first or b"data: [DONE]" not in last[-LAST_BYTES:]:
            raise RuntimeError(f"a stream did not end as it should: {last[-LAST_BYTES:]!r}")
        told = CHARGED.findall(last)
        self._note(int(told[-1]) if told else 0)
        return first - began, ended - began

    async def _whole(self, number: int) -> Steps:
        """Return when the answer was there."""
        began, connection = time.perf_counter(), self.connections[number]
        async with asyncio.timeout(JOB_TIMEOUT_S):
            asked = connection.post(self.spec.path, question(self.spec.model, is_streamed=False))
            answer = b"".join([piece async for piece in asked])
        ended = time.perf_counter()
        if not json.loads(answer)["choices"][0]["message"]["content"]:
            raise RuntimeError(f"an answer without a word: {answer[:300]!r}")
        self._note(int(connection.headers.get("x-tintype-credits-charged", 0)))
        return (ended - began,)

    def _note(self, charged: int) -> None:
        if self.spec.is_charged and charged < 1:
            raise RuntimeError("a chat was told to have cost nothing")
        self.credits += charged


def question(
    model: str, *, is_streamed: bool, more: str = "", tokens_max: int = MAX_TOKENS
) -> Mapping[str, Any]:
    """Return what is asked, which nobody asked before."""
    said = {"role": "user", "content": f"a short answer, {uuid4().hex}{more}"}
    asked = {"model": model, "messages": [said], "max_tokens": tokens_max}
    return asked | ({"stream": True, "stream_options": {"include_usage": True}} if is_streamed else {})


def main(arguments: Sequence[str]) -> int:
    """Chat; returns the exit code."""
    given = json.loads(arguments[0])
    chatting = Chatting(ChatSpec(**{**given, "keys": tuple(given["keys"])}))
    print(json.dumps(uvloop.run(chatting.run())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
