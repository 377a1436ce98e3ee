"""The ledger over gRPC, its commands sent together with those of every other job."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chassis.grpc_client import RemoteError
from ledgerclient.coalescing import CoalescingLedger
from tintype.ledger.v1 import ledger_pb2 as pb

from generation.domain.errors import LedgerUnavailable
from generation.domain.identifiers import AccountId, GenerationId, ReservationId
from generation.domain.key_use import KeyUse
from generation.ports.ledger import KeyLimitReached, Refusal, Reservation

TIMEOUT_S = 5.0
TTL_MIN_S, TTL_MAX_S = 60, 2_592_000


class GrpcLedger:
    """Reserves under the request id `gen:<id>:reserve`, which makes every repetition harmless."""

    def __init__(self, ledger: CoalescingLedger, *, timeout_s: float = TIMEOUT_S) -> None:
        self._ledger = ledger
        self._timeout_s = timeout_s

    async def reserve(
        self,
        generation_id: GenerationId,
        account_id: AccountId,
        *,
        amount_credits: int,
        ttl_s: int,
        key: KeyUse | None = None,
    ) -> Reservation | Refusal | KeyLimitReached:
        request = pb.ReserveRequest(
            request_id=f"gen:{generation_id}:reserve",
            account_id=account_id,
            amount=amount_credits,
            reference=generation_id,
            ttl_s=min(max(ttl_s, TTL_MIN_S), TTL_MAX_S),
            budget_scopes=_budgets(key),
        )
        try:
            outcome = await self._ledger.apply(pb.Command(reserve=request), timeout_s=self._timeout_s)
        except RemoteError as refused:
            if refused.reason == "INSUFFICIENT_CREDITS":
                return Refusal(available=int(refused.metadata.get("available", "0")))
            if refused.reason == "ACCOUNT_IN_DEBT":
                return Refusal(available=0, owed=int(refused.metadata.get("debt", "0")))
            if refused.reason == "BUDGET_EXCEEDED":
                return _limit_reached(refused.metadata)
            # Any other answer is no answer about the credits: fail closed, and let the sweeper ask again.
            raise LedgerUnavailable("the ledger did not answer; try again") from refused
        return Reservation(ReservationId(outcome.id))


def _budgets(key: KeyUse | None) -> Sequence[pb.BudgetScope]:
    if key is None or key.monthly_credits_max is None:
        return ()
    return (
        pb.BudgetScope(
            scope=f"key:{key.key_id}", period=pb.BUDGET_PERIOD_MONTH, limit=key.monthly_credits_max
        ),
    )


def _limit_reached(said: Mapping[str, str]) -> KeyLimitReached:
    resets_at = said.get("resets_at")
    return KeyLimitReached(
        limit=int(said.get("limit", "0")),
        used=int(said.get("used", "0")),
        resets_on=datetime.fromisoformat(resets_at).date() if resets_at else None,
    )
