"""What of a job is counted, for whoever prices it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

# A model's chat template adds a few tokens around the prompt.
TEMPLATE_TOKENS_MAX = 64


class Unit(StrEnum):
    """What is counted."""

    IMAGE = "image"
    VIDEO = "video"
    SECOND = "second"
    MEGAPIXEL = "megapixel"
    STEP = "step"
    TOKEN = "token"  # noqa: S105, not a secret
    CHARACTER = "character"

    @property
    def scale(self) -> int:
        """How many of what is counted are one of them: pixels are whole, and a million of them is one."""
        return 1_000_000 if self is Unit.MEGAPIXEL else 1


def units_of(unit: Unit, job: Mapping[str, Any]) -> int:
    """Count what a validated input asks for; of tokens, the most that it can use.

    Inputs carry their amounts in `output_count` (1 when absent), `duration_s`, `width` and `height`, `steps`,
    and `max_tokens` with `prompt` and `system`; characters are those of `prompt`. Of megapixels the pixels
    are counted.
    """
    count = int(job.get("output_count", 1))
    match unit:
        case Unit.IMAGE | Unit.VIDEO:
            return count
        case Unit.SECOND:
            return count * int(job["duration_s"])
        case Unit.MEGAPIXEL:
            return count * int(job["width"]) * int(job["height"])
        case Unit.STEP:
            return count * int(job["steps"])
        case Unit.TOKEN:
            # A token is never shorter than a byte, so bytes bound the prompt's tokens.
            sent = str(job.get("system", "")) + str(job["prompt"])
            return len(sent.encode()) + TEMPLATE_TOKENS_MAX + int(job["max_tokens"])
        case Unit.CHARACTER:
            return count * max(1, len(str(job["prompt"])))


def plural(count: int, noun: str) -> str:
    """`1 credit`, `2 credits`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
