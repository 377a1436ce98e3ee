"""Asks generation over gRPC how a job ended."""

import grpc
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import generation_pb2_grpc as rpc

from ledger.ports.generation_settlements import Decision, Settlement

DEADLINE_S = 5.0

_DECISIONS = {
    pb.SETTLEMENT_DECISION_PENDING: Decision.PENDING,
    pb.SETTLEMENT_DECISION_CHARGE: Decision.CHARGE,
    pb.SETTLEMENT_DECISION_REFUND: Decision.REFUND,
}


class GrpcGenerationSettlements:
    """Speaks to GenerationService.GetSettlement."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.GenerationServiceStub(channel)

    async def ask(self, reference: str) -> Settlement:
        """Return the verdict; a job that generation never saw is refunded. Raises when it can't say."""
        request = pb.GetSettlementRequest(generation_id=reference)
        try:
            answer = await self._stub.GetSettlement(request, timeout=DEADLINE_S)
        except grpc.aio.AioRpcError as failure:
            if failure.code() is grpc.StatusCode.NOT_FOUND:
                return Settlement(decision=Decision.REFUND, reason="the job is unknown")
            raise
        return Settlement(
            decision=_DECISIONS[answer.decision],
            charge_credits=answer.charge_credits,
            reason=answer.reason or None,
        )
