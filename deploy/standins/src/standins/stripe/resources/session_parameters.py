"""What callers may say about Checkout Sessions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.stripe.parameters import ListParameters, Metadata, Nested, Parameters
from standins.stripe.resources.given_discounts import Discount
from standins.stripe.resources.line_items import LineItem
from standins.stripe.resources.subscription_parameters import (
    TRIAL_DAYS_MAX,
    AutomaticTax,
    Moment,
    TrialSettings,
)

LINE_ITEMS_MAX = 100

Url = Annotated[str, Field(pattern=r"^https?://", max_length=5000)]
MethodType = Literal["card", "us_bank_account"]


class IntentData(Nested):
    """What the session's PaymentIntent is made with."""

    description: str | None = None
    metadata: Metadata
    receipt_email: str | None = None
    setup_future_usage: Literal["off_session", "on_session"] | None = None
    statement_descriptor: Annotated[str, Field(max_length=22)] | None = None
    statement_descriptor_suffix: Annotated[str, Field(max_length=22)] | None = None


class SubscriptionData(Nested):
    """What the session's subscription is made with."""

    description: Annotated[str, Field(max_length=500)] | None = None
    metadata: Metadata
    trial_end: Moment | None = None
    trial_period_days: Annotated[int, Field(ge=1, le=TRIAL_DAYS_MAX)] | None = None
    trial_settings: TrialSettings | None = None


class InvoiceData(Nested):
    """What the invoice of a purchase is made with."""

    description: Annotated[str, Field(max_length=1500)] | None = None
    footer: Annotated[str, Field(max_length=5000)] | None = None
    metadata: Metadata


class InvoiceCreation(Nested):
    """Whether a purchase gets an invoice."""

    enabled: bool
    invoice_data: InvoiceData | None = None


class TaxIdCollection(Nested):
    """Whether the buyer may say who they are to the tax office."""

    enabled: bool
    required: Literal["if_supported", "never"] = "never"


class CustomerUpdate(Nested):
    """What of the page is kept with a known customer."""

    address: Literal["auto", "never"] = "never"
    name: Literal["auto", "never"] = "never"


class SavedMethods(Nested):
    """Whether the buyer may have the card kept."""

    payment_method_save: Literal["disabled", "enabled"] | None = None


class SessionCreate(Parameters):
    """A new session."""

    mode: Literal["payment", "subscription"]
    success_url: Url
    line_items: Annotated[list[LineItem], Field(min_length=1, max_length=LINE_ITEMS_MAX)]
    allow_promotion_codes: bool | None = None
    automatic_tax: AutomaticTax | None = None
    billing_address_collection: Literal["auto", "required"] | None = None
    cancel_url: Url | None = None
    client_reference_id: Annotated[str, Field(max_length=200)] | None = None
    customer: str | None = None
    customer_creation: Literal["always", "if_required"] | None = None
    customer_email: Annotated[str, Field(max_length=800)] | None = None
    customer_update: CustomerUpdate | None = None
    discounts: Annotated[list[Discount], Field(max_length=1, default_factory=list)]
    expires_at: int | None = None
    invoice_creation: InvoiceCreation | None = None
    locale: str | None = None
    metadata: Metadata
    payment_intent_data: IntentData | None = None
    payment_method_collection: Literal["always", "if_required"] | None = None
    payment_method_types: Annotated[tuple[MethodType, ...], Field(min_length=1)] | None = None
    saved_payment_method_options: SavedMethods | None = None
    submit_type: Literal["auto", "book", "donate", "pay", "subscribe"] | None = None
    subscription_data: SubscriptionData | None = None
    tax_id_collection: TaxIdCollection | None = None
    ui_mode: Literal["hosted", "hosted_page"] = "hosted_page"


class SessionUpdate(Parameters):
    """What can be changed on a session here."""

    metadata: Metadata


class SessionList(ListParameters):
    """Filters of the list."""

    customer: str | None = None
    payment_intent: str | None = None
    status: Literal["complete", "expired", "open"] | None = None
    subscription: str | None = None
