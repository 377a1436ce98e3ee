"""The part of identity over gRPC that is about people's pictures."""

from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as rpc

from gateway.adapters.outbound.identity_messages import user_of
from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.avatar import Avatar
from gateway.domain.identifiers import UserId
from gateway.domain.user import User

_avatar = reader(pb.GetAvatarResponse, Avatar)


class GrpcAvatars:
    """Speaks to IdentityService."""

    _stub: rpc.IdentityServiceStub

    async def set_avatar(self, user_id: UserId, picture: bytes) -> User:
        """See Identity."""
        request = pb.SetAvatarRequest(user_id=user_id, picture=picture)
        with remote_calls("identity"):
            answer = await self._stub.SetAvatar(request, timeout=COMMAND_DEADLINE_S)
        return user_of(answer.user)

    async def avatar(self, user_id: UserId) -> Avatar:
        """See Identity."""
        with remote_calls("identity"):
            answer = await self._stub.GetAvatar(pb.GetAvatarRequest(user_id=user_id), timeout=READ_DEADLINE_S)
        return _avatar(answer)

    async def remove_avatar(self, user_id: UserId) -> User:
        """See Identity."""
        request = pb.RemoveAvatarRequest(user_id=user_id)
        with remote_calls("identity"):
            answer = await self._stub.RemoveAvatar(request, timeout=COMMAND_DEADLINE_S)
        return user_of(answer.user)
