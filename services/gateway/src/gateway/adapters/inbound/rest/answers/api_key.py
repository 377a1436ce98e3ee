"""An API key."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, ModelId, Moment, shown
from gateway.adapters.inbound.rest.answers.page import Whole
from gateway.domain import api_key as domain

_TEXT = "tt_live_EXAMPLExxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx000000"


class ApiKey(Answer):
    """A key by which a program acts for you."""

    id: Annotated[str, shown("key_019324a1b2c37def8a9b0c1d2e3f4a65")]
    """The key's id, by which it is revoked."""
    name: Annotated[str, shown("Web shop")]
    """By which you know it again."""
    hint: Annotated[str, shown("Hq7a")]
    """The last characters of its text."""
    scopes: Annotated[list[domain.Scope], shown(["generations:read", "generations:write"])]
    """What it may do."""
    models: Annotated[list[ModelId], shown(["openai/chat"])]
    """The models that it may run; all of them when empty."""
    monthly_credit_limit: Credits | None
    """Credits that it may reserve in a calendar month (UTC); null for no limit."""
    created_at: Moment
    expires_at: Moment | None
    """When it ends by itself; null for never."""
    expired: Annotated[bool, shown(False)]
    """Whether it has ended by itself."""
    last_used_at: Moment | None
    """To the minute; null when it was never used."""

    @classmethod
    def of(cls, key: domain.ApiKey) -> Self:
        """Show a key."""
        return cls(
            id=key.key_id,
            name=key.terms.name,
            hint=key.hint,
            scopes=sorted(key.terms.scopes),
            models=list(key.terms.model_ids),
            monthly_credit_limit=key.terms.monthly_credits_max,
            created_at=key.created_at,
            expires_at=key.terms.expires_at,
            expired=key.is_expired,
            last_used_at=key.last_used_at,
        )


class NewApiKey(ApiKey):
    """A key that was made just now."""

    key: Annotated[str | None, shown(_TEXT)]
    """The key's text. It is told this once; null in an answer that comes again."""

    @classmethod
    def made(cls, new: domain.NewApiKey) -> Self:
        """Show a new key."""
        return cls(**ApiKey.of(new.key).model_dump(), key=new.text)


class ApiKeyList(Whole[ApiKey]):
    """The keys of a person."""
