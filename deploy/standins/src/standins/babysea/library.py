"""What there is, and what it would cost."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from standins.babysea.envelope import invalid, not_found, success
from standins.babysea.generations import ACCOUNT, Generations
from standins.babysea.models import MODELS


class Library:
    """One method a call."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations

    async def models(self, _request: Request) -> Response:
        """List the models."""
        found = [model.document() for model in MODELS.values()]
        return success({"models": found, "models_total": len(found)}, "Models retrieved.")

    async def status(self, _request: Request) -> Response:
        """Say whose key it is."""
        return success({"account_id": ACCOUNT, "apikey_name": "stand-in"}, "OK")

    async def endpoint(self, request: Request) -> Response:
        """Set the account's webhook endpoint, as its dashboard does: `{"url": ...}`, null for none."""
        given = await request.json()
        self._generations.webhook_url = given["url"]
        return success({"url": given["url"]}, "Endpoint saved.")

    async def estimate(self, request: Request) -> Response:
        """Say what so many would cost, and whether the account can afford them."""
        model = MODELS.get(request.path_params["model"])
        if model is None:
            raise not_found("Model")
        asked = request.query_params
        count, duration = (_whole(asked.get(name, ""), name) for name in ("count", "duration"))
        resolution = asked.get("resolution")
        if resolution and resolution not in (model.resolutions or ()):
            raise invalid(f"resolution is not supported by {model.identifier}.")
        one, total = model.cost(count=count or 1, duration=duration, resolution=resolution)
        balance = self._generations.balance
        told = {
            "model_identifier": model.identifier,
            "model_type": model.kind,
            "assets_count": count or 1,
            "cost_per_generation": float(one),
            "cost_total_consumed": float(total),
            "credit_balance": float(balance),
            "credit_balance_can_afford": balance >= total,
            "credit_balance_max_affordable": int(balance / one),
        }
        return success(told, "Estimate calculated.")


def _whole(text: str, name: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text)):
        raise invalid(f"{name} must be a positive integer.")
    return int(text)
