"""What callers may say about Checkout Sessions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.stripe.parameters import ListParameters, Metadata, Nested, Parameters
from standins.stripe.resources.line_items import LineItem

LINE_ITEMS_MAX = 100

Url = Annotated[str, Field(pattern=r"^https?://", max_length=5000)]
MethodType = Literal["card", "us_bank_account"]


class IntentData(Nested):
    """What the session's PaymentIntent is made with."""

    description: str | None = None
    metadata: Metadata
    receipt_email: str | None = None
    statement_descriptor: Annotated[str, Field(max_length=22)] | None = None
    statement_descriptor_suffix: Annotated[str, Field(max_length=22)] | None = None


class Discount(Nested):
    """What is taken off from the start."""

    coupon: str | None = None
    promotion_code: str | None = None


class SessionCreate(Parameters):
    """A new session."""

    mode: Literal["payment"]
    success_url: Url
    line_items: Annotated[list[LineItem], Field(min_length=1, max_length=LINE_ITEMS_MAX)]
    allow_promotion_codes: bool | None = None
    billing_address_collection: Literal["auto", "required"] | None = None
    cancel_url: Url | None = None
    client_reference_id: Annotated[str, Field(max_length=200)] | None = None
    customer: str | None = None
    customer_creation: Literal["always", "if_required"] = "if_required"
    customer_email: Annotated[str, Field(max_length=800)] | None = None
    discounts: Annotated[list[Discount], Field(max_length=1, default_factory=list)]
    expires_at: int | None = None
    locale: str | None = None
    metadata: Metadata
    payment_intent_data: Annotated[IntentData, Field(default_factory=lambda: IntentData.model_validate({}))]
    payment_method_types: Annotated[tuple[MethodType, ...], Field(min_length=1)] = ("card", "us_bank_account")
    submit_type: Literal["auto", "book", "donate", "pay", "subscribe"] | None = None
    ui_mode: Literal["hosted", "hosted_page"] = "hosted_page"


class SessionUpdate(Parameters):
    """What can be changed on a session here."""

    metadata: Metadata


class SessionList(ListParameters):
    """Filters of the list."""

    customer: str | None = None
    payment_intent: str | None = None
    status: Literal["complete", "expired", "open"] | None = None
