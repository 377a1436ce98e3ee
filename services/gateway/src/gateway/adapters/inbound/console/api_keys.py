"""`/account/keys`: the API keys of a person; one is shown in full just once."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.code_samples import key_samples
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_user
from gateway.domain.api_key import KeyTerms, NewApiKey, Scope
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Conflict, FieldProblem, GatewayError, InvalidRequest
from gateway.domain.identifiers import ApiKeyId, ModelId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/account/keys", route_class=HtmlRoute)
SCOPES = {
    Scope.GENERATIONS_WRITE: gettext_noop("Generate, cancel, delete and share"),
    Scope.GENERATIONS_READ: gettext_noop("See models, generations and usage"),
    Scope.BILLING_READ: gettext_noop("See balance, statement, purchases and plan"),
    Scope.ACCOUNT_READ: gettext_noop("See the profile"),
    Scope.WEBHOOKS_READ: gettext_noop("See webhook endpoints and what they were sent"),
    Scope.WEBHOOKS_WRITE: gettext_noop("Add, change, test and remove webhook endpoints"),
}
PRESET = frozenset({Scope.GENERATIONS_WRITE.value, Scope.GENERATIONS_READ.value})
LIFETIMES = {
    "": gettext_noop("never"),
    "30": gettext_noop("30 days"),
    "90": gettext_noop("90 days"),
    "365": gettext_noop("a year"),
}
_ID_LENGTH_MAX = 64
_DIGITS_MAX = 10


@dataclass(frozen=True)
class Typed:
    """What the form was sent with, or what it holds when it is opened."""

    name: str = ""
    scopes: frozenset[str] = PRESET
    models: frozenset[str] = frozenset()
    lifetime: str = ""
    limit: str = ""


@router.get("", dependencies=[per_user(Limit.READS)])
async def keys(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show the keys, and the form that makes one."""
    return await _page(request, deps, session)


@router.post("", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF])
async def make(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Make a key and show it, this once."""
    form = await request.form()
    typed = Typed(
        name=str(form.get("name", "")),
        scopes=frozenset(map(str, form.getlist("scopes"))),
        models=frozenset(map(str, form.getlist("models"))),
        lifetime=str(form.get("lifetime", "")),
        limit=str(form.get("monthly_credit_limit", "")).strip(),
    )
    try:
        made = await deps.identity.create_api_key(
            session.user_id,
            _terms(deps, typed),
            # The form's own: a page that is sent twice makes one key.
            idempotency_key=str(form.get("once", ""))[:_ID_LENGTH_MAX] or uuid4().hex,
        )
    except (InvalidRequest, Conflict) as refusal:
        return await _page(request, deps, session, refusal=refusal, typed=typed)
    return await _page(request, deps, session, made=made)


@router.post("/{api_key}/revoke", dependencies=[per_user(Limit.CHANGES)])
async def revoke(request: Request, deps: CurrentDeps, session: Session, api_key: str) -> Response:
    """End a key."""
    await deps.identity.revoke_api_key(session.user_id, ApiKeyId(api_key[:_ID_LENGTH_MAX]))
    return go("/account/keys", note="key-revoked")


def _terms(deps: Deps, typed: Typed) -> KeyTerms:
    limit = typed.limit
    if limit and not (limit.isascii() and limit.isdigit() and len(limit) <= _DIGITS_MAX):
        raise InvalidRequest(
            "A limit is a whole number.",
            reason="INVALID_FIELD",
            fields=[FieldProblem("monthly_credit_limit", gettext_noop("Write a whole number, or nothing."))],
        )
    days = int(typed.lifetime) if typed.lifetime and typed.lifetime in LIFETIMES else None
    return KeyTerms(
        name=typed.name,
        scopes=frozenset(scope for scope in Scope if scope.value in typed.scopes),
        model_ids=tuple(map(ModelId, sorted(typed.models))),
        expires_at=deps.clock.now() + timedelta(days=days) if days else None,
        monthly_credits_max=int(limit) if limit else None,
    )


async def _page(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    *,
    made: NewApiKey | None = None,
    refusal: GatewayError | None = None,
    typed: Typed | None = None,
) -> Response:
    return await show(
        request,
        "api_keys.html",
        session=session,
        refusal=refusal,
        keys=await deps.identity.api_keys(session.user_id),
        models=await deps.generations.models(session.user_id),
        made=made,
        samples=key_samples(deps.web.public_url, made.text) if made and made.text else [],
        typed=typed or Typed(),
        scopes=SCOPES,
        lifetimes=LIFETIMES,
        once=uuid4().hex,
    )
