"""`/account/webhooks`: where webhooks go, what came of them, and what can be done about it."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.console.webhook_words import DISABLED, ERRORS, EVENTS, SAID, STATES
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF, fresh_proof
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.parameters import delivery_id, webhook_endpoint_id
from gateway.adapters.inbound.webhook_messages import payload_of_test
from gateway.application.add_webhook_endpoint import AddWebhookEndpoint, NewWebhookEndpoint
from gateway.application.change_webhook_endpoint import ChangeWebhookEndpoint
from gateway.application.send_test_webhook import SendTestWebhook
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Conflict, FieldProblem, GatewayError, InvalidRequest
from gateway.domain.identifiers import WebhookEndpointId
from gateway.domain.webhook import (
    DESCRIPTION_LENGTH_MAX,
    GENERATION_EVENTS,
    EndpointChange,
    WebhookEvent,
)
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/account/webhooks", route_class=HtmlRoute)

_LOG_SIZE = 20


@dataclass(frozen=True)
class Typed:
    """What the form was sent with, or what it holds when it is opened."""

    url: str = ""
    description: str = ""
    events: frozenset[str] = frozenset(event.value for event in GENERATION_EVENTS)


@router.get("", dependencies=[per_user(Limit.READS)])
async def webhooks(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show the endpoints, and the form that adds one."""
    return await _page(request, deps, session)


@router.post("", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF])
async def add(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Add an endpoint and show its secret, this once."""
    typed = await _typed(request)
    try:
        made = await deps.add_webhook_endpoint(
            AddWebhookEndpoint(
                account_id=session.user_id,
                url=typed.url,
                event_types=_events(typed),
                description=_description(typed),
            )
        )
    except (InvalidRequest, Conflict) as refusal:
        return await _page(request, deps, session, refusal=_in_words(refusal), typed=typed)
    return await _endpoint(request, deps, session, made.endpoint.endpoint_id, made=made)


@router.get("/requests", dependencies=[per_user(Limit.READS)])
async def requests_page(
    request: Request, deps: CurrentDeps, session: Session, cursor: str | None = None
) -> Response:
    """Show what the webhooks of single requests were sent."""
    log = await deps.webhook_endpoints.deliveries(session.user_id, None, cursor=cursor, limit=_LOG_SIZE)
    return await show(
        request,
        "webhook_requests.html",
        session=session,
        deliveries=log.items,
        next_cursor=log.next_cursor,
        is_first=cursor is None,
        states=STATES,
        attempt_errors=ERRORS,
    )


@router.post("/requests/deliveries/{delivery}/redeliver", dependencies=[per_user(Limit.CHANGES)])
async def redeliver_of_request(deps: CurrentDeps, session: Session, delivery: str) -> Response:
    """Have one sent again; one that is being sent right now needs nothing."""
    note = await _again(deps, session, None, delivery)
    return go(f"{router.prefix}/requests", note=note)


@router.get("/{endpoint}", dependencies=[per_user(Limit.READS)])
async def endpoint_page(
    request: Request, deps: CurrentDeps, session: Session, endpoint: str, cursor: str | None = None
) -> Response:
    """Show one, with what it was sent."""
    return await _endpoint(request, deps, session, webhook_endpoint_id(endpoint), cursor=cursor)


@router.post("/{endpoint}", dependencies=[per_user(Limit.CHANGES)])
async def change(
    request: Request, deps: CurrentDeps, session: Session, principal: CurrentPrincipal, endpoint: str
) -> Response:
    """Change it; another address takes a fresh proof, as a new endpoint does."""
    endpoint_id, typed = webhook_endpoint_id(endpoint), await _typed(request)
    if typed.url != (await deps.webhook_endpoints.endpoint(session.user_id, endpoint_id)).url:
        await fresh_proof(principal, deps)
    try:
        await deps.change_webhook_endpoint(
            ChangeWebhookEndpoint(
                account_id=session.user_id,
                endpoint_id=endpoint_id,
                change=EndpointChange(
                    url=typed.url, event_types=_events(typed), description=_description(typed)
                ),
            )
        )
    except InvalidRequest as refusal:
        words = _in_words(refusal)
        return await _endpoint(request, deps, session, endpoint_id, refusal=words, typed=typed)
    return go(_address(endpoint_id), note="saved")


@router.post("/{endpoint}/turn", dependencies=[per_user(Limit.CHANGES)])
async def turn(request: Request, deps: CurrentDeps, session: Session, endpoint: str) -> Response:
    """Turn it on or off."""
    endpoint_id, form = webhook_endpoint_id(endpoint), await request.form()
    change = EndpointChange(enabled=form.get("enabled") == "true")
    await deps.change_webhook_endpoint(
        ChangeWebhookEndpoint(account_id=session.user_id, endpoint_id=endpoint_id, change=change)
    )
    return go(_address(endpoint_id), note="saved")


@router.post("/{endpoint}/test", dependencies=[per_user(Limit.CHANGES)])
async def send_test(deps: CurrentDeps, session: Session, endpoint: str) -> Response:
    """Have a test sent; the log below says what came of it."""
    endpoint_id = webhook_endpoint_id(endpoint)
    payload = payload_of_test(endpoint_id, now=deps.clock.now())
    await deps.send_test_webhook(
        SendTestWebhook(account_id=session.user_id, endpoint_id=endpoint_id, payload=payload)
    )
    return go(_address(endpoint_id), note="webhook-sent")


@router.post("/{endpoint}/rotate", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF])
async def rotate(request: Request, deps: CurrentDeps, session: Session, endpoint: str) -> Response:
    """Replace its secret and show the new one, this once."""
    made = await deps.rotate_webhook_secret(session.user_id, webhook_endpoint_id(endpoint))
    return await _endpoint(request, deps, session, made.endpoint.endpoint_id, made=made)


@router.post("/{endpoint}/remove", dependencies=[per_user(Limit.CHANGES)])
async def remove(deps: CurrentDeps, session: Session, endpoint: str) -> Response:
    """Remove it and its log."""
    await deps.webhook_endpoints.remove(session.user_id, webhook_endpoint_id(endpoint))
    return go("/account/webhooks", note="webhook-removed")


@router.post("/{endpoint}/deliveries/{delivery}/redeliver", dependencies=[per_user(Limit.CHANGES)])
async def redeliver(deps: CurrentDeps, session: Session, endpoint: str, delivery: str) -> Response:
    """Have a delivery sent again; one that is being sent right now needs nothing."""
    endpoint_id = webhook_endpoint_id(endpoint)
    note = await _again(deps, session, endpoint_id, delivery)
    return go(_address(endpoint_id), note=note)


async def _again(
    deps: Deps, session: ConsoleSession, endpoint_id: WebhookEndpointId | None, delivery: str
) -> str:
    """Return what is said of it afterwards."""
    try:
        await deps.webhook_endpoints.redeliver(
            session.user_id, endpoint_id, delivery_id(delivery), now=deps.clock.now()
        )
    except Conflict:
        return "webhook-running"
    return "webhook-sent"


def _address(endpoint_id: WebhookEndpointId) -> str:
    return f"/account/webhooks/{endpoint_id}"


async def _typed(request: Request) -> Typed:
    form = await request.form()
    return Typed(
        url=str(form.get("url", "")).strip(),
        description=str(form.get("description", "")).strip(),
        events=frozenset(map(str, form.getlist("events"))),
    )


def _events(typed: Typed) -> frozenset[WebhookEvent]:
    chosen = frozenset(event for event in WebhookEvent if event.value in typed.events)
    if not chosen:
        raise _wrong("events", gettext_noop("Choose at least one."))
    return chosen


def _description(typed: Typed) -> str:
    if len(typed.description) > DESCRIPTION_LENGTH_MAX or not typed.description.isprintable():
        raise _wrong("description", gettext_noop("Write at most 200 characters."))
    return typed.description


def _wrong(field: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, reason="INVALID_FIELD", fields=[FieldProblem(field, detail)])


def _in_words(refusal: InvalidRequest | Conflict) -> GatewayError:
    if isinstance(refusal, Conflict):
        return Conflict(SAID.get(refusal.reason, refusal.detail), reason=refusal.reason)
    fields = [
        FieldProblem("url", gettext_noop("Write an https address that the internet can reach."))
        if problem.field == "url"
        else problem
        for problem in refusal.fields
    ]
    return InvalidRequest(refusal.detail, reason=refusal.reason, fields=fields)


async def _page(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    *,
    refusal: GatewayError | None = None,
    typed: Typed | None = None,
) -> Response:
    return await show(
        request,
        "webhooks.html",
        session=session,
        refusal=refusal,
        endpoints=await deps.webhook_endpoints.endpoints(session.user_id),
        typed=typed or Typed(),
        events=EVENTS,
        disabled=DISABLED,
    )


async def _endpoint(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    endpoint_id: WebhookEndpointId,
    *,
    made: NewWebhookEndpoint | None = None,
    refusal: GatewayError | None = None,
    typed: Typed | None = None,
    cursor: str | None = None,
) -> Response:
    endpoint = await deps.webhook_endpoints.endpoint(session.user_id, endpoint_id)
    log = await deps.webhook_endpoints.deliveries(
        session.user_id, endpoint_id, cursor=cursor, limit=_LOG_SIZE
    )
    standing = Typed(endpoint.url, endpoint.description, frozenset(endpoint.event_types))
    return await show(
        request,
        "webhook_endpoint.html",
        session=session,
        refusal=refusal,
        endpoint=endpoint,
        deliveries=log.items,
        next_cursor=log.next_cursor,
        is_first=cursor is None,
        made=made,
        typed=typed or standing,
        events=EVENTS,
        disabled=DISABLED,
        states=STATES,
        attempt_errors=ERRORS,
    )
