"""Counts what is asked, decides what shall go wrong with it, and lets it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from standins.openai import markers
from standins.openai.errors import OpenAIError
from standins.openai.failures import failure
from standins.openai.markers import Instructions

Endpoint = Literal["images", "chat", "speech"]
HANG_S = 3600.0
PROMPTS_COUNTED_MAX = 10_000


@dataclass
class Order:
    """Trouble for requests that carry no markers: each takes the next of `rotation`, an empty one behaves.

    It ends after `left` requests; None is never.
    """

    rotation: Sequence[str] = ()
    left: int | None = None
    endpoint: Endpoint | None = None
    taken: int = 0

    def next(self, endpoint: Endpoint) -> str:
        """Return the markers that a request to this endpoint gets."""
        if not self.rotation or self.left == 0 or self.endpoint not in (None, endpoint):
            return ""
        if self.left is not None:
            self.left -= 1
        self.taken += 1
        return self.rotation[(self.taken - 1) % len(self.rotation)]


@dataclass
class Obedience:
    """What was asked, and what is ordered; forgotten at a restart."""

    order: Order = field(default_factory=Order)
    calls: Counter[str] = field(default_factory=Counter)
    """Requests by prompt, markers included."""
    billed: Counter[str] = field(default_factory=Counter)
    """Those of them that were worked on to the end, whether or not the answer arrived."""
    obeyed: Counter[str] = field(default_factory=Counter)

    def instructions(self, prompt: str, endpoint: Endpoint) -> Instructions:
        """Count a request, and read what its prompt asks for, or else what the order in force does."""
        _count(self.calls, prompt)
        if not markers.carries_markers(prompt):
            return replace(markers.read(self.order.next(endpoint)), prompt=prompt.strip())
        asked = markers.read(prompt)
        if asked.times is None:
            return asked
        what = f"{asked.fail or asked.answer}:{asked.prompt}"
        if self.obeyed[what] >= asked.times:
            return replace(asked, fail=None, answer=None)
        _count(self.obeyed, what)
        return asked

    async def obey(self, asked: Instructions) -> None:
        """Hang or stall, then fail, as asked."""
        await asyncio.sleep(HANG_S if asked.hang else asked.stall_s)
        if asked.fail is not None:
            raise failure(asked.fail, retry_after_s=asked.retry_after_s)

    def bill(self, prompt: str) -> None:
        """Note that a request was worked on to the end."""
        _count(self.billed, prompt)


def unknown_answer(name: str) -> OpenAIError:
    """Return the refusal of a marker that names no answer of this endpoint's."""
    return OpenAIError(f"The stand-in knows no answer called '{name}' here.", code="invalid_value")


def _count(counter: Counter[str], key: str) -> None:
    if key in counter or len(counter) < PROMPTS_COUNTED_MAX:
        counter[key] += 1
