"""The ledger over gRPC, its commands sent together with those of every other job."""

from chassis.grpc_client import RemoteError
from ledgerclient.coalescing import CoalescingLedger
from tintype.ledger.v1 import ledger_pb2 as pb

from generation.domain.errors import LedgerUnavailable
from generation.domain.identifiers import AccountId, GenerationId, ReservationId
from generation.ports.ledger import Refusal, Reservation

TIMEOUT_S = 5.0
TTL_MIN_S, TTL_MAX_S = 60, 2_592_000


class GrpcLedger:
    """Reserves under the request id `gen:<id>:reserve`, which makes every repetition harmless."""

    def __init__(self, ledger: CoalescingLedger, *, timeout_s: float = TIMEOUT_S) -> None:
        self._ledger = ledger
        self._timeout_s = timeout_s

    async def reserve(
        self, generation_id: GenerationId, account_id: AccountId, *, amount_credits: int, ttl_s: int
    ) -> Reservation | Refusal:
        request = pb.ReserveRequest(
            request_id=f"gen:{generation_id}:reserve",
            account_id=account_id,
            amount=amount_credits,
            reference=generation_id,
            ttl_s=min(max(ttl_s, TTL_MIN_S), TTL_MAX_S),
        )
        try:
            outcome = await self._ledger.apply(pb.Command(reserve=request), timeout_s=self._timeout_s)
        except RemoteError as refused:
            if refused.reason == "INSUFFICIENT_CREDITS":
                return Refusal(available=int(refused.metadata.get("available", "0")))
            if refused.reason == "ACCOUNT_IN_DEBT":
                return Refusal(available=0, owed=int(refused.metadata.get("debt", "0")))
            # Any other answer is no answer about the credits: fail closed, and let the sweeper ask again.
            raise LedgerUnavailable("the ledger did not answer; try again") from refused
        return Reservation(ReservationId(outcome.id))
