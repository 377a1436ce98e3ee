"""The calls of Replicate's API."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standins.chaos.answers import lose, misbehave
from standins.chaos.troubles import ANSWERS, Trouble
from standins.replicate.errors import invalid, problem
from standins.replicate.models import MODELS, ReplicateModel, of_version
from standins.replicate.predictions import EVENTS, Prediction, Predictions

PAGE_SIZE = 100
BODY_BYTES_MAX = 10_000_000


class Asked(BaseModel):
    """The body of a new prediction."""

    model_config = ConfigDict(extra="forbid")

    input: dict[str, Any]
    version: str | None = None
    webhook: Annotated[str, Field(max_length=2_000)] | None = None
    webhook_events_filter: list[str] = list(EVENTS)
    stream: bool | None = None


class Api:
    """One method a call."""

    def __init__(self, predictions: Predictions) -> None:
        self.predictions = predictions

    async def account(self, _request: Request) -> Response:
        """Say whose token it is."""
        return JSONResponse({"type": "organization", "username": "standin", "name": "Stand-in"})

    async def model(self, request: Request) -> Response:
        """Describe a model."""
        model = MODELS.get(_name(request))
        if model is None:
            return problem(404)
        owner, _, name = model.name.partition("/")
        return JSONResponse({"owner": owner, "name": name, "latest_version": {"id": model.version}})

    async def webhook_secret(self, _request: Request) -> Response:
        """Return what webhooks are signed with."""
        return JSONResponse({"key": self.predictions.settings.webhook_secret.get_secret_value()})

    async def create_for_model(self, request: Request) -> Response:
        """Start a prediction of an official model."""
        model = MODELS.get(_name(request))
        return problem(404) if model is None else await self._create(request, model)

    async def create(self, request: Request) -> Response:
        """Start a prediction of a version."""
        return await self._create(request, None)

    async def list(self, request: Request) -> Response:
        """Return the newest predictions, a page of them."""
        newest = list(reversed(self.predictions.kept.values()))
        start = int(request.query_params.get("cursor", "0")) if _is_cursor(request) else 0
        page, following = newest[start : start + PAGE_SIZE], start + PAGE_SIZE
        path = f"{request.base_url}v1/predictions?cursor={following}"
        return JSONResponse(
            {
                "previous": None,
                "next": path if following < len(newest) else None,
                "results": [self.predictions.document(prediction) for prediction in page],
            }
        )

    async def get(self, request: Request) -> Response:
        """Return a prediction as it stands."""
        trouble = self.predictions.chaos.of_poll()
        if trouble is not None:
            return await misbehave(trouble, problem)
        prediction = self.predictions.kept.get(request.path_params["id"])
        return problem(404) if prediction is None else JSONResponse(self.predictions.document(prediction))

    async def cancel(self, request: Request) -> Response:
        """Stop a prediction."""
        prediction = self.predictions.kept.get(request.path_params["id"])
        if prediction is None:
            return problem(404)
        self.predictions.cancel(prediction)
        return JSONResponse(self.predictions.document(prediction))

    async def _create(self, request: Request, model: ReplicateModel | None) -> Response:
        try:
            body = await request.body()
            asked = Asked.model_validate_json(body[:BODY_BYTES_MAX])
        except ValidationError as error:
            wrong = error.errors()[0]
            return invalid(".".join(map(str, wrong["loc"])) or "(root)", wrong["type"], wrong["msg"])
        model = model or of_version(asked.version or "")
        if model is None:
            return invalid("version", "invalid", "The specified version does not exist")
        trouble = self.predictions.chaos.of_submit(str(asked.input.get("prompt", "")))
        if trouble in ANSWERS:
            return await misbehave(trouble, problem)
        if refused := model.refused(asked.input):
            return refused
        prediction = Prediction(
            model,
            asked.input,
            str(request.base_url),
            trouble,
            asked.webhook,
            tuple(event for event in asked.webhook_events_filter if event in EVENTS),
        )
        if trouble is Trouble.LOST:
            return await lose(self.predictions.start(prediction))
        await self.predictions.start(prediction)
        return JSONResponse(self.predictions.document(prediction), 201)


def _name(request: Request) -> str:
    return f"{request.path_params['owner']}/{request.path_params['name']}"


def _is_cursor(request: Request) -> bool:
    return request.query_params.get("cursor", "0").isdigit()
