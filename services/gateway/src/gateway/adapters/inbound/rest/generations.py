"""Generations: start, watch, stop, delete, explain."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest import render
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.models import ModelName
from gateway.adapters.inbound.rest.parameters import (
    Paging,
    generation_id,
    idempotency_key,
    mark_replayed,
    paging,
)
from gateway.domain.generation import GenerationStatus, NewGeneration
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/generations", tags=["generations"], route_class=JsonRoute)


class GenerationBody(Body):
    """What to generate."""

    model: ModelName
    input: dict[str, Any]
    quote_id: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    provider_order: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(max_length=16, default_factory=list),
    ]
    metadata: Annotated[dict[str, Any], Field(max_length=50, default_factory=dict)]


@router.post("", status_code=202, dependencies=[per_user(Limit.GENERATIONS)])
async def create_generation(
    body: GenerationBody,
    response: Response,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> render.Json:
    """Reserve the credits and start; 402 with `balance` and `required` when there are too few."""
    new = NewGeneration(
        model_id=body.model,
        input=body.input,
        quote_id=body.quote_id,
        provider_order=tuple(body.provider_order),
        metadata=body.metadata,
        idempotency_key=key,
    )
    generation, replayed = await deps.generations.create(principal.user_id, new)
    mark_replayed(response, replayed)
    response.headers["Location"] = f"/v1/generations/{generation.generation_id}"
    return render.generation(generation)


@router.get("", dependencies=[per_user(Limit.READS)])
async def list_generations(
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    part: Annotated[Paging, Depends(paging)],
    status: Annotated[list[GenerationStatus] | None, Query(max_length=len(GenerationStatus))] = None,
) -> render.Json:
    """List the caller's generations, newest first."""
    page = await deps.generations.page(
        principal.user_id, statuses=status or (), cursor=part.cursor, limit=part.limit
    )
    return render.listed(page, render.generation)


@router.get("/{generation}", dependencies=[per_user(Limit.READS)])
async def read_generation(generation: str, principal: CurrentPrincipal, deps: CurrentDeps) -> render.Json:
    """Read one, with freshly signed addresses of its outputs."""
    return render.generation(await deps.generations.one(principal.user_id, generation_id(generation)))


@router.delete("/{generation}", status_code=204, dependencies=[per_user(Limit.CHANGES)])
async def delete_generation(generation: str, principal: CurrentPrincipal, deps: CurrentDeps) -> Response:
    """Delete a finished one and its outputs."""
    await deps.generations.delete(principal.user_id, generation_id(generation))
    return Response(status_code=204)


@router.post("/{generation}/cancel", dependencies=[per_user(Limit.CHANGES)])
async def cancel_generation(generation: str, principal: CurrentPrincipal, deps: CurrentDeps) -> render.Json:
    """Ask it to stop; its credits return."""
    return render.generation(await deps.generations.cancel(principal.user_id, generation_id(generation)))


@router.get("/{generation}/explain", dependencies=[per_user(Limit.READS)])
async def explain_generation(generation: str, principal: CurrentPrincipal, deps: CurrentDeps) -> render.Json:
    """Say where its credits came from and where they went."""
    return render.explanation(await deps.explain(principal.user_id, generation_id(generation)))
