"""What callers may say about subscriptions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.stripe.parameters import ListParameters, Metadata, Nested, Parameters
from standins.stripe.resources.given_discounts import Discount
from standins.stripe.resources.prices import Currency, PriceData, Recurring

ITEMS_MAX = 20
QUANTITY_MAX = 999_999
TRIAL_DAYS_MAX = 730

Moment = Annotated[int, Field(ge=0, le=7_258_118_400)]
Proration = Literal["always_invoice", "create_prorations", "none"]
Quantity = Annotated[int, Field(ge=1, le=QUANTITY_MAX)]


class AutomaticTax(Nested):
    """Whether tax is worked out."""

    enabled: bool


class EndBehavior(Nested):
    """What becomes of a trial that nobody left a card for."""

    missing_payment_method: Literal["cancel", "create_invoice", "pause"]


class TrialSettings(Nested):
    """How a trial ends."""

    end_behavior: EndBehavior


class PaymentSettings(Nested):
    """How the invoices are paid."""

    payment_method_types: list[Literal["card"]] | None = None
    save_default_payment_method: Literal["off", "on_subscription"] | None = None


class PauseCollection(Nested):
    """What becomes of invoices while collection is paused."""

    behavior: Literal["keep_as_draft", "mark_uncollectible", "void"]
    resumes_at: Moment | None = None


class CancellationDetails(Nested):
    """Why it was cancelled."""

    comment: str | None = None
    feedback: (
        Literal[
            "customer_service",
            "low_quality",
            "missing_features",
            "other",
            "switched_service",
            "too_complex",
            "too_expensive",
            "unused",
        ]
        | None
    ) = None


class ItemPriceData(PriceData):
    """A price that is described on the spot."""

    currency: Currency
    recurring: Recurring


class ItemCreate(Nested):
    """A price and how many of it."""

    price: str | None = None
    price_data: ItemPriceData | None = None
    quantity: Quantity = 1


class ItemUpdate(ItemCreate):
    """A change to an item: of a known id, or a new one."""

    id: str | None = None
    deleted: bool = False


class Anchor(Nested):
    """Whether the period restarts."""

    type: Literal["now", "unchanged"]


class SubscriptionFields(Parameters):
    """What can be set at creation and later."""

    automatic_tax: AutomaticTax | None = None
    cancel_at: Moment | None = None
    cancel_at_period_end: bool = False
    collection_method: Literal["charge_automatically"] = "charge_automatically"
    default_payment_method: str | None = None
    description: Annotated[str, Field(max_length=500)] | None = None
    discounts: Annotated[list[Discount], Field(max_length=1)] | None = None
    metadata: Metadata
    off_session: bool = False
    payment_settings: PaymentSettings | None = None
    proration_behavior: Proration = "create_prorations"
    trial_settings: TrialSettings | None = None


class SubscriptionCreate(SubscriptionFields):
    """A new subscription."""

    customer: str
    payment_behavior: Literal["allow_incomplete", "default_incomplete", "error_if_incomplete"] = (
        "allow_incomplete"
    )
    items: Annotated[list[ItemCreate], Field(min_length=1, max_length=ITEMS_MAX)]
    trial_end: Moment | Literal["now"] | None = None
    trial_period_days: Annotated[int, Field(ge=1, le=TRIAL_DAYS_MAX)] | None = None


class SubscriptionUpdate(SubscriptionFields):
    """Changes to a subscription."""

    billing_cycle_anchor: Anchor | None = None
    cancellation_details: CancellationDetails | None = None
    items: Annotated[list[ItemUpdate], Field(max_length=ITEMS_MAX)] | None = None
    pause_collection: PauseCollection | None = None
    payment_behavior: Literal["allow_incomplete", "error_if_incomplete", "pending_if_incomplete"] = (
        "allow_incomplete"
    )
    proration_date: Moment | None = None
    trial_end: Moment | Literal["now"] | None = None


class SubscriptionCancel(Parameters):
    """How it ends."""

    cancellation_details: CancellationDetails | None = None
    invoice_now: bool = False
    prorate: bool = False


class SubscriptionResume(Parameters):
    """How it goes on."""

    billing_cycle_anchor: Literal["now"] = "now"
    proration_behavior: Proration = "create_prorations"


class SubscriptionList(ListParameters):
    """Filters of the list."""

    customer: str | None = None
    price: str | None = None
    status: (
        Literal[
            "active",
            "all",
            "canceled",
            "ended",
            "incomplete",
            "incomplete_expired",
            "past_due",
            "paused",
            "trialing",
            "unpaid",
        ]
        | None
    ) = None
    test_clock: str | None = None
