"""A key by which a person's programs act for them, within what it allows."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.errors import Forbidden
from gateway.domain.identifiers import ApiKeyId, KeyDigest, ModelId

_TEXT = re.compile(r"tt_live_[A-Za-z0-9_-]{43}[A-Za-z0-9]{6}")


class Scope(StrEnum):
    """What a key may do; whatever no scope names is for people alone."""

    GENERATIONS_READ = "generations:read"
    GENERATIONS_WRITE = "generations:write"
    BILLING_READ = "billing:read"
    ACCOUNT_READ = "account:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


@dataclass(frozen=True, kw_only=True)
class KeyTerms:
    """What a person says of a key that they make."""

    name: str
    scopes: frozenset[Scope]
    model_ids: tuple[ModelId, ...] = ()
    """The models that it may run; empty for all of them."""
    expires_at: datetime | None = None
    monthly_credits_max: int | None = None
    """Credits that it may reserve in a calendar month (UTC); None for as many as there are."""


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key as its person sees it."""

    key_id: ApiKeyId
    terms: KeyTerms
    hint: str
    """The last characters of its text."""
    created_at: datetime
    last_used_at: datetime | None
    is_expired: bool


@dataclass(frozen=True, kw_only=True)
class NewApiKey:
    """A key that was made, and its text; None when the same request made it before."""

    key: ApiKey
    text: str | None


@dataclass(frozen=True, kw_only=True)
class KeyGrant:
    """What the key that a request came with allows."""

    key_id: ApiKeyId
    digest: KeyDigest
    terms: KeyTerms

    def require_scopes(self, needed: frozenset[Scope]) -> None:
        """Raise Forbidden, naming what the key lacks."""
        if missing := sorted(needed - self.terms.scopes):
            raise Forbidden(
                f"The key {self.terms.name!r} lacks the scope {', '.join(missing)}.", reason="SCOPE_REQUIRED"
            )

    def require_model(self, model_id: ModelId) -> None:
        """Raise Forbidden for a model that the key may not run."""
        if self.terms.model_ids and model_id not in self.terms.model_ids:
            raise Forbidden(
                f"The key {self.terms.name!r} may not run {model_id}.", reason="MODEL_NOT_ALLOWED"
            )


def could_be_a_key(text: str) -> bool:
    """Whether a text is written as keys are: nobody is asked about any other."""
    return _TEXT.fullmatch(text) is not None
