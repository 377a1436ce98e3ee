"""API keys: make, list, revoke."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.api_key import ApiKey, ApiKeyList, NewApiKey
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import Moment, idempotency_key, mark_replayed
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain.api_key import KeyTerms, Scope
from gateway.domain.identifiers import ApiKeyId, ModelId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/api-keys", tags=["account"], route_class=JsonRoute)

_ID_LENGTH_MAX = 64
KeyPath = Annotated[str, Path(description="A key's id.", examples=["key_019324a1b2c37def8a9b0c1d2e3f4a65"])]


class ApiKeyBody(Body):
    """What a key may do."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["Web shop"])]
    """By which you know it again."""
    # A word of JSON is a text: a strict body would take nothing but the member itself.
    scopes: Annotated[
        list[Annotated[Scope, Field(strict=False)]],
        Field(min_length=1, max_length=len(Scope), examples=[["generations:write", "generations:read"]]),
    ]
    """What it may do; whatever no scope names is for people alone."""
    models: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]],
        Field(max_length=50, default_factory=list, examples=[["openai/chat"]]),
    ]
    """The models that it may run; all of them when empty."""
    expires_at: Moment | None = None
    """When it ends by itself; never when it is left out."""
    monthly_credit_limit: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    """Credits that it may reserve in a calendar month (UTC); as many as there are when it is left out."""

    def terms(self) -> KeyTerms:
        """Return it as the terms of a key."""
        return KeyTerms(
            name=self.name,
            scopes=frozenset(self.scopes),
            model_ids=tuple(map(ModelId, self.models)),
            expires_at=self.expires_at,
            monthly_credits_max=self.monthly_credit_limit,
        )


@router.post(
    "",
    status_code=201,
    dependencies=[per_user(Limit.CHANGES), FRESH_PROOF],
    responses=refuses({403: ("USER_DISABLED",), 409: ("API_KEY_QUOTA_REACHED", "ACCOUNT_LEAVING")}),
)
async def create_api_key(
    body: ApiKeyBody,
    response: Response,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> NewApiKey:
    """Make a key. Its text is told this once: only a hash of it is kept.

    It takes a sign-in or a step-up (`POST /v1/auth/step-up`) within the last ten minutes.
    The same idempotency key makes one key; the answer that comes again is without its text.
    """
    made = await deps.identity.create_api_key(principal.user_id, body.terms(), idempotency_key=key)
    mark_replayed(response, made.text is None)
    return NewApiKey.made(made)


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses({}))
async def list_api_keys(principal: CurrentPrincipal, deps: CurrentDeps) -> ApiKeyList:
    """List the keys that were not revoked, expired ones too, newest first."""
    return ApiKeyList.of(await deps.identity.api_keys(principal.user_id), ApiKey.of)


@router.delete(
    "/{api_key}",
    status_code=204,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({404: ("API_KEY_NOT_FOUND",)}),
)
async def revoke_api_key(api_key: KeyPath, principal: CurrentPrincipal, deps: CurrentDeps) -> Response:
    """End a key, everywhere within a second; one that has ended before is no error."""
    await deps.identity.revoke_api_key(principal.user_id, ApiKeyId(api_key[:_ID_LENGTH_MAX]))
    return Response(status_code=204)
