"""Pictures and sound for a request that waits for them: by one model or the next, as ordinary generations."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response

from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.left import unless_left
from gateway.adapters.inbound.openai.model_input import in_their_words
from gateway.adapters.inbound.rest.parameters import mark_replayed
from gateway.adapters.inbound.rest.reasons import Reasons
from gateway.application.run_generation import RunGeneration
from gateway.domain.errors import (
    FieldProblem,
    GatewayError,
    GenerationFailed,
    InvalidRequest,
    NotFound,
    Unavailable,
)
from gateway.domain.generation import Document, Generation, Modality, Model, NewGeneration, Output
from gateway.domain.user import Principal
from gateway.ports.output_files import OutputUnreadable

OUTPUT_MAX_BYTES = 64 * 1024 * 1024
RUNS: Reasons = {
    400: ("INVALID_INPUT", "UNSUPPORTED_PARAMETER", "UNSUPPORTED_VALUE", "WRONG_MODALITY", "CONTENT_REFUSED"),
    402: ("INSUFFICIENT_CREDITS",),
    403: ("ENTITLEMENT_REQUIRED", "MODEL_NOT_ALLOWED", "KEY_LIMIT_REACHED", "ACCOUNT_ERASED"),
    404: ("UNKNOWN_MODEL",),
    409: ("GENERATION_CANCELLED",),
    429: ("LEDGER_OVERLOADED", "STORAGE_BUSY", "TOO_MANY_WAITING"),
    502: ("GENERATION_FAILED",),
    503: ("LEDGER_UNAVAILABLE", "STORAGE_UNAVAILABLE"),
    504: ("WAIT_OVER",),
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a request asks for: the models to ask, in order, and the input for each."""

    models: Sequence[str]
    modality: Modality
    input_of: Callable[[Model], Document]


async def made(
    request: Request, deps: Deps, principal: Principal, key: str, wanted: Wanted
) -> tuple[Generation, bool]:
    """Run it and wait, by the first model that is there and makes something.

    Not by the next where it is not known whether one was begun: both would be paid for. Raises what the last
    one was refused for; a client that leaves raises ClientDisconnect.
    """
    *others, last = enumerate(wanted.models)
    for place, name in others:
        with suppress(GenerationFailed, NotFound):
            return await _made(request, deps, principal, keyed(key, place), wanted, name)
    place, name = last
    return await _made(request, deps, principal, keyed(key, place), wanted, name)


def keyed(key: str, place: int, what: str = "model") -> str:
    """Return the idempotency key of one part of a request: the request's own for the first."""
    return hashlib.sha256(f"{key} {what} {place}".encode()).hexdigest() if place else key


async def _made(
    request: Request, deps: Deps, principal: Principal, key: str, wanted: Wanted, name: str
) -> tuple[Generation, bool]:
    command = await asked(request, deps, principal, key, wanted, name)
    try:
        return await unless_left(request, deps.run_generation(command))
    except InvalidRequest as refusal:
        raise in_their_words(refusal) from refusal


async def asked(
    request: Request, deps: Deps, principal: Principal, key: str, wanted: Wanted, name: str
) -> RunGeneration:
    """Return what is asked of one model. Raises NotFound, Forbidden and InvalidRequest."""
    model_id = deps.compatible.model_id(name)
    principal.require_model(model_id)
    model = await deps.generations.model(model_id, principal.user_id)
    if model.modality is not wanted.modality:
        detail = f"{model.model_id} makes {model.modality.value}, not {wanted.modality.value}"
        raise InvalidRequest(detail, reason="WRONG_MODALITY", fields=[FieldProblem("model", detail)])
    return RunGeneration(
        principal=principal,
        new=NewGeneration(
            model_id=model.model_id,
            input=wanted.input_of(model),
            metadata={},
            idempotency_key=key,
            key=principal.key,
        ),
        timeout_s=deps.compatible.wait_max_s,
        may_come_back=may_come_back(request),
    )


def may_come_back(request: Request) -> bool:
    """Whether its client can ask for the same generation again."""
    return "idempotency-key" in request.headers


@contextmanager
def paid_for(request: Request) -> Iterator[None]:
    """Have what is refused inside not be repeated by itself: a second one would be paid for as well."""
    try:
        yield
    except GatewayError as refusal:
        refusal.may_have_begun = not may_come_back(request)
        raise


def tell_charge(
    response: Response, generation: Generation, credits_left: int | None, *, replayed: bool
) -> None:
    """Say in headers what it cost, and what is left where the ledger said it."""
    mark_replayed(response, replayed)
    response.headers["x-tintype-credits-charged"] = str(generation.credits_charged)
    tell_start(response, generation, credits_left)


def tell_start(response: Response, generation: Generation, credits_left: int | None) -> None:
    """Say in headers what has begun, and what is left where the ledger said it."""
    response.headers["x-tintype-generation"] = generation.generation_id
    if credits_left is not None:
        response.headers["x-tintype-balance"] = str(credits_left)


async def available(deps: Deps, generation: Generation) -> int | None:
    """Return what its account has left; None where the ledger does not say."""
    with suppress(GatewayError):
        return (await deps.ledger.balance(generation.account_id)).available
    return None


async def content_of(deps: Deps, output: Output) -> bytes:
    """Return an output whole. Raises Unavailable."""
    content = bytearray()
    try:
        async with deps.output_files.open(output) as parts:
            async for part in parts:
                content += part
                if len(content) > OUTPUT_MAX_BYTES:
                    raise OutputUnreadable("it is too large")
    except OutputUnreadable as failure:
        raise Unavailable("The file can't be read right now.", reason="STORAGE_UNAVAILABLE") from failure
    return bytes(content)
