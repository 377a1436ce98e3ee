"""OpenAI's moderation, through the official SDK, whose own retries are off."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from openai import APIStatusError, AsyncOpenAI, OpenAIError

from generation.adapters.outbound.providers.retry_after import retry_after_s
from generation.domain.moderation import Category
from generation.ports.moderation import ModerationUnavailable

# By what a category of theirs begins with: `violence` is `violence/graphic` too.
_CATEGORIES: Mapping[str, Category] = {
    "harassment": Category.HARASSMENT,
    "hate": Category.HATE,
    "illicit": Category.ILLICIT,
    "self-harm": Category.SELF_HARM,
    "sexual": Category.SEXUAL,
    "violence": Category.VIOLENCE,
}
_MINORS = "sexual/minors"


class OpenAIModeration:
    """`base_url` and `api_key` say who answers; nothing is bought, so asking again costs nothing."""

    def __init__(self, client: AsyncOpenAI, *, model: str) -> None:
        self._client = client
        self._model = model

    async def refused(self, texts: Sequence[str]) -> frozenset[Category]:
        try:
            answer = await self._client.moderations.create(model=self._model, input=list(texts))
            results = answer.results
            if len(results) != len(texts):
                raise ModerationUnavailable("the answer is about another number of texts")
            # By their own names: a category that the library does not know yet counts, too.
            flagged = [result.categories.to_dict() for result in results if result.flagged]
        except APIStatusError as error:
            pause_s = retry_after_s(error.response.headers.get("retry-after"), now=datetime.now(UTC))
            raise ModerationUnavailable(f"status {error.status_code}", retry_after_s=pause_s) from error
        except (OpenAIError, AttributeError, TypeError, ValueError) as error:
            raise ModerationUnavailable(repr(error)) from error
        named = [frozenset(name for name, holds in told.items() if holds is True) for told in flagged]
        return frozenset(
            category for names in named for category in (map(_category, names) if names else [Category.OTHER])
        )


def _category(name: str) -> Category:
    if name == _MINORS:
        return Category.SEXUAL_MINORS
    return _CATEGORIES.get(name.partition("/")[0], Category.OTHER)
