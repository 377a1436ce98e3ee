"""Instructions inside a prompt: `[[fail:429]]`, `[[stall:2]]`, `[[cut]]`, `[[answer:bomb]]`, ..."""

from __future__ import annotations

import re
from dataclasses import dataclass

MARKER = re.compile(
    r"\[\[(fail|retry_after|stall|hang|pace|cut|words|answer)(?::([a-z0-9_.]+))?(?::(\d{1,4}))?\]\]"
)
STALL_S_MAX = 300.0
PACE_S_MAX = 60.0
RETRY_AFTER_S_MAX = 86_400
WORDS_MAX = 20_000


@dataclass(frozen=True)
class Instructions:
    """What a prompt asks for, and the prompt without the asking."""

    prompt: str
    fail: str | None = None
    answer: str | None = None
    """Which misshapen answer to give in place of a good one."""
    times: int | None = None
    """How often to fail, or to answer so; None is always."""
    retry_after_s: int | None = None
    stall_s: float = 0.0
    pace_s: float | None = None
    """The pause between two chunks of a stream; None is the stand-in's own."""
    hang: bool = False
    cut: bool = False
    words: int | None = None


def read(prompt: str) -> Instructions:
    """Find the markers; a marker with a value that makes no sense is left in the prompt."""
    found: dict[str, str] = {}
    times: int | None = None
    for name, value, count in MARKER.findall(prompt):
        found[name] = value
        if count:
            times = int(count)
    return Instructions(
        prompt=MARKER.sub("", prompt).strip(),
        fail=found.get("fail"),
        answer=found.get("answer"),
        times=times,
        retry_after_s=_whole(found, "retry_after", RETRY_AFTER_S_MAX),
        stall_s=min(_number(found.get("stall")), STALL_S_MAX),
        pace_s=min(_number(found["pace"]), PACE_S_MAX) if "pace" in found else None,
        hang="hang" in found,
        cut="cut" in found,
        words=_whole(found, "words", WORDS_MAX),
    )


def carries_markers(prompt: str) -> bool:
    """Whether a prompt says itself what shall happen to it."""
    return MARKER.search(prompt) is not None


def _whole(found: dict[str, str], name: str, most: int) -> int | None:
    return min(int(_number(found[name])), most) if name in found else None


def _number(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0
