"""The ledger over gRPC."""

import grpc
from chassis.grpc_client import remote_error
from tintype.ledger.v1 import ledger_pb2 as pb
from tintype.ledger.v1 import ledger_pb2_grpc as pb_grpc

from generation.domain.errors import LedgerUnavailable
from generation.domain.identifiers import AccountId, GenerationId, ReservationId
from generation.ports.ledger import Refusal, Reservation

TIMEOUT_S = 5.0
TTL_MIN_S, TTL_MAX_S = 60, 2_592_000


class GrpcLedger:
    """Reserves under the request id `gen:<id>:reserve`, which makes every repetition harmless."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.LedgerServiceStub(channel)

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
            response = await self._stub.Reserve(request, timeout=TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            refused = remote_error(error)
            if refused.reason == "INSUFFICIENT_CREDITS":
                return Refusal(available=int(refused.metadata.get("available", "0")))
            # Any other answer is no answer about the credits: fail closed, and let the sweeper ask again.
            raise LedgerUnavailable("the ledger did not answer; try again") from error
        return Reservation(ReservationId(response.reservation.reservation_id))
