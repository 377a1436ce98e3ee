"""Promotion codes: what a buyer types to get a coupon."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.stripe.account import Change
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import invalid
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Metadata, Nested, Parameters, merged
from standins.stripe.store import Document

resource = Resource()

Code = Annotated[str, Field(max_length=500, pattern=r"^[A-Za-z0-9-]+$")]


class Promotion(Nested):
    """What the code is good for."""

    type: Literal["coupon"]
    coupon: str


class PromotionCodeCreate(Parameters):
    """A new code; without one of the caller's choice it is made up."""

    promotion: Promotion
    active: bool = True
    code: Code | None = None
    metadata: Metadata


class PromotionCodeUpdate(Parameters):
    """What can be changed on a code."""

    active: bool = True
    metadata: Metadata


class PromotionCodeList(ListParameters):
    """Filters of the list."""

    active: bool | None = None
    code: str | None = None


def code_for(change: Change, typed: str) -> Document | None:
    """Return the active code that a buyer typed, whatever its case."""
    found = change.store.find("promotion_code", active=True)
    return next((code for code in found if code["code"].lower() == typed.lower()), None)


@resource.operation("POST", "/v1/promotion_codes", PromotionCodeCreate)
def create(call: Call[PromotionCodeCreate]) -> Document:
    """Create a promotion code."""
    change, params = call.change, call.params
    change.require("coupon", params.promotion.coupon, param="promotion[coupon]")
    if params.code and params.active and code_for(change, params.code):
        message = f"An active promotion code with `code: {params.code}` already exists."
        raise invalid(message, "code", "resource_already_exists")
    code: Document = {
        "id": new_id("promo"),
        "object": "promotion_code",
        "active": params.active,
        "code": params.code or new_id("x")[2:10].upper(),
        "created": change.now,
        "customer": None,
        "expires_at": None,
        "livemode": False,
        "max_redemptions": None,
        "metadata": merged({}, params.metadata),
        "promotion": params.promotion.model_dump(),
        "restrictions": {
            "first_time_transaction": False,
            "minimum_amount": None,
            "minimum_amount_currency": None,
        },
        "times_redeemed": 0,
    }
    return change.add(code, "promotion_code.created")


@resource.operation("GET", "/v1/promotion_codes/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a promotion code."""
    return call.change.require("promotion_code", call.id, param="promotion_code", status=404)


@resource.operation("POST", "/v1/promotion_codes/{id}", PromotionCodeUpdate)
def update(call: Call[PromotionCodeUpdate]) -> Document:
    """Activate a promotion code, or end it."""
    change, params = call.change, call.params
    code = change.require("promotion_code", call.id, param="promotion_code", status=404)
    metadata = merged(code["metadata"], params.metadata)
    return change.update(code, "promotion_code.updated", **params.given("active"), metadata=metadata)


@resource.operation("GET", "/v1/promotion_codes", PromotionCodeList)
def list_(call: Call[PromotionCodeList]) -> Document:
    """List promotion codes."""
    where = {"active": call.params.active, "code": call.params.code}
    return page(call.change, "promotion_code", "/v1/promotion_codes", call.params, where)
