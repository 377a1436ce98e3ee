"""Second factors over gRPC."""

from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as rpc

from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.identifiers import UserId
from gateway.domain.second_factor import FactorSecret, SecondFactor


class GrpcSecondFactors:
    """The part of Identity that is about second factors."""

    _stub: rpc.IdentityServiceStub

    async def begin_second_factor(
        self, user_id: UserId, *, password: str, client_address: str
    ) -> FactorSecret:
        """See Identity."""
        request = pb.BeginSecondFactorRequest(
            user_id=user_id, password=password, client_address=client_address
        )
        with remote_calls("identity"):
            return _secret(await self._stub.BeginSecondFactor(request, timeout=COMMAND_DEADLINE_S))

    async def confirm_second_factor(self, user_id: UserId, *, code: str, client_address: str) -> list[str]:
        """See Identity."""
        request = pb.ConfirmSecondFactorRequest(user_id=user_id, code=code, client_address=client_address)
        with remote_calls("identity"):
            answer = await self._stub.ConfirmSecondFactor(request, timeout=COMMAND_DEADLINE_S)
        return list(answer.recovery_codes)

    async def remove_second_factor(
        self, user_id: UserId, *, password: str, code: str, client_address: str
    ) -> None:
        """See Identity."""
        request = pb.RemoveSecondFactorRequest(
            user_id=user_id, password=password, code=code, client_address=client_address
        )
        with remote_calls("identity"):
            await self._stub.RemoveSecondFactor(request, timeout=COMMAND_DEADLINE_S)

    async def second_factor(self, user_id: UserId) -> SecondFactor:
        """See Identity."""
        request = pb.GetSecondFactorRequest(user_id=user_id)
        with remote_calls("identity"):
            return _factor(await self._stub.GetSecondFactor(request, timeout=READ_DEADLINE_S))


_secret = reader(pb.BeginSecondFactorResponse, FactorSecret)
_factor = reader(pb.GetSecondFactorResponse, SecondFactor)
