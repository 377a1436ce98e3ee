"""People's pictures in memory."""

import hashlib
from dataclasses import dataclass, field, replace

from gateway.adapters.outbound.memory.leaving import MemoryLeaving
from gateway.domain.avatar import Avatar
from gateway.domain.errors import FieldProblem, InvalidRequest, NotFound
from gateway.domain.identifiers import UserId
from gateway.domain.user import User

PICTURE_BYTES_MAX = 65_536


@dataclass
class MemoryAvatars(MemoryLeaving):
    """The part of Identity that is about people's pictures."""

    avatars: dict[UserId, Avatar] = field(default_factory=dict)

    async def set_avatar(self, user_id: UserId, picture: bytes) -> User:
        """See Identity."""
        user = self._known(user_id)
        if picture[:4] != b"RIFF" or picture[8:12] != b"WEBP" or len(picture) > PICTURE_BYTES_MAX:
            detail = f"The picture must be a WebP of at most {PICTURE_BYTES_MAX} bytes."
            problem = FieldProblem("picture", detail)
            raise InvalidRequest(detail, reason="INVALID_FIELD", fields=[problem])
        avatar = Avatar(picture, hashlib.sha256(picture).hexdigest()[:16])
        self.avatars[user_id] = avatar
        self.users[user_id] = replace(user, avatar_url="", avatar_version=avatar.version)
        return self.users[user_id]

    async def avatar(self, user_id: UserId) -> Avatar:
        """See Identity."""
        if user_id not in self.avatars:
            raise NotFound("There is no picture.", reason="AVATAR_NOT_FOUND")
        return self.avatars[user_id]

    async def remove_avatar(self, user_id: UserId) -> User:
        """See Identity."""
        self.users[user_id] = replace(self._known(user_id), avatar_version=None)
        self.avatars.pop(user_id, None)
        return self.users[user_id]
