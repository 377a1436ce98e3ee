"""What was generated: read, listed, cancelled, deleted."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from standins.babysea.envelope import BabySeaError, not_found, problem, success
from standins.babysea.generations import OVER, Generation, Generations
from standins.chaos.answers import misbehave

PAGE_MAX = 100


class Content:
    """One method a call."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations

    async def get(self, request: Request) -> Response:
        """Return a generation as it stands."""
        trouble = self._generations.chaos.of_poll()
        if trouble is not None:
            return await misbehave(trouble, problem)
        return success(self._found(request).document(), "Generation retrieved.")

    async def list(self, request: Request) -> Response:
        """Return the newest generations, a page of them."""
        newest = list(reversed(self._generations.kept.values()))
        limit = min(PAGE_MAX, max(1, _number(request, "limit", 50)))
        offset = max(0, _number(request, "offset", 0))
        page = [generation.document() for generation in newest[offset : offset + limit]]
        return success(
            {"generations": page}, "Generations retrieved.", total=len(newest), limit=limit, offset=offset
        )

    async def cancel(self, request: Request) -> Response:
        """Stop a generation that has not ended."""
        generation = self._found(request)
        if generation.status in OVER:
            message = f"Generation is already {generation.status}."
            raise BabySeaError(409, "BSE3005", "invalid_state", message)
        self._generations.cancel(generation)
        told = {
            "generation_id": generation.generation_id,
            "generation_status": "canceled",
            "provider_cancel_sent": True,
            "credits_refunded": True,
        }
        return success(told, "Generation canceled.")

    async def delete(self, request: Request) -> Response:
        """Delete a generation that has ended, with its files."""
        generation = self._found(request)
        if generation.status not in OVER:
            raise BabySeaError(409, "BSE3005", "invalid_state", "Generation is still processing.")
        del self._generations.kept[generation.generation_id]
        for path in generation.files or ():
            self._generations.files.drop(path)
        told = {"generation_id": generation.generation_id, "files_deleted": len(generation.files or ())}
        return success(told, "Generation deleted.")

    def _found(self, request: Request) -> Generation:
        found = self._generations.kept.get(request.path_params["id"])
        if found is None:
            raise not_found("Generation")
        return found


def _number(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, "")
    return int(given) if given.isascii() and given.isdigit() else default
