"""Exactly once: a request id is decided the first time and recalled every time after."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.domain.account import Account
from ledger.domain.errors import IdempotencyKeyReused, InsufficientCredits
from ledger.domain.request import RecordedRequest, Refusal, fingerprint
from ledger.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a request made, or why it was refused, and whether that was decided before."""

    made_id: str = ""
    refusal: InsufficientCredits | None = None
    replayed: bool = False

    def raise_if_refused(self) -> None:
        """Raise the refusal. Call after the commit: a refusal is stored like any outcome."""
        if self.refusal is not None:
            raise self.refusal


async def once(
    unit: UnitOfWork,
    *,
    request_id: str,
    command: Any,
    account: Account,
    now: datetime,
    decide: Callable[[], str],
) -> Outcome:
    """Decide a command on a locked account and remember the request, or recall its first outcome.

    `decide` changes the account and returns the id of what it made, or raises InsufficientCredits. The
    caller commits. Raises IdempotencyKeyReused when the id was used for another command.
    """
    fingerprint_now = fingerprint(command)
    if (recorded := await unit.recall(request_id)) is not None:
        return _recalled(recorded, fingerprint_now)
    made_id: str | None = None
    refusal: InsufficientCredits | None = None
    try:
        made_id = decide()
    except InsufficientCredits as refused:
        refusal = refused
    await unit.remember(
        RecordedRequest(
            request_id=request_id,
            account_id=account.account_id,
            command=type(command).__name__,
            fingerprint=fingerprint_now,
            made_id=made_id,
            refusal=None if refusal is None else Refusal(reason=refusal.reason, details=refusal.details),
            created_at=now,
        )
    )
    return Outcome(made_id=made_id or "", refusal=refusal)


def _recalled(recorded: RecordedRequest, fingerprint_now: str) -> Outcome:
    if recorded.fingerprint != fingerprint_now:
        raise IdempotencyKeyReused(
            f"request {recorded.request_id} was used before for another command",
            details={"request_id": recorded.request_id},
        )
    if (refusal := recorded.refusal) is None:
        return Outcome(made_id=recorded.made_id or "", replayed=True)
    first = InsufficientCredits(
        available_credits=int(refusal.details["available"]),
        required_credits=int(refusal.details["required"]),
    )
    return Outcome(refusal=first, replayed=True)
