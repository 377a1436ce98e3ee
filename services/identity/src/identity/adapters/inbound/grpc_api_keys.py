"""The part of IdentityService that is about API keys."""

from dataclasses import dataclass
from typing import Any

from chassis.timestamps import to_timestamp
from tintype.identity.v1 import identity_pb2 as pb

from identity.adapters.inbound import fields
from identity.adapters.inbound.messages import role_message
from identity.application.check_api_keys import CheckApiKeysHandler
from identity.application.create_api_key import CreateApiKey, CreateApiKeyHandler
from identity.application.list_api_keys import ListApiKeysHandler
from identity.application.revoke_api_key import RevokeApiKey, RevokeApiKeyHandler
from identity.domain.api_key import ApiKey, ApiKeyTerms
from identity.domain.identifiers import ModelId
from identity.ports.clock import Clock


@dataclass(frozen=True)
class ApiKeyHandlers:
    """The use cases of API keys; the clock says which have expired."""

    create: CreateApiKeyHandler
    list: ListApiKeysHandler
    revoke: RevokeApiKeyHandler
    check: CheckApiKeysHandler
    clock: Clock


class ApiKeyAnswers:
    """Answers the four calls; refusals rise as domain errors."""

    _api_keys: ApiKeyHandlers

    async def CreateApiKey(self, request: pb.CreateApiKeyRequest, context: Any) -> pb.CreateApiKeyResponse:
        """See the contract."""
        created = await self._api_keys.create(
            CreateApiKey(
                user_id=fields.user_id(request.user_id),
                idempotency_key=fields.idempotency_key(request.idempotency_key),
                terms=_terms(request),
            )
        )
        return pb.CreateApiKeyResponse(key=self._message(created.key), text=created.text or "")

    async def ListApiKeys(self, request: pb.ListApiKeysRequest, context: Any) -> pb.ListApiKeysResponse:
        """See the contract."""
        keys = await self._api_keys.list(fields.user_id(request.user_id))
        return pb.ListApiKeysResponse(keys=[self._message(key) for key in keys])

    async def RevokeApiKey(self, request: pb.RevokeApiKeyRequest, context: Any) -> pb.RevokeApiKeyResponse:
        """See the contract."""
        await self._api_keys.revoke(
            RevokeApiKey(fields.user_id(request.user_id), fields.api_key_id(request.key_id))
        )
        return pb.RevokeApiKeyResponse()

    async def CheckApiKeys(self, request: pb.CheckApiKeysRequest, context: Any) -> pb.CheckApiKeysResponse:
        """See the contract."""
        standing = await self._api_keys.check(fields.key_digests(request.digests))
        return pb.CheckApiKeysResponse(
            keys=[
                pb.StandingApiKey(
                    digest=digest,
                    key_id=found.key.key_id,
                    user_id=found.key.user_id,
                    email=found.email,
                    role=role_message(found.role),
                    terms=_terms_message(found.key.terms),
                )
                for digest, found in standing.items()
            ]
        )

    def _message(self, key: ApiKey) -> pb.ApiKey:
        return pb.ApiKey(
            key_id=key.key_id,
            terms=_terms_message(key.terms),
            hint=key.hint,
            created_at=to_timestamp(key.created_at),
            last_used_at=to_timestamp(key.last_used_at),
            is_expired=not key.stands(self._api_keys.clock.now()),
        )


def _terms(request: pb.CreateApiKeyRequest) -> ApiKeyTerms:
    return ApiKeyTerms(
        name=request.name.strip(),
        scopes=fields.scopes(request.scopes),
        model_ids=tuple(map(ModelId, dict.fromkeys(request.model_ids))),
        expires_at=fields.moment(request, "expires_at"),
        monthly_credits_max=(
            request.monthly_credits_max if request.HasField("monthly_credits_max") else None
        ),
    )


def _terms_message(terms: ApiKeyTerms) -> pb.ApiKeyTerms:
    return pb.ApiKeyTerms(
        name=terms.name,
        scopes=sorted(terms.scopes),
        model_ids=terms.model_ids,
        expires_at=to_timestamp(terms.expires_at),
        monthly_credits_max=terms.monthly_credits_max,
    )
