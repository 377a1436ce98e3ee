"""Coupons: a part of the price, or an amount, that is taken off."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import invalid
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Metadata, Parameters, merged
from standins.stripe.store import Document

resource = Resource()


class CouponCreate(Parameters):
    """A new coupon, perhaps with an id of the caller's choice."""

    id: Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9_-]+$")] | None = None
    amount_off: Annotated[int, Field(ge=1, le=99_999_999)] | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Za-z]{3}$")] | None = None
    percent_off: Annotated[float, Field(gt=0, le=100)] | None = None
    duration: Literal["once", "repeating", "forever"] = "once"
    duration_in_months: Annotated[int, Field(ge=1, le=120)] | None = None
    metadata: Metadata
    name: Annotated[str, Field(max_length=40)] | None = None


@resource.operation("POST", "/v1/coupons", CouponCreate)
def create(call: Call[CouponCreate]) -> Document:
    """Create a coupon."""
    change, params = call.change, call.params
    if (params.amount_off is None) == (params.percent_off is None):
        raise invalid("You must pass exactly one of percent_off or amount_off.", "percent_off")
    if params.amount_off is not None and params.currency is None:
        raise invalid("Missing required param: currency.", "currency", "parameter_missing")
    if (params.duration == "repeating") != (params.duration_in_months is not None):
        message = "You must pass duration_in_months when, and only when, passing duration=repeating."
        raise invalid(message, "duration_in_months")
    if params.id and change.store.get("coupon", params.id):
        raise invalid("Coupon already exists.", "id", "resource_already_exists")
    coupon: Document = {
        "id": params.id or new_id("x")[2:10],
        "object": "coupon",
        "amount_off": params.amount_off,
        "created": change.now,
        "currency": params.currency.lower() if params.currency else None,
        "duration": params.duration,
        "duration_in_months": params.duration_in_months,
        "livemode": False,
        "max_redemptions": None,
        "metadata": merged({}, params.metadata),
        "name": params.name,
        "percent_off": params.percent_off,
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": True,
    }
    return change.add(coupon, "coupon.created")


@resource.operation("GET", "/v1/coupons/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a coupon."""
    return call.change.require("coupon", call.id, param="coupon", status=404)


@resource.operation("GET", "/v1/coupons", ListParameters)
def list_(call: Call[ListParameters]) -> Document:
    """List coupons."""
    return page(call.change, "coupon", "/v1/coupons", call.params)
