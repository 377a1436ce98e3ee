"""What tries came to."""

from datetime import date
from typing import Annotated, Self

from pydantic import RootModel

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, GenerationId, ModelId, Moment, shown
from gateway.adapters.inbound.rest.answers.page import Page, Whole
from gateway.domain import usage as domain

ApiKeyId = Annotated[str | None, shown(None, "key_019324a1b2c37def8a9b0c1d2e3f4a62")]
ApiKeyName = Annotated[str | None, shown(None, "Nightly renders")]
Tokens = Annotated[int | None, shown(None, 812, minimum=0)]


class Usage(Answer):
    """One try with one provider: a generation has one, or more where others failed before."""

    time: Moment
    """When it began."""
    attempt_id: Annotated[str, shown("att_019324a1b2c37def8a9b0c1d2e3f4a61")]
    """The attempt's id, as `explain` has it."""
    generation_id: GenerationId
    model: ModelId
    provider: Annotated[str, shown("local")]
    """Who was asked."""
    outcome: domain.AttemptOutcome
    """How it ended, or that it has not."""
    reason: Annotated[str | None, shown(None, "PROVIDER_FAILED")]
    """Why it failed, a stable word; otherwise null."""
    outputs: Annotated[int, shown(2, minimum=0)]
    """Files that were delivered."""
    tokens: Tokens
    """Where the provider counts them; otherwise null."""
    credits: Credits
    """Charged for it: nothing for a try that did not deliver."""
    latency_ms: Annotated[int | None, shown(2381, minimum=0)]
    """From its beginning to its end; null while it runs."""
    key: ApiKeyId
    """The API key that its generation was asked for with; null for somebody who was signed in."""
    key_name: ApiKeyName
    """What the key was called then."""

    @classmethod
    def of(cls, usage: domain.AttemptUsage) -> Self:
        """Show a try."""
        return cls(
            time=usage.started_at,
            attempt_id=usage.attempt_id,
            generation_id=usage.generation_id,
            model=usage.model_id,
            provider=usage.provider,
            outcome=usage.outcome,
            reason=usage.reason,
            outputs=usage.output_count,
            tokens=usage.tokens,
            credits=usage.credits,
            latency_ms=usage.latency_ms,
            key=usage.api_key_id,
            key_name=usage.api_key_name,
        )


class UsagePage(Page[Usage]):
    """A part of a user's tries, newest first."""


class UsageGroup(Answer):
    """Tries put together; what they are not put together by is null."""

    day: Annotated[date | None, shown("2026-01-31")]
    """Of UTC, by when they began."""
    model: ModelId | None
    attempts: Annotated[int, shown(12, minimum=1)]
    """How many there are."""
    outputs: Annotated[int, shown(20, minimum=0)]
    """Files that were delivered."""
    tokens: Annotated[int, shown(0, minimum=0)]
    """Those that providers counted."""
    credits: Credits
    """Charged for them."""
    key: ApiKeyId
    """Of jobs asked for with this API key; `none` for those of somebody who was signed in."""
    key_name: ApiKeyName
    """What the key was called then."""

    @classmethod
    def of(cls, group: domain.UsageGroup) -> Self:
        """Show a group."""
        return cls(
            day=group.day,
            model=group.model_id,
            attempts=group.attempts,
            outputs=group.output_count,
            tokens=group.tokens,
            credits=group.credits,
            key=group.api_key_id,
            key_name=group.api_key_name,
        )


class UsageGroups(Whole[UsageGroup]):
    """All groups, the newest day first, then by model, then by key."""


class UsageList(RootModel[UsagePage | UsageGroups]):
    """A part of a user's tries; with `group_by`, all groups."""
