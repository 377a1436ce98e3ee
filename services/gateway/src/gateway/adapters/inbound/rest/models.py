"""Models on offer and their prices."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal, PrincipalIfAny
from gateway.adapters.inbound.limited import per_address, per_user
from gateway.adapters.inbound.rest.answers.model import Model, ModelList
from gateway.adapters.inbound.rest.answers.quote import Quote
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import NamePath, ProviderPath, model_id
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain.identifiers import ModelId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1", tags=["models"], route_class=JsonRoute)

ModelName = Annotated[str, Field(min_length=1, max_length=129, examples=["local/sketch"])]
CategoryQuery = Annotated[
    str | None,
    Query(max_length=64, description="Only those of this category.", examples=["text-to-image"]),
]
ModelInput = Annotated[dict[str, Any], Field(examples=[{"prompt": "a heron"}])]


class QuoteBody(Body):
    """What to price."""

    model: ModelName
    """`<provider>/<name>`, as the list of models has it."""
    input: ModelInput
    """By the model's `input_schema`."""


@router.get("/models", dependencies=[per_address(Limit.READS)])
async def list_models(
    principal: PrincipalIfAny, deps: CurrentDeps, category: CategoryQuery = None
) -> ModelList:
    """List the models; needs no token.

    With one, `is_usable` says of each whether the caller's plan opens what it requires.
    """
    account_id = principal.user_id if principal else None
    models = await deps.generations.models(account_id)
    return ModelList.of([model for model in models if category in (None, model.category)], Model.of)


@router.get(
    "/models/{provider}/{name}",
    dependencies=[per_address(Limit.READS)],
    responses=refuses({404: ("UNKNOWN_MODEL",)}),
)
async def read_model(
    provider: ProviderPath, name: NamePath, principal: PrincipalIfAny, deps: CurrentDeps
) -> Model:
    """Read one model; needs no token.

    With one, `is_usable` says whether the caller's plan opens what it requires.
    """
    account_id = principal.user_id if principal else None
    return Model.of(await deps.generations.model(model_id(provider, name), account_id))


@router.post(
    "/quotes",
    dependencies=[per_user(Limit.QUOTES)],
    responses=refuses({403: ("MODEL_NOT_ALLOWED",), 404: ("UNKNOWN_MODEL",), 422: ("INVALID_INPUT",)}),
)
async def create_quote(body: QuoteBody, principal: CurrentPrincipal, deps: CurrentDeps) -> Quote:
    """Price an input; the quote is signed and holds for this exact input."""
    wanted = ModelId(body.model)
    principal.require_model(wanted)
    quote = await deps.generations.quote(principal.user_id, model_id=wanted, job=body.input)
    return Quote.of(quote)
