"""Make a person's picture of a file that they send."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from gateway.domain.identifiers import UserId
from gateway.domain.user import User
from gateway.ports.identity import Identity
from gateway.ports.uploads import Uploads


@dataclass(frozen=True)
class SetAvatarHandler:
    """Has it drawn where strangers' files are looked at, and kept where profiles are."""

    uploads: Uploads
    identity: Identity

    async def __call__(self, user_id: UserId, content: AsyncIterator[bytes]) -> User:
        """Return the changed user.

        Raises whatever reading the content raises, InvalidRequest (UNUSABLE_MEDIA), TooLarge
        (UPLOAD_TOO_LARGE) and RateLimited (TOO_MANY_UPLOADS); the picture of before stays then.
        """
        return await self.identity.set_avatar(user_id, await self.uploads.draw_avatar(user_id, content))
