"""Rows to domain objects and back."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from identity.domain.identifiers import MailId, SessionId, UserId
from identity.domain.mail import Mail, MailToken, Notice, Purpose
from identity.domain.secret import SecretDigest
from identity.domain.session import EndReason, RefreshToken, Session
from identity.domain.user import EmailAddress, PasswordHash, Role, User
from identity.domain.welcome import Welcome

_PURPOSES = frozenset(Purpose)
_NO_AVATAR = ""
"""What the column holds, which is never null, where there is none."""


def values(entity: User | Session | RefreshToken | MailToken | Mail) -> dict[str, Any]:
    """Column values; columns and fields share their names, and enums store as their text."""
    columns = asdict(entity)
    if isinstance(entity, User):
        columns["avatar_url"] = entity.avatar_url or _NO_AVATAR
    return columns


def user(row: RowMapping) -> User:
    """Read a row of `users`."""
    password_hash = row["password_hash"]
    return User(
        **_without(row, "user_id", "email", "password_hash", "avatar_url", "role", "welcome"),
        user_id=UserId(row["user_id"]),
        email=EmailAddress(row["email"]),
        password_hash=PasswordHash(password_hash) if password_hash is not None else None,
        avatar_url=row["avatar_url"] or None,
        role=Role(row["role"]),
        welcome=Welcome(row["welcome"]),
    )


def session(row: RowMapping) -> Session:
    """Read a row of `sessions`."""
    end_reason = row["end_reason"]
    return Session(
        **_without(row, "session_id", "end_reason"),
        session_id=SessionId(row["session_id"]),
        end_reason=EndReason(end_reason) if end_reason is not None else None,
    )


def refresh_token(row: RowMapping) -> RefreshToken:
    """Read a row of `refresh_tokens`."""
    return RefreshToken(
        **_without(row, "token_digest"), token_digest=SecretDigest(bytes(row["token_digest"]))
    )


def mail_token(row: RowMapping) -> MailToken:
    """Read a row of `mail_tokens`."""
    return MailToken(
        **_without(row, "token_digest", "purpose"),
        token_digest=SecretDigest(bytes(row["token_digest"])),
        purpose=Purpose(row["purpose"]),
    )


def mail(row: RowMapping) -> Mail:
    """Read a row of `outgoing_mail`, without what only the queue looks at."""
    return Mail(
        **_without(row, "mail_id", "purpose", "due_at", "state", "finished_at"),
        mail_id=MailId(row["mail_id"]),
        purpose=Purpose(row["purpose"]) if row["purpose"] in _PURPOSES else Notice(row["purpose"]),
    )


def _without(row: RowMapping, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
