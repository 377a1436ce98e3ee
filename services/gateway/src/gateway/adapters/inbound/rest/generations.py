"""Generations: start, watch, stop, delete, explain."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.left import unless_left
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.explanation import Explanation
from gateway.adapters.inbound.rest.answers.generation import Generation, GenerationPage
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.library_filter import library_filter
from gateway.adapters.inbound.rest.models import ModelInput, ModelName
from gateway.adapters.inbound.rest.parameters import (
    GenerationPath,
    Paging,
    generation_id,
    idempotency_key,
    mark_replayed,
    paging,
)
from gateway.adapters.inbound.rest.prefer import mark_waited, preferred_wait_s
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.application.start_generation import StartGeneration
from gateway.application.wait_as_preferred import WaitAsPreferred
from gateway.domain.generation import LibraryFilter, NewGeneration
from gateway.domain.identifiers import ModelId, QuoteId
from gateway.domain.webhook import GENERATION_EVENTS, URL_LENGTH_MAX, WebhookEvent
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/generations", tags=["generations"], route_class=JsonRoute)

_NOT_FOUND: Reasons = {404: ("NOT_FOUND",)}
_STORE: Reasons = {503: ("STORAGE_UNAVAILABLE",)}
_CREATE: Reasons = {
    402: ("INSUFFICIENT_CREDITS",),
    403: ("ENTITLEMENT_REQUIRED", "MODEL_NOT_ALLOWED", "KEY_LIMIT_REACHED", "ACCOUNT_ERASED"),
    404: ("UNKNOWN_MODEL",),
    409: ("QUOTE_EXPIRED", "WEBHOOKS_OFF"),
    422: ("INVALID_INPUT", "INVALID_QUOTE"),
    429: ("LEDGER_OVERLOADED", "STORAGE_BUSY"),
    503: ("LEDGER_UNAVAILABLE", "STORAGE_UNAVAILABLE", "WEBHOOK_SECRET_UNREADABLE"),
}


class GenerationBody(Body):
    """What to generate."""

    model: ModelName
    """`<provider>/<name>`, as the list of models has it."""
    input: ModelInput
    """By the model's `input_schema`."""
    quote_id: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    """A signed price for exactly this model and input."""
    provider_order: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(max_length=16, default_factory=list),
    ]
    """Providers to try, the first one first; the model's own order when empty."""
    metadata: Annotated[
        dict[str, Any], Field(max_length=50, default_factory=dict, examples=[{"album": "birds"}])
    ]
    """The caller's own: comes back unchanged."""
    webhook_url: (
        Annotated[
            str,
            Field(min_length=1, max_length=URL_LENGTH_MAX, examples=["https://shop.example/tintype"]),
        ]
        | None
    ) = None
    """Told once it has ended, beside your endpoints; signed by the secret of
    `GET /v1/webhook-endpoints/signing-secret`."""
    webhook_events: (
        Annotated[
            list[Literal["generation.succeeded", "generation.failed", "generation.cancelled"]],
            Field(min_length=1, max_length=len(GENERATION_EVENTS)),
        ]
        | None
    ) = None
    """Which endings `webhook_url` is told; all of them when it is left out."""


@router.post(
    "",
    status_code=202,
    dependencies=[per_user(Limit.GENERATIONS)],
    responses={**refuses(_CREATE), 201: {"model": Generation, "description": "It has ended."}},
)
async def create_generation(
    request: Request,
    body: GenerationBody,
    response: Response,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
    wait_s: Annotated[int | None, Depends(preferred_wait_s)],
) -> Generation:
    """Reserve the credits and start; 402 with `balance` and `required` when there are too few.

    With `Prefer: wait=<seconds>` it is answered once it has ended, with 201, or else after that time with 202
    as without; `Preference-Applied` says how long that was, and is missing where nobody could wait. Whoever
    leaves meanwhile finds the generation where `Location` would have led.

    Without an `Idempotency-Key` nothing goes on of a request that ends in a 5xx, as far as that can be told:
    where the answer has no `Retry-After`, look before you ask again.
    """
    new = NewGeneration(
        model_id=ModelId(body.model),
        input=body.input,
        quote_id=QuoteId(body.quote_id) if body.quote_id is not None else None,
        provider_order=tuple(body.provider_order),
        metadata=body.metadata,
        idempotency_key=key,
        key=principal.key,
    )
    principal.require_model(new.model_id)
    may_come_back = "idempotency-key" in request.headers
    async with deps.unanswered.withdrawn(principal.user_id, key, may_come_back=may_come_back):
        if body.webhook_url is None:
            generation, replayed = await deps.generations.create(principal.user_id, new)
        else:
            events = map(WebhookEvent, body.webhook_events or GENERATION_EVENTS)
            generation, replayed = await deps.start_generation(
                StartGeneration(
                    account_id=principal.user_id,
                    new=new,
                    webhook_url=body.webhook_url,
                    webhook_events=frozenset(events),
                )
            )
    mark_replayed(response, replayed)
    response.headers["Location"] = f"/v1/generations/{generation.generation_id}"
    if wait_s is not None:
        waiting = WaitAsPreferred(principal=principal, generation=generation, preferred_s=wait_s)
        generation, waited_s = await unless_left(request, deps.wait_as_preferred(waiting))
        mark_waited(response, waited_s)
        if waited_s is not None and generation.status.is_final:
            response.status_code = 201
    return Generation.of(generation)


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses({404: ("COLLECTION_NOT_FOUND",)}))
async def list_generations(
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    part: Annotated[Paging, Depends(paging)],
    wanted: Annotated[LibraryFilter, Depends(library_filter)],
) -> GenerationPage:
    """List the caller's generations, newest first: those that every filter admits.

    A cursor belongs to the filters that it came with.
    """
    page = await deps.generations.page(principal.user_id, wanted=wanted, cursor=part.cursor, limit=part.limit)
    return GenerationPage.of(page, Generation.of)


@router.get(
    "/{generation}", dependencies=[per_user(Limit.READS)], responses=refuses({**_NOT_FOUND, **_STORE})
)
async def read_generation(
    generation: GenerationPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Generation:
    """Read one, with freshly signed addresses of its outputs."""
    return Generation.of(await deps.generations.generation(principal.user_id, generation_id(generation)))


@router.put(
    "/{generation}/favourite",
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({**_NOT_FOUND, **_STORE}),
)
async def mark_favourite(
    generation: GenerationPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Generation:
    """Mark it as a favourite; again changes nothing."""
    marked = await deps.generations.mark_favourite(
        principal.user_id, generation_id(generation), is_favourite=True
    )
    return Generation.of(marked)


@router.delete(
    "/{generation}/favourite",
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({**_NOT_FOUND, **_STORE}),
)
async def unmark_favourite(
    generation: GenerationPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Generation:
    """Make it a favourite no longer; again changes nothing."""
    unmarked = await deps.generations.mark_favourite(
        principal.user_id, generation_id(generation), is_favourite=False
    )
    return Generation.of(unmarked)


@router.delete(
    "/{generation}",
    status_code=204,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({**_NOT_FOUND, **_STORE, 409: ("GENERATION_RUNNING",)}),
)
async def delete_generation(
    generation: GenerationPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Response:
    """Delete a finished one and its outputs."""
    await deps.generations.delete(principal.user_id, generation_id(generation))
    return Response(status_code=204)


@router.post(
    "/{generation}/cancel",
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({**_NOT_FOUND, 409: ("GENERATION_FINISHED",)}),
)
async def cancel_generation(
    generation: GenerationPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Generation:
    """Ask it to stop; its credits return."""
    return Generation.of(await deps.generations.cancel(principal.user_id, generation_id(generation)))


@router.get(
    "/{generation}/explain",
    dependencies=[per_user(Limit.READS)],
    responses=refuses({**_NOT_FOUND, 503: ("STORAGE_UNAVAILABLE", "LEDGER_UNAVAILABLE")}),
)
async def explain_generation(
    generation: GenerationPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Explanation:
    """Say where its credits came from and where they went."""
    return Explanation.of(await deps.explain_generation(principal.user_id, generation_id(generation)))
