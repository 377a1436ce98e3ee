"""What a chat used."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TokenUsage:
    """Of all choices together; `is_counted_by_us` where the provider did not say."""

    prompt_tokens: int
    completion_tokens: int
    is_counted_by_us: bool

    @property
    def total(self) -> int:
        """What is charged for."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, kw_only=True)
class PictureTokens:
    """What a provider counted for a picture: its words, the pictures it was made from, and itself."""

    text: int
    image: int
    output: int
