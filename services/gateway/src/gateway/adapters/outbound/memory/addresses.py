"""A person's address in memory."""

import secrets
from dataclasses import dataclass, field, replace

from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.user import User


@dataclass
class MemoryAddresses:
    """The part of Identity that is about an address that changes.

    `changes` and `ways_back` hold whose address becomes which, by the tokens that were mailed.
    """

    users: dict[UserId, User] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    sessions: dict[SessionId, UserId] = field(default_factory=dict)
    changes: dict[str, tuple[UserId, str]] = field(default_factory=dict)
    ways_back: dict[str, tuple[UserId, str]] = field(default_factory=dict)

    async def request_email_change(
        self, user_id: UserId, *, email: str, password: str, client_address: str
    ) -> None:
        """See Identity."""
        if "@" not in email:
            raise _refused("INVALID_EMAIL", "That is no email address.", "email")
        user = self.users[user_id]
        if self.passwords[user.email.lower()] != password:
            raise _refused("WRONG_PASSWORD", "The password is wrong.", "password")
        if email.lower() == user.email.lower():
            raise _refused("INVALID_FIELD", "That is your address already.", "email")
        if email.lower() not in self.passwords:
            self.changes[secrets.token_urlsafe(16)] = (user_id, email)
        self.ways_back[secrets.token_urlsafe(16)] = (user_id, user.email)

    async def change_email(self, token: str) -> None:
        """See Identity."""
        self._set_email(*_taken(self.changes, token))

    async def keep_email(self, token: str) -> None:
        """See Identity."""
        user_id, email = _taken(self.ways_back, token)
        self.changes = {kept: change for kept, change in self.changes.items() if change[0] != user_id}
        self._set_email(user_id, email)
        for session_id in [own for own, owner in self.sessions.items() if owner == user_id]:
            del self.sessions[session_id]

    def _set_email(self, user_id: UserId, email: str) -> None:
        user = self.users[user_id]
        self.passwords[email.lower()] = self.passwords.pop(user.email.lower())
        self.users[user_id] = replace(user, email=email)


def _taken(tokens: dict[str, tuple[UserId, str]], token: str) -> tuple[UserId, str]:
    if token not in tokens:
        raise _refused("INVALID_TOKEN", "This link is not valid, was used before or has expired.", "token")
    return tokens.pop(token)


def _refused(reason: str, detail: str, field_name: str) -> InvalidRequest:
    return InvalidRequest(detail, reason=reason, fields=[FieldProblem(field_name, detail)])
