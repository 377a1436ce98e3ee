"""Which trouble a request is in for: as its prompt says, or as a control call has ordered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

PROMPTS_COUNTED_MAX = 10_000
SECONDS_MAX = 3_600.0


class Trouble(StrEnum):
    """One word each; `[[word]]` in a prompt asks for it, `[[word:2]]` for the first two requests of it."""

    # A submit, or a poll, is answered so.
    RATE_LIMITED = "rate_limited"
    ERROR = "error"
    BUSY = "busy"
    UNPAID = "unpaid"
    PAGE = "page"
    HANG = "hang"
    # The run starts, and nobody is told.
    LOST = "lost"
    # The run goes so.
    REFUSE = "refuse"
    FAIL = "fail"
    STALL = "stall"
    EARLY = "early"
    NO_FILES = "no_files"
    # Its files are so: all of them, or with `[[part]]` the last one.
    HTML = "html"
    TRUNCATED = "truncated"
    WRONG_TYPE = "wrong_type"
    EMPTY = "empty"
    PRIVATE = "private"
    GONE = "gone"
    PART = "part"


ANSWERS = frozenset(
    {Trouble.RATE_LIMITED, Trouble.ERROR, Trouble.BUSY, Trouble.UNPAID, Trouble.PAGE, Trouble.HANG}
)
FILES = frozenset(
    {Trouble.HTML, Trouble.TRUNCATED, Trouble.WRONG_TYPE, Trouble.EMPTY, Trouble.PRIVATE, Trouble.GONE}
    | {Trouble.PART}
)
MARKER = re.compile(rf"\[\[({'|'.join(Trouble)})(?::(\d{{1,4}}))?\]\]")


class Delivery(StrEnum):
    """How a webhook travels."""

    WELL = "well"
    DROPPED = "dropped"
    DOUBLED = "doubled"
    LATE = "late"
    # After the webhook that follows it.
    SWAPPED = "swapped"
    FORGED = "forged"


@dataclass
class Rotation:
    """Each takes the next of `words`, an empty one behaves; after `left` of them all behave again."""

    words: Sequence[str] = ()
    left: int | None = None
    taken: int = 0

    def next(self) -> str:
        """Return the word for whoever comes now."""
        if not self.words or self.left == 0:
            return ""
        if self.left is not None:
            self.left -= 1
        self.taken += 1
        return self.words[(self.taken - 1) % len(self.words)]


@dataclass
class Chaos:
    """What is ordered, and what was asked; forgotten at a restart.

    A prompt with markers is left to them, so that a test's own order is not mixed with anybody's.
    """

    submits: Rotation = field(default_factory=Rotation)
    polls: Rotation = field(default_factory=Rotation)
    webhooks: Rotation = field(default_factory=Rotation)
    late_s: float = 1.0
    calls: Counter[str] = field(default_factory=Counter)
    """Submits by prompt, markers included."""
    started: Counter[str] = field(default_factory=Counter)
    """Those of them that started a run, whether or not the answer arrived."""
    obeyed: Counter[str] = field(default_factory=Counter)

    def of_submit(self, prompt: str) -> Trouble | None:
        """Count a submit and say what it is in for."""
        _count(self.calls, prompt)
        found = MARKER.search(prompt)
        if found is None:
            return _trouble(self.submits.next())
        word, times = found[1], found[2]
        if times is not None:
            what = f"{word}:{prompt}"
            if self.obeyed[what] >= int(times):
                return None
            _count(self.obeyed, what)
        return Trouble(word)

    def of_poll(self) -> Trouble | None:
        """Say what a poll is in for: one of those that are answers."""
        trouble = _trouble(self.polls.next())
        return trouble if trouble in ANSWERS else None

    def of_webhook(self) -> Delivery:
        """Say how the next webhook travels."""
        return Delivery(self.webhooks.next() or Delivery.WELL)

    def start(self, prompt: str) -> None:
        """Note that a run was started, and will be billed."""
        _count(self.started, prompt)


def plain(prompt: str) -> str:
    """Return the prompt without its markers."""
    return MARKER.sub("", prompt).strip()


def _trouble(word: str) -> Trouble | None:
    return Trouble(word) if word else None


def _count(counter: Counter[str], key: str) -> None:
    if key in counter or len(counter) < PROMPTS_COUNTED_MAX:
        counter[key] += 1
