"""Submits of generations, each once a key."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from standins.babysea.envelope import BabySeaError, invalid, not_found, problem, success
from standins.babysea.generations import Generation, Generations
from standins.babysea.models import MODELS, BabySeaModel
from standins.chaos.answers import lose, misbehave
from standins.chaos.troubles import ANSWERS, Trouble

BODY_BYTES_MAX = 1_000_000
KEY = re.compile(r"[A-Za-z0-9_.:-]{1,255}")
KEY_TTL_S = 86_400.0
KEYS_KEPT_MAX = 20_000
INITIALIZED = "Generation initialized."


@dataclass
class Kept:
    """What came with a key, and what it started; None while that is being worked on."""

    fingerprint: str
    at: float
    generation: Generation | None = None


class Submitting:
    """The two generate endpoints."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._keys: OrderedDict[str, Kept] = OrderedDict()

    async def image(self, request: Request) -> Response:
        """Start a picture."""
        return await self._submit(request, "image")

    async def video(self, request: Request) -> Response:
        """Start a film."""
        return await self._submit(request, "video")

    async def _submit(self, request: Request, kind: str) -> Response:
        model = MODELS.get(request.path_params["model"])
        if model is None or model.kind != kind:
            raise not_found("Model")
        body = await request.body()
        given = _parsed(body)
        trouble = self._generations.chaos.of_submit(str(given.get("generation_prompt", "")))
        if trouble in ANSWERS:
            return await misbehave(trouble, problem)
        kept, replayed = self._kept(request, body)
        if replayed:
            # What came first is said again, as it was.
            answer = success(replayed.submitted(), INITIALIZED)
            answer.headers["idempotency-replayed"] = "true"
            return answer
        try:
            return await self._started(request, model, given, trouble, kept)
        finally:
            if kept and kept.generation is None:
                # Nothing came of it: the key is free again.
                self._keys.pop(request.headers["idempotency-key"], None)

    async def _started(
        self,
        request: Request,
        model: BabySeaModel,
        given: dict[str, Any],
        trouble: Trouble | None,
        kept: Kept | None,
    ) -> Response:
        model.refuse(given)
        if trouble is Trouble.REFUSE:
            message = "The request was rejected by the content policy."
            raise BabySeaError(422, "BSE2006", "content_policy_violation", message)
        charged, url = model.cost_of(given), self._generations.webhook_url
        generation = Generation(model, given, str(request.base_url), trouble, charged, url)
        starting = self._begun(generation, kept)
        if trouble is Trouble.LOST:
            return await lose(starting)
        await starting
        return success(generation.submitted(), INITIALIZED)

    async def _begun(self, generation: Generation, kept: Kept | None) -> None:
        await self._generations.start(generation)
        if kept:
            kept.generation = generation

    def _kept(self, request: Request, body: bytes) -> tuple[Kept | None, Generation | None]:
        """Return the place of this key, and what came of it before."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return None, None
        if not KEY.fullmatch(key):
            raise invalid("Idempotency-Key must be 1-255 characters of A-Z, a-z, 0-9, _, -, : and .")
        fingerprint = hashlib.sha256(request.url.path.encode() + b"\n" + body).hexdigest()
        found = self._keys.get(key)
        if found is None or time.time() - found.at >= KEY_TTL_S:
            found = self._keys[key] = Kept(fingerprint, time.time())
            while len(self._keys) > KEYS_KEPT_MAX:
                self._keys.popitem(last=False)
            return found, None
        if found.fingerprint != fingerprint:
            message = "This Idempotency-Key was used with another request body."
            raise BabySeaError(409, "BSE2015", "idempotency_key_reused", message)
        if found.generation is None:
            message = "A request with this Idempotency-Key is still processing."
            raise BabySeaError(409, "BSE2016", "idempotency_in_progress", message, retryable=True)
        return found, found.generation


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body[:BODY_BYTES_MAX])
    except (ValueError, RecursionError):
        raise invalid("Request body must be valid JSON.") from None
    if not isinstance(given, dict):
        raise invalid("Request body must be an object.")
    return given
