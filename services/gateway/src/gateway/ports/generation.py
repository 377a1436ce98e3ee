"""Models and generations, as the generation service keeps them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.domain.generation import (
    EVERY_GENERATION,
    Document,
    Generation,
    LibraryFilter,
    Model,
    NewGeneration,
    Quote,
)
from gateway.domain.identifiers import AccountId, GenerationId, ModelId
from gateway.domain.page import Page
from gateway.domain.usage import ModelUsage


class Generations(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`."""

    async def models(self, account_id: AccountId | None = None) -> Sequence[Model]:
        """Return what is on offer; `is_usable` says whether the account may use it, where one is named."""
        ...

    async def model(self, model_id: ModelId, account_id: AccountId | None = None) -> Model:
        """One model, as `models` has it. Raises NotFound (UNKNOWN_MODEL)."""
        ...

    async def quote(self, account_id: AccountId, *, model_id: ModelId, job: Document) -> Quote:
        """Price an input. Raises InvalidRequest with the fields that break the model's schema."""
        ...

    async def create(self, account_id: AccountId, new: NewGeneration) -> tuple[Generation, bool]:
        """Start a generation, once a key; the flag says that the answer is a replay.

        Raises InvalidRequest, NotFound (UNKNOWN_MODEL), Forbidden (ENTITLEMENT_REQUIRED),
        InsufficientCredits, IdempotencyKeyReused, Forbidden (KEY_LIMIT_REACHED).
        """
        ...

    async def generation(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        """Read a generation of this account. Raises NotFound."""
        ...

    async def page(
        self,
        account_id: AccountId,
        *,
        wanted: LibraryFilter = EVERY_GENERATION,
        cursor: str | None,
        limit: int,
    ) -> Page[Generation]:
        """List this account's generations that `wanted` admits, newest first.

        Raises InvalidRequest for a cursor of a list with other filters.
        """
        ...

    async def mark_favourite(
        self, account_id: AccountId, generation_id: GenerationId, *, is_favourite: bool
    ) -> Generation:
        """Mark it as a favourite, or no longer; again changes nothing. Raises NotFound."""
        ...

    async def cancel(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        """Ask it to stop. Raises NotFound, Conflict (GENERATION_FINISHED)."""
        ...

    async def withdraw(self, account_id: AccountId, idempotency_key: str) -> Generation:
        """Cancel the one that was asked for with this key, also while its credits are being asked for.

        One that had ended stays as it is. Idempotent. Raises NotFound where none has the key.
        """
        ...

    async def delete(self, account_id: AccountId, generation_id: GenerationId) -> None:
        """Delete its outputs and hide it. Raises NotFound, Conflict (GENERATION_RUNNING)."""
        ...

    async def usage(self, account_id: AccountId, *, bounds: Sequence[datetime]) -> Sequence[ModelUsage]:
        """Sum what this account's generations cost, by period and then by model, deleted ones too.

        Period n is from `bounds[n]` up to, and without, `bounds[n + 1]`; a generation counts in that in which
        it ended. Raises InvalidRequest for fewer than 2 bounds, more than 400, or any that do not grow.
        """
        ...

    async def discard(self, account_id: AccountId, generation_id: GenerationId) -> datetime:
        """Hide it, restorable until the moment that is returned, when its outputs are deleted.

        Again changes nothing. Raises NotFound, Conflict (GENERATION_RUNNING).
        """
        ...

    async def restore(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        """Show a discarded one again, and leave alone one that is not. Raises NotFound once it is gone."""
        ...

    async def receive_webhook(
        self, provider: str, *, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> None:
        """Pass on what a provider tells of a run; doing it again changes nothing.

        Raises MalformedRequest (INVALID_SIGNATURE, INVALID_WEBHOOK), NotFound (RUN_NOT_FOUND).
        """
        ...
