"""Access tokens as identity signs them: JWTs of type `at+jwt` (RFC 9068), EdDSA (RFC 8037) only."""

import asyncio
import hashlib
import json
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError, SecurityWarning
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from gateway.domain.errors import Unauthenticated
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.user import Principal, Role
from gateway.ports.clock import Clock
from gateway.ports.identity import Identity

ALGORITHM = "EdDSA"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type
_KEYS_AGE_MAX_S = 600.0
_REFETCH_INTERVAL_MIN_S = 10.0
_LEEWAY_S = 5
# A token that was verified is known again for so long, and no longer than it is good for itself.
_KNOWN_MAX_S = 60.0
_KNOWN_MAX = 4_096


class JwtAccessTokens:
    """Verifies with identity's published keys, fetched when needed; implements AccessTokens.

    An unknown key id fetches the set again, at most once in ten seconds: a forger can't make the gateway
    ask identity for every token. When identity is down, the keys that are known stay good.
    What was verified is known again for a minute, by its hash; with other keys nothing is. Whether its
    session still stands is looked at all the same, by whoever asked for this.
    """

    def __init__(
        self,
        identity: Identity,
        clock: Clock,
        *,
        issuer: str,
        audience: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._monotonic = monotonic
        self._issuer = issuer
        self._audience = audience
        self._keys: KeySet | None = None
        self._fetched_at_s = float("-inf")
        self._tried_at_s = float("-inf")
        self._fetching = asyncio.Lock()
        self._known: dict[bytes, tuple[Principal, float]] = {}

    async def verify(self, token: str) -> Principal:
        """See AccessTokens."""
        keys = await self._current_keys()
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        if (known := self._recalled(digest)) is not None:
            return known
        verified = await self._verified(token, keys)
        while len(self._known) >= _KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[digest] = (verified, self._monotonic())
        return verified

    def _recalled(self, digest: bytes) -> Principal | None:
        known, verified_at_s = self._known.get(digest, (None, 0.0))
        if known is None:
            return None
        is_old = self._monotonic() - verified_at_s > _KNOWN_MAX_S
        if is_old or self._clock.now() >= known.expires_at:
            del self._known[digest]
            return None
        return known

    async def _verified(self, token: str, keys: KeySet) -> Principal:
        try:
            return self._principal(token, keys)
        except InvalidKeyIdError:
            keys = await self._fetched_keys(after_s=self._fetched_at_s)
        try:
            return self._principal(token, keys)
        except InvalidKeyIdError:
            raise _invalid() from None

    def _principal(self, token: str, keys: KeySet) -> Principal:
        # joserfc would try every key for a token that names none.
        try:
            with warnings.catch_warnings():
                # RFC 9864 renames this signature to "Ed25519"; identity's contract says EdDSA.
                warnings.simplefilter("ignore", SecurityWarning)
                decoded = jwt.decode(token, keys, algorithms=[ALGORITHM])
            if decoded.header.get("typ") != TOKEN_TYPE or "kid" not in decoded.header:
                raise _invalid()
            claims = decoded.claims
            self._rules().validate(claims)
            return Principal(
                user_id=UserId(str(claims["sub"])),
                email=str(claims["email"]),
                role=Role(claims["role"]),
                session_id=SessionId(str(claims["sid"])),
                expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
            )
        except InvalidKeyIdError:
            raise
        except ExpiredTokenError:
            raise Unauthenticated("The access token has expired.", reason="TOKEN_EXPIRED") from None
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise _invalid() from None

    def _rules(self) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            exp={"essential": True},
            sid={"essential": True},
            iat={"essential": True},
        )

    async def _current_keys(self) -> KeySet:
        if self._keys is None or self._monotonic() - self._fetched_at_s > _KEYS_AGE_MAX_S:
            return await self._fetched_keys(after_s=self._fetched_at_s)
        return self._keys

    async def _fetched_keys(self, *, after_s: float) -> KeySet:
        """Return the keys, fetched anew unless another request did that meanwhile or it is too soon."""
        async with self._fetching:
            now_s = self._monotonic()
            if self._keys is not None and (
                self._fetched_at_s > after_s or now_s - self._tried_at_s < _REFETCH_INTERVAL_MIN_S
            ):
                return self._keys
            self._tried_at_s = now_s
            try:
                self._keys = KeySet.import_key_set(json.loads(await self._identity.jwks()))
                self._fetched_at_s = now_s
                self._known.clear()
            except Exception:
                if self._keys is None:
                    raise
            return self._keys


def _invalid() -> Unauthenticated:
    return Unauthenticated("The access token is not valid.", reason="INVALID_TOKEN")
