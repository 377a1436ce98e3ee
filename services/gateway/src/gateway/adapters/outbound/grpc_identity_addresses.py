"""A person's address over gRPC."""

from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as rpc

from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, remote_calls
from gateway.domain.identifiers import UserId


class GrpcAddresses:
    """The part of Identity that is about an address that changes."""

    _stub: rpc.IdentityServiceStub

    async def request_email_change(
        self, user_id: UserId, *, email: str, password: str, client_address: str
    ) -> None:
        """See Identity."""
        request = pb.RequestEmailChangeRequest(
            user_id=user_id, email=email, password=password, client_address=client_address
        )
        with remote_calls("identity"):
            await self._stub.RequestEmailChange(request, timeout=COMMAND_DEADLINE_S)

    async def change_email(self, token: str) -> None:
        """See Identity."""
        with remote_calls("identity"):
            await self._stub.ChangeEmail(pb.ChangeEmailRequest(token=token), timeout=COMMAND_DEADLINE_S)

    async def keep_email(self, token: str) -> None:
        """See Identity."""
        with remote_calls("identity"):
            await self._stub.KeepEmail(pb.KeepEmailRequest(token=token), timeout=COMMAND_DEADLINE_S)
