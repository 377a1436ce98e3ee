"""Running a model: ask for it, and look until it has ended."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tintype_client.answers import Generation, Output, Quote, Upload
from tintype_client.errors import (
    GenerationCancelled,
    GenerationEnded,
    GenerationFailed,
    GenerationRejected,
    InvalidCall,
    StillRunning,
)
from tintype_client.operations import create_generation, read_generation
from tintype_client.steps import Pause, Retries, Steps, Tell, done

LOOK_DELAY_S = 0.25
LOOK_DELAY_S_MAX = 3.0
# The API answers early enough for whatever stands between to keep the connection open.
PREFERRED_WAIT_S_MAX = 25
_ENDED: Mapping[str, type[GenerationEnded]] = {
    "failed": GenerationFailed,
    "cancelled": GenerationCancelled,
    "rejected": GenerationRejected,
}


@dataclass(frozen=True, kw_only=True)
class NewGeneration:
    """What to generate; uploads and outputs in an input stand for their ids."""

    model: str
    input: Mapping[str, Any]
    quote: Quote | str | None = None
    provider_order: Sequence[str] = ()
    metadata: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    webhook_url: str | None = None
    webhook_events: Sequence[str] = ()

    def body(self) -> dict[str, Any]:
        """Return it as the API takes it."""
        told: dict[str, Any] = {"model": self.model, "input": as_json(self.input)}
        if self.quote is not None:
            told["quote_id"] = self.quote.quote_id if isinstance(self.quote, Quote) else self.quote
        if self.provider_order:
            told["provider_order"] = list(self.provider_order)
        if self.metadata:
            told["metadata"] = dict(self.metadata)
        if self.webhook_url is not None:
            told["webhook_url"] = self.webhook_url
        if self.webhook_events:
            told["webhook_events"] = list(self.webhook_events)
        return told


def new_generation(
    model: str, whole: Mapping[str, Any] | None, fields: Mapping[str, Any], **options: Any
) -> NewGeneration:
    """Put an input together: what was given as a whole, and each field beside. Raises InvalidCall."""
    if whole is not None and not isinstance(whole, Mapping):
        raise InvalidCall("`input` is the whole input, as a dictionary; a field of that name goes inside")
    return NewGeneration(model=model, input={**(whole or {}), **fields}, **options)


def as_json(value: Any) -> Any:
    """Put ids in the place of uploads and outputs."""
    match value:
        case Upload() | Output():
            return value.id
        case Mapping():
            return {name: as_json(part) for name, part in value.items()}
        case list() | tuple():
            return [as_json(part) for part in value]
        case _:
            return value


def submit(new: NewGeneration, retries: Retries) -> Steps[Generation]:
    """Start it, and do not wait."""
    return done(create_generation(new.body(), idempotency_key=new.idempotency_key), retries)


def run(new: NewGeneration, retries: Retries, *, timeout_s: float, is_watched: bool) -> Steps[Generation]:
    """Start it and wait. Raises GenerationEnded, and StillRunning when the time is over."""
    deadline = retries.monotonic() + timeout_s
    # Whoever wants to be told of every step has to look for them.
    wait_s = 0 if is_watched else int(min(PREFERRED_WAIT_S_MAX, timeout_s))
    call = create_generation(new.body(), idempotency_key=new.idempotency_key, wait_s=wait_s)
    generation = yield from done(call, retries.until(deadline))
    return (yield from finish(generation, retries, deadline=deadline, is_watched=is_watched))


def result(generation_id: str, retries: Retries, *, timeout_s: float, is_watched: bool) -> Steps[Generation]:
    """Wait for one that was started before."""
    deadline = retries.monotonic() + timeout_s
    generation = yield from done(read_generation(generation_id), retries.until(deadline))
    return (yield from finish(generation, retries, deadline=deadline, is_watched=is_watched))


def finish(
    generation: Generation, retries: Retries, *, deadline: float, is_watched: bool
) -> Steps[Generation]:
    """Look until it has ended, less and less often; tell of each difference."""
    delay_s, told, retries = LOOK_DELAY_S, None, retries.until(deadline)
    while True:
        seen = (generation.status, generation.progress, generation.queue_position)
        if is_watched and seen != told:
            yield Tell(generation)
            told = seen
        if generation.has_ended:
            return _succeeded(generation)
        left_s = deadline - retries.monotonic()
        if left_s <= 0:
            raise StillRunning(generation)
        yield Pause(min(left_s, delay_s * (0.8 + 0.4 * random.random())))
        delay_s = min(delay_s * 1.5, LOOK_DELAY_S_MAX)
        generation = yield from done(read_generation(generation.id), retries)


def _succeeded(generation: Generation) -> Generation:
    if generation.status == "succeeded":
        return generation
    raise _ENDED.get(generation.status, GenerationEnded)(generation)
