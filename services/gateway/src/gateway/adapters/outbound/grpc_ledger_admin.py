"""Corrections of balances over gRPC."""

from hashlib import sha256

from tintype.ledger.v1 import ledger_pb2 as pb
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

from gateway.adapters.outbound import ledger_messages as messages
from gateway.adapters.outbound.principal_message import principal
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, remote_calls
from gateway.domain.administration import Actor
from gateway.domain.credits import Balance
from gateway.domain.identifiers import AccountId


class GrpcCorrections:
    """The part of Ledger that changes something."""

    _stub: rpc.LedgerServiceStub

    async def adjust(
        self, actor: Actor, account_id: AccountId, amount_credits: int, *, reason: str, idempotency_key: str
    ) -> tuple[Balance, bool]:
        """See Ledger."""
        # A key is its sender's own: two administrators may use the same one.
        request_id = sha256(f"{actor.user_id} {idempotency_key}".encode()).hexdigest()
        request = pb.AdjustRequest(
            request_id=f"adj_{request_id}",
            principal=principal(actor),
            account_id=account_id,
            amount=amount_credits,
            reason=reason,
        )
        with remote_calls("ledger"):
            answer = await self._stub.Adjust(request, timeout=COMMAND_DEADLINE_S)
        return messages.balance(answer.balance), answer.replayed
