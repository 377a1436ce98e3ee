"""Where a service's dead letters are kept, and who may see them: what the service hands in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from chassis.dead_letters import DeadLetter, Handler, Replayer
from tintype.identity.v1.identity_pb2 import ROLE_ADMIN, ROLE_SUPPORT
from tintype.identity.v1.principal_pb2 import Principal

from deadletters.errors import NotAnAdmin, NotStaff


class Letters(Protocol):
    """What was given up; `chassis.dead_letters.DeadLetters` is one."""

    async def page(self, *, before: tuple[datetime, str] | None, limit: int) -> Sequence[DeadLetter]:
        """Return a part of what waits, the newest first."""
        ...

    async def find(self, event_id: str) -> DeadLetter | None:
        """Return one, replayed or not."""
        ...

    async def replay(self, letter: DeadLetter, handler: Handler, by: Replayer) -> Exception | None:
        """Apply it again and write down who had it applied; None where it was, else why not."""
        ...


class Authority(Protocol):
    """Says who may; each service asks for itself."""

    async def require_staff(self, principal: Principal) -> None:
        """Raise NotStaff for somebody without a role."""
        ...

    async def require_admin(self, principal: Principal) -> None:
        """Raise NotAnAdmin for anybody but an administrator."""
        ...


class SaidRoles:
    """Goes by the role that the gateway took from a verified token (docs/adr/0036)."""

    async def require_staff(self, principal: Principal) -> None:
        """See Authority."""
        if principal.role not in (ROLE_ADMIN, ROLE_SUPPORT):
            raise NotStaff

    async def require_admin(self, principal: Principal) -> None:
        """See Authority."""
        if principal.role != ROLE_ADMIN:
            raise NotAnAdmin
