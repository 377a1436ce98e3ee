"""Who is about to leave, in memory."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from gateway.domain.errors import Conflict, NotFound
from gateway.domain.identifiers import UserId
from gateway.domain.user import Role, User
from gateway.ports.clock import Clock


@dataclass
class MemoryLeaving:
    """The part of Identity that is about the end of an account."""

    clock: Clock
    users: dict[UserId, User] = field(default_factory=dict)

    async def request_erasure(self, user_id: UserId) -> User:
        """See Identity."""
        user = self._known(user_id)
        if user.role is Role.ADMIN:
            raise Conflict(
                "Another administrator has to take that role from you first.", reason="STILL_ADMINISTRATOR"
            )
        if user.erased_from is None:
            user = replace(user, erased_from=self.clock.now() + timedelta(days=14))
        self.users[user_id] = user
        return user

    async def take_back_erasure(self, user_id: UserId) -> User:
        """See Identity."""
        self.users[user_id] = replace(self._known(user_id), erased_from=None)
        return self.users[user_id]

    def _known(self, user_id: UserId) -> User:
        if user_id not in self.users:
            raise NotFound("There is no such user.", reason="USER_NOT_FOUND")
        return self.users[user_id]
