"""Rows to domain objects and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from identity.domain.api_key import ApiKey, ApiKeyTerms, Scope
from identity.domain.audit import Action, Actor, AuditRecord
from identity.domain.client import Client
from identity.domain.identifiers import ApiKeyId, AuditRecordId, MailId, ModelId, SessionId, UserId
from identity.domain.mail import Mail, MailState, MailToken, Notice, Purpose
from identity.domain.mail_report import MailReport
from identity.domain.secret import SecretDigest
from identity.domain.session import EndReason, RefreshToken, Session
from identity.domain.user import EmailAddress, PasswordHash, Role, User
from identity.domain.welcome import Welcome

_PURPOSES = frozenset(Purpose)
_SCOPES = frozenset(Scope)
_TERMS = ("name", "scopes", "model_ids", "expires_at", "monthly_credits_max")
_NO_AVATAR = ""
"""What the column holds, which is never null, where there is none."""


def values(entity: User | RefreshToken | MailToken | Mail) -> dict[str, Any]:
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


def session_values(session: Session) -> dict[str, Any]:
    """Column values: what is known of the client stands beside the rest."""
    columns = asdict(session)
    del columns["client"]
    return columns | client_values(session.client)


def client_values(client: Client) -> dict[str, Any]:
    """Column values of where a session is used."""
    return {"client_address": client.address, "browser": client.browser, "system": client.system}


def client(row: RowMapping) -> Client:
    """Read the part of a row of `sessions` that says where it is used."""
    return Client(address=row["client_address"], browser=row["browser"], system=row["system"])


def session(row: RowMapping) -> Session:
    """Read a row of `sessions`."""
    end_reason = row["end_reason"]
    return Session(
        **_without(row, "session_id", "end_reason", "client_address", "browser", "system"),
        client=client(row),
        session_id=SessionId(row["session_id"]),
        end_reason=EndReason(end_reason) if end_reason is not None else None,
    )


def api_key_values(key: ApiKey) -> dict[str, Any]:
    """Column values: what a person said of the key stands beside the rest."""
    columns = asdict(key) | asdict(key.terms)
    del columns["terms"]
    return columns | {"scopes": sorted(key.terms.scopes), "model_ids": list(key.terms.model_ids)}


def api_key(row: RowMapping) -> ApiKey:
    """Read a row of `api_keys`; a scope that this release does not know is none."""
    terms = ApiKeyTerms(
        name=row["name"],
        scopes=frozenset(Scope(scope) for scope in row["scopes"] if scope in _SCOPES),
        model_ids=tuple(map(ModelId, row["model_ids"])),
        expires_at=row["expires_at"],
        monthly_credits_max=row["monthly_credits_max"],
    )
    return ApiKey(
        **_without(row, "key_id", "key_digest", *_TERMS, "email", "role"),
        key_id=ApiKeyId(row["key_id"]),
        key_digest=SecretDigest(bytes(row["key_digest"])),
        terms=terms,
    )


def audit_values(record: AuditRecord) -> dict[str, Any]:
    """Column values: who acted stands beside the rest."""
    columns = asdict(record) | asdict(record.actor)
    return _without(columns, "name") | {"actor": record.actor.name}


def audit_record(row: RowMapping) -> AuditRecord:
    """Read a row of `audit_records`."""
    session_id = row["session_id"]
    return AuditRecord(
        record_id=AuditRecordId(row["record_id"]),
        action=Action(row["action"]),
        actor=Actor(
            name=row["actor"],
            session_id=SessionId(session_id) if session_id is not None else None,
            client_address=row["client_address"],
        ),
        subject=UserId(row["subject"]),
        before=row["before"],
        after=row["after"],
        reason=row["reason"],
        occurred_at=row["occurred_at"],
    )


def refresh_token(row: RowMapping) -> RefreshToken:
    """Read a row of `refresh_tokens`."""
    return RefreshToken(
        **_without(row, "token_digest"), token_digest=SecretDigest(bytes(row["token_digest"]))
    )


def mail_token(row: RowMapping) -> MailToken:
    """Read a row of `mail_tokens`."""
    return MailToken(
        **_without(row, "token_digest", "purpose", "address"),
        address=EmailAddress(row["address"]) if row["address"] is not None else None,
        token_digest=SecretDigest(bytes(row["token_digest"])),
        purpose=Purpose(row["purpose"]),
    )


def mail(row: RowMapping) -> Mail:
    """Read a row of `outgoing_mail`, without what only the queue looks at."""
    return Mail(
        **_without(row, "mail_id", "purpose", "due_at", "state", "finished_at"),
        mail_id=MailId(row["mail_id"]),
        purpose=_purpose(row["purpose"]),
    )


def mail_report(row: RowMapping) -> MailReport:
    """Read what is told of a row of `outgoing_mail`."""
    return MailReport(
        **_without(row, "mail_id", "user_id", "recipient", "purpose", "state"),
        mail_id=MailId(row["mail_id"]),
        user_id=UserId(row["user_id"]),
        recipient=EmailAddress(row["recipient"]),
        purpose=_purpose(row["purpose"]),
        state=MailState(row["state"]),
    )


def _purpose(text: str) -> Purpose | Notice:
    return Purpose(text) if text in _PURPOSES else Notice(text)


def _without(row: RowMapping | Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
