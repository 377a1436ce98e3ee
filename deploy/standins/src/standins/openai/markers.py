"""Instructions inside a prompt: `[[fail:429]]`, `[[stall:2]]`, `[[cut]]`, `[[words:200]]`."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass

from standins.openai.errors import OpenAIError

MARKER = re.compile(r"\[\[(fail|stall|cut|words)(?::([a-z0-9_.]+))?(?::(\d{1,4}))?\]\]")
STALL_S_MAX = 300.0
WORDS_MAX = 20_000
PROMPTS_COUNTED_MAX = 10_000


@dataclass(frozen=True)
class Instructions:
    """What a prompt asks for, and the prompt without the asking."""

    prompt: str
    fail: str | None = None
    fail_times: int | None = None
    stall_s: float = 0.0
    cut: bool = False
    words: int | None = None


def read(prompt: str) -> Instructions:
    """Find the markers; a marker with a value that makes no sense is left in the prompt."""
    found: dict[str, str] = {}
    times: int | None = None
    for name, value, count in MARKER.findall(prompt):
        found[name] = value
        if name == "fail" and count:
            times = int(count)
    return Instructions(
        prompt=MARKER.sub("", prompt).strip(),
        fail=found.get("fail"),
        fail_times=times,
        stall_s=min(_number(found.get("stall")), STALL_S_MAX),
        cut="cut" in found,
        words=min(int(_number(found["words"])), WORDS_MAX) if "words" in found else None,
    )


def _number(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0


class Obedience:
    """Carries out stalls and failures, counting those that shall happen only so often."""

    def __init__(self) -> None:
        self.failed: Counter[str] = Counter()

    async def obey(self, asked: Instructions) -> None:
        """Stall, then fail, as asked."""
        await asyncio.sleep(asked.stall_s)
        if asked.fail is None:
            return
        key = f"{asked.fail}:{asked.prompt}"
        if asked.fail_times is not None and self.failed[key] >= asked.fail_times:
            return
        if len(self.failed) < PROMPTS_COUNTED_MAX:
            self.failed[key] += 1
        raise failure(asked.fail)


def failure(name: str) -> OpenAIError:
    """The error that a name in a `fail` marker stands for."""
    match name:
        case "moderation":
            message = "Your request was rejected by the safety system."
            return OpenAIError(message, kind="image_generation_user_error", code="moderation_blocked")
        case "quota":
            message = "You exceeded your current quota, please check your plan and billing details."
            return OpenAIError(message, status=429, kind="insufficient_quota", code="insufficient_quota")
        case "401":
            return OpenAIError("Incorrect API key provided.", status=401, code="invalid_api_key")
        case "403":
            return OpenAIError(
                "Country, region, or territory not supported.", status=403, code="unsupported_country"
            )
        case "429":
            return OpenAIError(
                "Rate limit reached. Please try again in 1s.",
                status=429,
                kind="requests",
                code="rate_limit_exceeded",
                headers={"retry-after": "1", "retry-after-ms": "1000", "x-ratelimit-remaining-requests": "0"},
            )
        case "503":
            message = "The engine is currently overloaded, please try again later."
            return OpenAIError(message, status=503, kind="service_unavailable_error", code="overloaded")
        case "500":
            message = "The server had an error while processing your request. Sorry about that!"
            return OpenAIError(message, status=500, kind="server_error")
        case _:
            return OpenAIError(f"The stand-in knows no failure called '{name}'.", code="invalid_value")
