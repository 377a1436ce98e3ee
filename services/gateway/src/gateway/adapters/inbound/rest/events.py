"""Server-sent events: what happens to the caller's account, as it happens."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, cast

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.placed_route import PlacedRoute
from gateway.adapters.inbound.rest.answers.answer import Answer
from gateway.adapters.inbound.rest.answers.balance import Balance
from gateway.adapters.inbound.rest.answers.event import (
    NAMES,
    GenerationUpdated,
    PaymentCompleted,
    SubscriptionUpdated,
)
from gateway.adapters.inbound.rest.event_stream import STREAM
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.domain import credits as domain
from gateway.domain.event import ClientEvent, GenerationUpdate, PaymentReceived, PlanChanged
from gateway.domain.identifiers import EventId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=PlacedRoute)

RETRY_MS = 2_000
SEND_TIMEOUT_S = 15
# The feed has a heartbeat of its own; the library's may not be switched off.
_LIBRARY_PING_S = 3_600
_REFUSED: Reasons = {429: ("TOO_MANY_STREAMS",), 503: ("EVENTS_UNAVAILABLE", "LEDGER_UNAVAILABLE")}


@router.get(
    "",
    response_class=EventSourceResponse,
    response_model=None,
    dependencies=[per_user(Limit.READS)],
    responses={**refuses(_REFUSED), 200: STREAM},
)
async def follow_events(
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    last_event_id: Annotated[str | None, Header(description="The id of the last event that came.")] = None,
    last_event_id_query: Annotated[
        str | None, Query(alias="last_event_id", description="The same, for who can't set headers.")
    ] = None,
) -> EventSourceResponse:
    """Stream `generation.updated`, `balance.updated`, `payment.completed` and `subscription.updated`.

    Resumes after `Last-Event-ID` (or `?last_event_id=`): nothing is left out, and an event that comes again
    has the id that it had. An id is opaque, good for a day and for one account; with any other the stream
    begins with the balance and the newest generations as they are. Ends when the access token expires.
    """
    events = cast(
        AsyncGenerator[ClientEvent, None],
        deps.follow_events(principal, EventId(last_event_id or last_event_id_query or "") or None),
    )
    # The first one before the answer begins: a refusal can still become a problem.
    first = await anext(events, None)
    return EventSourceResponse(
        _stream(first, events),
        ping=_LIBRARY_PING_S,
        send_timeout=SEND_TIMEOUT_S,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(
    first: ClientEvent | None, events: AsyncGenerator[ClientEvent, None]
) -> AsyncIterator[ServerSentEvent]:
    async with aclosing(events):
        if first is not None:
            yield _message(first, retry_ms=RETRY_MS)
            async for event in events:
                yield _message(event)


def _message(event: ClientEvent, *, retry_ms: int | None = None) -> ServerSentEvent:
    told, event_id = event.told, event.event_id
    body: Answer
    match told:
        case domain.Balance():
            body = Balance.of(told)
        case GenerationUpdate():
            body = GenerationUpdated.of(told)
        case PaymentReceived():
            body = PaymentCompleted.of(told)
        case PlanChanged():
            body = SubscriptionUpdated.of(told)
        case None:
            # An id without data moves the client's position and fires no event.
            return ServerSentEvent(comment="here", id=event_id, retry=retry_ms)
    return ServerSentEvent(body.model_dump_json(), event=NAMES[type(body)], id=event_id, retry=retry_ms)
