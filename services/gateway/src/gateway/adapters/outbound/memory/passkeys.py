"""Passkeys in memory: challenges, origins and counts are looked at, signatures are not."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.domain.client import Client
from gateway.domain.errors import (
    Conflict,
    FieldProblem,
    Forbidden,
    InvalidRequest,
    NotFound,
    Unauthenticated,
)
from gateway.domain.identifiers import PasskeyId, SessionId, UserId
from gateway.domain.passkey import OwnPasskeys, Passkey
from gateway.domain.user import SignedIn, User
from gateway.ports.passkeys import Document

PASSKEYS_MAX = 20
NAME_LENGTH_MAX = 64
ORIGIN, RP_ID = "https://tintype.example", "tintype.example"


class _Kept(NamedTuple):
    user_id: UserId
    credential_id: str
    passkey: Passkey
    sign_count: int


@dataclass
class MemoryPasskeys:
    """Implements Passkeys over the people of a MemoryIdentity; `ceremonies` holds what was asked of whom."""

    identity: MemoryIdentity
    kept: dict[PasskeyId, _Kept] = field(default_factory=dict)
    ceremonies: dict[str, tuple[str, UserId | None]] = field(default_factory=dict)
    available: bool = True

    async def sign_in_options(self, *, challenge: str | None = None) -> Document:
        """See Passkeys."""
        self._require_available()
        if challenge is None:
            return self._asked("sign_in", None)
        user_id = self.identity.challenges.get(challenge)
        if user_id is None:
            raise Unauthenticated("This sign-in took too long.", reason="CHALLENGE_ENDED")
        return self._asked("second_factor", user_id)

    async def sign_in(self, answer: Document, client: Client) -> SignedIn:
        """See Passkeys."""
        return self._opened(self._used(answer, "sign_in", None), client)

    async def complete_log_in(self, answer: Document, *, challenge: str, client: Client) -> SignedIn:
        """See Passkeys."""
        user_id = self.identity.challenges.get(challenge)
        if user_id is None:
            raise Unauthenticated("This sign-in took too long.", reason="CHALLENGE_ENDED")
        user = self._used(answer, "second_factor", user_id)
        del self.identity.challenges[challenge]
        return self._opened(user, client)

    async def step_up_options(self, user_id: UserId) -> Document:
        """See Passkeys."""
        self._require_available()
        return self._asked("step_up", user_id)

    async def step_up(
        self, answer: Document, *, user_id: UserId, session_id: SessionId, client_address: str
    ) -> None:
        """See Passkeys."""
        self._used(answer, "step_up", user_id)
        self.identity.require_own(user_id, session_id)
        self.identity.proven[session_id] = self.identity.clock.now()

    async def new_options(self, user_id: UserId) -> Document:
        """See Passkeys."""
        self._require_available()
        user, own = await self.identity.user(user_id), self._own(user_id)
        if user.erased_from is not None:
            raise Conflict("This account is deleted.", reason="ACCOUNT_LEAVING")
        self.identity.require_confirmed(user_id)
        if len(own) >= PASSKEYS_MAX:
            raise Conflict("You have 20 passkeys already. Remove one first.", reason="PASSKEY_QUOTA_REACHED")
        return {
            "rp": {"name": "Tintype", "id": RP_ID},
            "user": {"id": _base64url(user_id), "name": user.email, "displayName": user.full_name},
            "challenge": self._challenge("add", user_id),
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
            "excludeCredentials": [{"id": kept.credential_id, "type": "public-key"} for kept in own],
            "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
        }

    async def add(self, answer: Document, *, user_id: UserId, name: str) -> Passkey:
        """See Passkeys."""
        checked = _checked(name)
        self._take(_read(answer), "add", user_id)
        credential_id = str(answer["rawId"])
        if any(kept.credential_id == credential_id for kept in self.kept.values()):
            raise Conflict("This passkey is known already.", reason="PASSKEY_EXISTS")
        passkey = Passkey(
            passkey_id=PasskeyId(f"psk_{secrets.token_hex(16)}"),
            name=checked,
            backed_up=False,
            created_at=self.identity.clock.now(),
            last_used_at=None,
            copy_seen_at=None,
        )
        self.kept[passkey.passkey_id] = _Kept(user_id, credential_id, passkey, 0)
        self.identity.passkey_owners.add(user_id)
        return passkey

    async def of_user(self, user_id: UserId) -> OwnPasskeys:
        """See Passkeys."""
        await self.identity.user(user_id)
        return OwnPasskeys(
            passkeys=tuple(kept.passkey for kept in self._own(user_id)), available=self.available
        )

    async def rename(self, user_id: UserId, passkey_id: PasskeyId, name: str) -> Passkey:
        """See Passkeys."""
        kept = self._found(user_id, passkey_id)
        renamed = replace(kept.passkey, name=_checked(name))
        self.kept[passkey_id] = kept._replace(passkey=renamed)
        return renamed

    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> None:
        """See Passkeys."""
        self._found(user_id, passkey_id)
        user = self.identity.users[user_id]
        if len(self._own(user_id)) == 1 and not self.identity.passwords.get(user.email.lower()):
            raise Conflict(
                "This is the only way into your account. Set a password first.", reason="LAST_WAY_TO_SIGN_IN"
            )
        del self.kept[passkey_id]
        if not self._own(user_id):
            self.identity.passkey_owners.discard(user_id)

    def _asked(self, kind: str, user_id: UserId | None) -> Document:
        allowed = [{"id": kept.credential_id, "type": "public-key"} for kept in self._own(user_id)]
        if user_id is not None and not allowed:
            raise NotFound("There is no such passkey.", reason="PASSKEY_NOT_FOUND")
        return {
            "challenge": self._challenge(kind, user_id),
            "rpId": RP_ID,
            "allowCredentials": allowed,
            "userVerification": "preferred" if kind == "second_factor" else "required",
        }

    def _challenge(self, kind: str, user_id: UserId | None) -> str:
        challenge = secrets.token_urlsafe(32)
        self.ceremonies[challenge] = (kind, user_id)
        return challenge

    def _take(self, told: Mapping[str, Any], kind: str, user_id: UserId | None) -> None:
        self._require_available()
        if self.ceremonies.pop(told["challenge"], None) != (kind, user_id):
            raise _refused("PASSKEY_CHALLENGE_ENDED")
        if told["origin"] != ORIGIN:
            raise _refused("PASSKEY_WRONG_ORIGIN")

    def _used(self, answer: Document, kind: str, user_id: UserId | None) -> User:
        self._take(_read(answer), kind, user_id)
        found = (kept for kept in self.kept.values() if kept.credential_id == answer["rawId"])
        kept = next(found, None)
        if kept is None or user_id not in (None, kept.user_id):
            raise _refused("PASSKEY_UNKNOWN")
        if kept.user_id in self.identity.disabled:
            raise Forbidden("This account is disabled.", reason="USER_DISABLED")
        count, now = _count(answer), self.identity.clock.now()
        if (count or kept.sign_count) and count <= kept.sign_count:
            copied = replace(kept.passkey, copy_seen_at=now)
            self.kept[copied.passkey_id] = kept._replace(passkey=copied)
            raise Forbidden("This passkey seems to have been copied.", reason="PASSKEY_COPIED")
        used = replace(kept.passkey, last_used_at=now)
        self.kept[used.passkey_id] = kept._replace(passkey=used, sign_count=count)
        return self.identity.users[kept.user_id]

    def _opened(self, user: User, client: Client) -> SignedIn:
        opened = self.identity.signed_in(user)
        self.identity.note(opened.tokens.session_id, user.user_id, client)
        return replace(opened, device_token=self.identity.device(user.email))

    def _own(self, user_id: UserId | None) -> list[_Kept]:
        return [kept for kept in self.kept.values() if kept.user_id == user_id]

    def _found(self, user_id: UserId, passkey_id: PasskeyId) -> _Kept:
        kept = self.kept.get(passkey_id)
        if kept is None or kept.user_id != user_id:
            raise NotFound("There is no such passkey.", reason="PASSKEY_NOT_FOUND")
        return kept

    def _require_available(self) -> None:
        if not self.available:
            raise Conflict("Passkeys need an address with a name.", reason="PASSKEYS_UNAVAILABLE")


def _read(answer: Document) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(_bytes(answer["response"]["clientDataJSON"]))
        return {"challenge": told["challenge"], "origin": told["origin"], "id": answer["rawId"]}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _refused("PASSKEY_MALFORMED") from None


def _count(answer: Document) -> int:
    return int.from_bytes(_bytes(answer["response"]["authenticatorData"])[33:37], "big")


def _checked(name: str) -> str:
    if not 1 <= len(name.strip()) <= NAME_LENGTH_MAX or not name.isprintable():
        raise InvalidRequest(
            "A name has 1 to 64 printable characters.",
            reason="INVALID_FIELD",
            fields=[FieldProblem("name", "has 1 to 64 printable characters")],
        )
    return name.strip()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _base64url(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _refused(reason: str) -> InvalidRequest:
    return InvalidRequest("It is refused.", reason=reason, fields=[FieldProblem("passkey", "is refused")])
