"""API keys over gRPC."""

from collections.abc import Mapping, Sequence

from chassis.timestamps import moment, set_moment
from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as rpc

from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.api_key import ApiKey, KeyGrant, KeyTerms, NewApiKey, Scope
from gateway.domain.identifiers import ApiKeyId, KeyDigest, ModelId, UserId
from gateway.domain.user import NEVER, Principal, Role

# Every request waits for it where the answer is not known yet.
KEY_CHECK_DEADLINE_S = 2.0
_SCOPES = frozenset(Scope)


class GrpcApiKeys:
    """The part of Identity that is about API keys."""

    _stub: rpc.IdentityServiceStub

    async def create_api_key(self, user_id: UserId, terms: KeyTerms, *, idempotency_key: str) -> NewApiKey:
        """See Identity."""
        request = pb.CreateApiKeyRequest(
            user_id=user_id,
            idempotency_key=idempotency_key,
            name=terms.name,
            scopes=sorted(terms.scopes),
            model_ids=terms.model_ids,
            monthly_credits_max=terms.monthly_credits_max,
        )
        set_moment(request, "expires_at", terms.expires_at)
        with remote_calls("identity"):
            answer = await self._stub.CreateApiKey(request, timeout=COMMAND_DEADLINE_S)
        return NewApiKey(key=_key(answer.key), text=answer.text or None)

    async def api_keys(self, user_id: UserId) -> list[ApiKey]:
        """See Identity."""
        request = pb.ListApiKeysRequest(user_id=user_id)
        with remote_calls("identity"):
            answer = await self._stub.ListApiKeys(request, timeout=READ_DEADLINE_S)
        return [_key(key) for key in answer.keys]

    async def revoke_api_key(self, user_id: UserId, key_id: ApiKeyId) -> None:
        """See Identity."""
        request = pb.RevokeApiKeyRequest(user_id=user_id, key_id=key_id)
        with remote_calls("identity"):
            await self._stub.RevokeApiKey(request, timeout=COMMAND_DEADLINE_S)

    async def standing_api_keys(self, digests: Sequence[KeyDigest]) -> Mapping[KeyDigest, Principal]:
        """See Identity."""
        request = pb.CheckApiKeysRequest(digests=digests)
        with remote_calls("identity"):
            answer = await self._stub.CheckApiKeys(request, timeout=KEY_CHECK_DEADLINE_S)
        return {KeyDigest(key.digest): _principal(key) for key in answer.keys}


def _principal(standing: pb.StandingApiKey) -> Principal:
    terms = _terms(standing.terms)
    return Principal(
        user_id=UserId(standing.user_id),
        email=standing.email,
        # Whoever made it: a key never acts as an administrator.
        role=Role.USER,
        expires_at=terms.expires_at or NEVER,
        session_id=None,
        key=KeyGrant(key_id=ApiKeyId(standing.key_id), digest=KeyDigest(standing.digest), terms=terms),
    )


def _key(message: pb.ApiKey) -> ApiKey:
    return ApiKey(
        key_id=ApiKeyId(message.key_id),
        terms=_terms(message.terms),
        hint=message.hint,
        created_at=moment(message, "created_at") or NEVER,
        last_used_at=moment(message, "last_used_at"),
        is_expired=message.is_expired,
    )


def _terms(message: pb.ApiKeyTerms) -> KeyTerms:
    return KeyTerms(
        name=message.name,
        # A scope that a later release knows is none that this one could admit anything by.
        scopes=frozenset(Scope(scope) for scope in message.scopes if scope in _SCOPES),
        model_ids=tuple(map(ModelId, message.model_ids)),
        expires_at=moment(message, "expires_at"),
        monthly_credits_max=(
            message.monthly_credits_max if message.HasField("monthly_credits_max") else None
        ),
    )
