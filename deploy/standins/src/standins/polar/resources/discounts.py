"""Discounts: a share of the price, by a code that the buyer enters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.polar.api import Body, Call, Resource
from standins.polar.organization import public
from standins.polar.store import Document

resource = Resource()


class DiscountCreate(Body):
    """What is taken off."""

    name: str
    type: Literal["percentage"]
    duration: Literal["once"]
    basis_points: Annotated[int, Field(ge=1, le=10_000)]
    code: str | None = None


@resource.operation("POST", "/v1/discounts/", DiscountCreate, status=201)
def create(call: Call) -> Document:
    """Make a discount."""
    unlimited = dict.fromkeys(("starts_at", "ends_at", "max_redemptions", "max_redemptions_per_customer"))
    given = call.body.model_dump()
    made = call.change.new("discount", **unlimited, metadata={}, redemptions_count=0, products=[], **given)
    return public(made)
