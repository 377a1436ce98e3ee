"""A refusal in the shape that whoever asked at an address can read."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway.adapters.inbound.openai.errors import OPENAI, error_of, not_read
from gateway.adapters.inbound.problems import add_problem_handlers, problem_of
from gateway.domain.errors import GatewayError


def refusal_at(path: str, refusal: GatewayError) -> JSONResponse:
    """Return OpenAI's error where programs speak that, and a problem document everywhere else."""
    return error_of(refusal) if path.startswith(OPENAI) else problem_of(refusal)


def add_refusal_handlers(app: FastAPI) -> None:
    """Answer every refusal of the app; routes of OpenAI's shape answer their own."""
    add_problem_handlers(app)
    problem: Callable[[Request, Exception], Awaitable[Response]] = app.exception_handlers[HTTPException]  # type: ignore[assignment]

    async def not_served(request: Request, refusal: Exception) -> Response:
        if isinstance(refusal, HTTPException) and request.url.path.startswith(OPENAI):
            return error_of(not_read(refusal))
        return await problem(request, refusal)

    app.add_exception_handler(HTTPException, not_served)
