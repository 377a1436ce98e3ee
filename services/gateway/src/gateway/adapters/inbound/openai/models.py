"""Models by the names that OpenAI's clients may use."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.openai.route import OpenaiRoute
from gateway.adapters.inbound.rest.answers.answer import Answer, shown
from gateway.adapters.inbound.rest.parameters import NamePath, ProviderPath, model_id
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain import generation as domain
from gateway.domain.errors import Forbidden, NotFound
from gateway.domain.identifiers import ModelId
from gateway.domain.user import Principal
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/openai/v1", tags=["openai"], route_class=OpenaiRoute)

AliasPath = Annotated[
    str, Path(description="A name that this installation gave to a model.", examples=["gpt-4o-mini"])
]


class OpenaiModel(Answer):
    """A model, as OpenAI lists its own."""

    id: Annotated[str, shown("openai/chat")]
    """What `model` takes."""
    object: Literal["model"] = "model"
    """What kind of thing it is."""
    created: Annotated[int, shown(0)]
    """Always 0: when a model came is not kept."""
    owned_by: Annotated[str, shown("openai")]
    """The part of its id before the slash."""
    root: Annotated[str, shown("openai/chat")]
    """The model that an installation's own name stands for; its id for all others."""
    modality: domain.Modality
    """What comes out."""

    @classmethod
    def of(cls, model: domain.Model, name: str | None = None) -> Self:
        """Show a model, by one of its names."""
        return cls(
            id=name or model.model_id,
            created=0,
            owned_by=model.model_id.partition("/")[0],
            root=model.model_id,
            modality=model.modality,
        )


class OpenaiModelList(Answer):
    """All of them."""

    object: Literal["list"] = "list"
    """What kind of thing it is."""
    data: list[OpenaiModel]


@router.get("/models", dependencies=[per_user(Limit.READS)])
async def list_openai_models(principal: CurrentPrincipal, deps: CurrentDeps) -> OpenaiModelList:
    """List the models that the key may run, and the names that this installation gave to some.

    The whole of each, its fields and its price, is at `/v1/models`.
    """
    models = {model.model_id: model for model in await deps.generations.models(principal.user_id)}
    shown_models = [OpenaiModel.of(model) for model in models.values() if _may_run(principal, model.model_id)]
    named = [
        OpenaiModel.of(models[wanted], name)
        for name, wanted in deps.compatible.aliases.items()
        if wanted in models and _may_run(principal, wanted)
    ]
    return OpenaiModelList(data=[*shown_models, *named])


@router.get(
    "/models/{provider}/{name}",
    dependencies=[per_user(Limit.READS)],
    responses=refuses({404: ("UNKNOWN_MODEL",)}),
)
async def read_openai_model(
    provider: ProviderPath, name: NamePath, principal: CurrentPrincipal, deps: CurrentDeps
) -> OpenaiModel:
    """Read one model, by its id."""
    return OpenaiModel.of(await deps.generations.model(model_id(provider, name), principal.user_id))


@router.get(
    "/models/{alias}", dependencies=[per_user(Limit.READS)], responses=refuses({404: ("UNKNOWN_MODEL",)})
)
async def read_openai_alias(alias: AliasPath, principal: CurrentPrincipal, deps: CurrentDeps) -> OpenaiModel:
    """Read one model, by the name that this installation gave to it."""
    known: Mapping[str, ModelId] = deps.compatible.aliases
    if alias not in known:
        raise NotFound(
            "There is no such model. GET /openai/v1/models lists those on offer.", reason="UNKNOWN_MODEL"
        )
    return OpenaiModel.of(await deps.generations.model(known[alias], principal.user_id), alias)


def _may_run(principal: Principal, wanted: ModelId) -> bool:
    try:
        principal.require_model(wanted)
    except Forbidden:
        return False
    return True
