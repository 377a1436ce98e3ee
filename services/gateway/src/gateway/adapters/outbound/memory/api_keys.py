"""API keys in memory."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.domain.api_key import ApiKey, KeyGrant, KeyTerms, NewApiKey
from gateway.domain.errors import Conflict, FieldProblem, IdempotencyKeyReused, InvalidRequest, NotFound
from gateway.domain.identifiers import ApiKeyId, KeyDigest, UserId
from gateway.domain.user import NEVER, Principal, Role, User
from gateway.ports.clock import Clock

STANDING_MAX = 50


@dataclass(frozen=True)
class KeptKey:
    """A key of somebody's, and what it is found by."""

    user_id: UserId
    key: ApiKey
    digest: KeyDigest
    idempotency_key: str
    is_revoked: bool = False


@dataclass
class MemoryApiKeys:
    """The part of Identity that is about API keys."""

    clock: Clock
    users: dict[UserId, User] = field(default_factory=dict)
    keys: dict[ApiKeyId, KeptKey] = field(default_factory=dict)
    disabled: dict[UserId, datetime] = field(default_factory=dict)

    async def create_api_key(self, user_id: UserId, terms: KeyTerms, *, idempotency_key: str) -> NewApiKey:
        """See Identity."""
        own = [kept for kept in self.keys.values() if kept.user_id == user_id]
        for kept in own:
            if kept.idempotency_key == idempotency_key:
                if kept.key.terms != terms:
                    raise IdempotencyKeyReused("This idempotency key came before with another content.")
                return NewApiKey(key=kept.key, text=None)
        if user_id in self.users:
            self.users[user_id].require_staying()
        if terms.expires_at is not None and terms.expires_at <= self.clock.now():
            raise InvalidRequest(
                "A key expires in the future, or never.",
                reason="INVALID_FIELD",
                fields=[FieldProblem("expires_at", "is in the past")],
            )
        if sum(self._stands(kept) for kept in own) >= STANDING_MAX:
            raise Conflict("You have 50 API keys already. Revoke one first.", reason="API_KEY_QUOTA_REACHED")
        text = f"tt_live_{secrets.token_urlsafe(32)}000000"
        key = ApiKey(
            key_id=ApiKeyId(f"key_{len(self.keys) + 1:032x}"),
            terms=terms,
            hint=text[-4:],
            created_at=self.clock.now(),
            last_used_at=None,
            is_expired=False,
        )
        digest = KeyDigest(hashlib.sha256(text.encode()).digest())
        self.keys[key.key_id] = KeptKey(user_id, key, digest, idempotency_key)
        return NewApiKey(key=key, text=text)

    async def api_keys(self, user_id: UserId) -> list[ApiKey]:
        """See Identity."""
        own = [kept for kept in self.keys.values() if kept.user_id == user_id and not kept.is_revoked]
        return [replace(kept.key, is_expired=not self._stands(kept)) for kept in reversed(own)]

    async def revoke_api_key(self, user_id: UserId, key_id: ApiKeyId) -> None:
        """See Identity."""
        kept = self.keys.get(key_id)
        if kept is None or kept.user_id != user_id:
            raise NotFound("There is no such API key.", reason="API_KEY_NOT_FOUND")
        self.keys[key_id] = replace(kept, is_revoked=True)

    async def standing_api_keys(self, digests: Sequence[KeyDigest]) -> Mapping[KeyDigest, Principal]:
        """See Identity."""
        found = {}
        for key_id, kept in list(self.keys.items()):
            if kept.digest in digests and self._stands(kept) and kept.user_id not in self.disabled:
                used = replace(kept.key, last_used_at=self.clock.now())
                self.keys[key_id] = replace(kept, key=used)
                found[kept.digest] = self._principal(kept)
        return found

    def _stands(self, kept: KeptKey) -> bool:
        expires_at = kept.key.terms.expires_at
        return not kept.is_revoked and (expires_at is None or self.clock.now() < expires_at)

    def _principal(self, kept: KeptKey) -> Principal:
        return Principal(
            user_id=kept.user_id,
            email=self.users[kept.user_id].email,
            role=Role.USER,
            expires_at=kept.key.terms.expires_at or NEVER,
            session_id=None,
            key=KeyGrant(key_id=kept.key.key_id, digest=kept.digest, terms=kept.key.terms),
        )
