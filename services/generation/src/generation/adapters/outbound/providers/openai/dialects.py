"""How a server wants to be asked, as it said when it was asked otherwise."""

from dataclasses import dataclass, field, replace
from typing import Any

from openai import APIStatusError

REFUSAL_STATUSES = (400, 422)


@dataclass(frozen=True)
class Dialect:
    """The parameters that not every server, or not every model of one, knows."""

    limit_name: str = "max_tokens"
    asks_for_usage: bool = True

    def parameters(self, *, tokens_max: int) -> dict[str, Any]:
        """Return the limit and the request for a count, as this server knows them."""
        asked: dict[str, Any] = {self.limit_name: tokens_max}
        if self.asks_for_usage:
            asked["stream_options"] = {"include_usage": True}
        return asked

    def adapted(self, error: APIStatusError) -> "Dialect | None":
        """Return what the server may accept instead; None when its refusal was about something else.

        Each parameter is given up once and never taken back, so asking again comes to an end.
        """
        if error.status_code not in REFUSAL_STATUSES:
            return None
        words = f"{error.message} {error.body} {error.param}"
        unsupported = error.param == "max_tokens" and error.code == "unsupported_parameter"
        if self.limit_name == "max_tokens" and (unsupported or "max_completion_tokens" in words):
            return replace(self, limit_name="max_completion_tokens")
        if self.asks_for_usage and ("stream_options" in words or "include_usage" in words):
            return replace(self, asks_for_usage=False)
        return None


@dataclass
class Dialects:
    """What each model was found to want; remembered, so that no job pays for the lesson twice."""

    _known: dict[str, Dialect] = field(default_factory=dict)

    def of(self, model: str) -> Dialect:
        """How to ask this model."""
        return self._known.get(model, Dialect())

    def learn(self, model: str, dialect: Dialect) -> None:
        """Note how it answered."""
        self._known[model] = dialect
