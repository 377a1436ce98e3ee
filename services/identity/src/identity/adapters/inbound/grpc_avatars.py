"""The part of IdentityService that is about people's pictures."""

from dataclasses import dataclass
from typing import Any

from tintype.identity.v1 import identity_pb2 as pb

from identity.adapters.inbound import fields
from identity.adapters.inbound.messages import user_message
from identity.application.read_avatar import ReadAvatarHandler
from identity.application.remove_avatar import RemoveAvatarHandler
from identity.application.set_avatar import SetAvatarHandler


@dataclass(frozen=True)
class AvatarHandlers:
    """The use cases of a person's picture."""

    set: SetAvatarHandler
    read: ReadAvatarHandler
    remove: RemoveAvatarHandler


class AvatarAnswers:
    """Answers the three calls; refusals rise as domain errors."""

    _avatars: AvatarHandlers

    async def SetAvatar(self, request: pb.SetAvatarRequest, context: Any) -> pb.SetAvatarResponse:
        """See the contract."""
        user = await self._avatars.set(fields.user_id(request.user_id), request.picture)
        return pb.SetAvatarResponse(user=user_message(user))

    async def GetAvatar(self, request: pb.GetAvatarRequest, context: Any) -> pb.GetAvatarResponse:
        """See the contract."""
        avatar = await self._avatars.read(fields.user_id(request.user_id))
        return pb.GetAvatarResponse(picture=avatar.picture, version=avatar.version)

    async def RemoveAvatar(self, request: pb.RemoveAvatarRequest, context: Any) -> pb.RemoveAvatarResponse:
        """See the contract."""
        user = await self._avatars.remove(fields.user_id(request.user_id))
        return pb.RemoveAvatarResponse(user=user_message(user))
