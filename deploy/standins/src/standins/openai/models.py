"""`GET /v1/models`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standins.openai.errors import OpenAIError
from standins.openai.settings import OpenAISettings

CREATED = 1_745_517_030


def require(model: str, known: Collection[str]) -> None:
    """Refuse a model that is not there."""
    if model not in known:
        message = f"The model `{model}` does not exist or you do not have access to it."
        raise OpenAIError(message, status=404, param="model", code="model_not_found")


class Models:
    """The configured models."""

    def __init__(self, settings: OpenAISettings) -> None:
        self.names = (*settings.image_models, *settings.chat_models, *settings.speech_models)

    async def list(self, _request: Request) -> Response:
        """Every model."""
        return JSONResponse({"object": "list", "data": [_model(name) for name in self.names]})

    async def retrieve(self, request: Request) -> Response:
        """One model."""
        name = request.path_params["id"]
        require(name, self.names)
        return JSONResponse(_model(name))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "system"}
