"""A chat answer as it grows, and what it amounts to when it has ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from generation.adapters.outbound.inline import InlineOutput
from generation.adapters.outbound.providers.openai.failures import failed_body, unreadable
from generation.adapters.outbound.providers.refusals import CONTENT_REFUSED
from generation.domain.generation import Failure
from generation.domain.output import Incomplete
from generation.ports.media_provider import RunReport, RunState

# English text has about this many bytes a token; used only where the provider's count is missing.
BYTES_PER_TOKEN = 4
# No text has more, over a whole answer.
BYTES_PER_TOKEN_LONGEST = 6
# No server sends more in a piece that it counts as one.
BYTES_PER_TOKEN_MAX = 64
# Not every server counts it as part of the answer; a quarter of a million tokens is no thought any more.
REASONING_BYTES_MAX = 1024 * 1024
# No answer has more. A number that is larger could be written down nowhere, and its job never settled.
TOKENS_MAX = 2**31 - 1
ONLY_THOUGHT = Failure(
    "TOKENS_EXHAUSTED",
    "the model used all its tokens for reasoning before it wrote an answer; allow a longer one",
)


@dataclass
class Transcript:
    """Takes chunks of a stream, or one whole completion, and trusts the shape of neither."""

    tokens_max: int
    pieces: list[str] = field(default_factory=list)
    text_bytes: int = 0
    # Nobody is shown it, and nobody keeps it.
    reasoning_bytes: int = 0
    usage_units: int | None = None
    finish_reason: str | None = None
    has_refusal: bool = False
    error: object = None
    # The server said that this was all.
    done: bool = False

    @property
    def is_past_its_limit(self) -> bool:
        """Whether the server takes no notice of the limit: more came than any tokenizer could mean.

        Pieces are mostly tokens. Where they are letters the bytes tell, and where they are pages too.
        """
        many = len(self.pieces) > self.tokens_max
        return (
            (many and self.text_bytes > self.tokens_max * BYTES_PER_TOKEN_LONGEST)
            or self.text_bytes > self.tokens_max * BYTES_PER_TOKEN_MAX
            or self.reasoning_bytes > REASONING_BYTES_MAX
        )

    def take(self, chunk: Mapping[str, Any]) -> None:
        """One event of a stream, or the whole of an answer that is none."""
        self.error = self.error or chunk.get("error") or (chunk if chunk.get("object") == "error" else None)
        self.usage_units = _count(chunk.get("usage")) or self.usage_units
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, Mapping):
            return
        said = choice.get("delta") or choice.get("message")
        if isinstance(said, Mapping):
            self._hear(said)
        if isinstance(choice.get("finish_reason"), str):
            self.finish_reason = choice["finish_reason"]

    def report(self, *, prompt_tokens: int) -> RunReport:
        """Return what the answer amounts to; half of one is delivered and counted as half."""
        if self.finish_reason == "content_filter" or (self.has_refusal and not self.pieces):
            return RunReport(RunState.FAILED, failure=CONTENT_REFUSED)
        if not self.pieces:
            return self._nothing()
        output = InlineOutput(joined(self.pieces).encode())
        usage_units = self.usage_units
        if usage_units is None:
            usage_units = prompt_tokens + min(tokens_in(self.pieces), self.tokens_max)
        return RunReport(
            RunState.SUCCEEDED, 1.0, (output,), usage_units=usage_units, incomplete=self._incomplete()
        )

    def _nothing(self) -> RunReport:
        if self.error:
            return failed_body(self.error)
        if self.reasoning_bytes and (self.finish_reason == "length" or self.is_past_its_limit):
            return RunReport(RunState.FAILED, failure=ONLY_THOUGHT)
        return unreadable("the provider answered without a text")

    def _incomplete(self) -> Incomplete | None:
        if self.finish_reason == "length" or self.is_past_its_limit:
            return Incomplete.LENGTH
        if self.error or not (self.done or self.finish_reason):
            return Incomplete.BROKEN_OFF
        return None

    def _hear(self, said: Mapping[str, Any]) -> None:
        content = text_of(said.get("content"))
        reasoning = text_of(said.get("reasoning_content") or said.get("reasoning"))
        if content:
            self.pieces.append(content)
            self.text_bytes += _size_bytes(content)
        self.reasoning_bytes += _size_bytes(reasoning)
        self.has_refusal |= bool(said.get("refusal"))


def text_of(content: object) -> str:
    """Return the text of a message's content: a string, or a list of parts, some of them text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part if isinstance(part, str) else _text_part(part) for part in content]
    return "".join(parts)


def joined(pieces: list[str]) -> str:
    """One text; a character that came in two halves is whole again, a lone half is a replacement mark."""
    return "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def tokens_in(pieces: list[str]) -> int:
    """How many tokens a text has that came in these pieces: one each, unless they are letters or pages."""
    size_bytes = sum(_size_bytes(piece) for piece in pieces)
    if 2 * len(pieces) <= size_bytes <= 16 * len(pieces):
        return len(pieces)
    return -(-size_bytes // BYTES_PER_TOKEN)


def _size_bytes(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def _text_part(part: object) -> str:
    text = part.get("text") if isinstance(part, Mapping) else None
    return text if isinstance(text, str) else ""


def _count(usage: object) -> int | None:
    """Return the tokens that a server says it used; None where it says nothing that can be so."""
    if not isinstance(usage, Mapping):
        return None
    total = usage.get("total_tokens")
    if is_count(total) and total:
        return total
    asked, answered = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return asked + answered if is_count(asked) and is_count(answered) and asked and answered else None


def is_count(value: object) -> TypeGuard[int]:
    """Whether a server may mean it as a number of tokens."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= TOKENS_MAX
