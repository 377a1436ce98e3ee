"""Stripe's test cards and how each behaves: docs.stripe.com/testing."""

from __future__ import annotations

from dataclasses import dataclass

from standins.stripe.store import Document


@dataclass(frozen=True)
class Refusal:
    """How a bank says no."""

    code: str
    decline_code: str | None
    message: str


@dataclass(frozen=True)
class Card:
    """A test card: its face, and what becomes of charges to it."""

    last4: str
    words: str
    brand: str = "visa"
    refusal: Refusal | None = None
    attaches: bool = True
    """Whether a customer can keep it although charges to it are refused."""
    authenticates: str = "never"
    """When the bank asks for the cardholder: `never`, `always`, or `unless_set_up`."""
    dispute: str | None = None
    """`dispute` or `inquiry`: what the cardholder does after a payment."""


GENERIC = Refusal("card_declined", "generic_decline", "Your card was declined.")
FUNDS = Refusal("card_declined", "insufficient_funds", "Your card has insufficient funds.")
LOST = Refusal("card_declined", "lost_card", "Your card was declined.")
STOLEN = Refusal("card_declined", "stolen_card", "Your card was declined.")
EXPIRED = Refusal("expired_card", None, "Your card has expired.")
CVC = Refusal("incorrect_cvc", None, "Your card's security code is incorrect.")
PROCESSING = Refusal(
    "processing_error",
    None,
    "An error occurred while processing your card. Try again in a little bit.",
)
UNAUTHENTICATED = Refusal(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)

CARDS = {
    "pm_card_visa": Card("4242", "Visa, succeeds"),
    "pm_card_mastercard": Card("4444", "Mastercard, succeeds", brand="mastercard"),
    "pm_card_amex": Card("8431", "American Express, succeeds", brand="amex"),
    "pm_card_chargeCustomerFail": Card("0341", "Is kept, but every charge is declined", refusal=GENERIC),
    "pm_card_authenticationRequired": Card(
        "3184", "Needs the cardholder at every payment", authenticates="always"
    ),
    "pm_card_authenticationRequiredOnSetup": Card(
        "3155", "Needs the cardholder unless it was set up", authenticates="unless_set_up"
    ),
    "pm_card_createDispute": Card("0259", "Succeeds, then is disputed", dispute="dispute"),
    "pm_card_createDisputeInquiry": Card("1976", "Succeeds, then is asked about", dispute="inquiry"),
    "pm_card_refundFail": Card("5126", "Succeeds, refunds fail"),
    "pm_card_pendingRefund": Card("7726", "Succeeds, refunds take time"),
    "pm_card_visa_chargeDeclined": Card("0002", "Declined", refusal=GENERIC, attaches=False),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Card(
        "9995", "Declined: insufficient funds", refusal=FUNDS, attaches=False
    ),
    "pm_card_visa_chargeDeclinedLostCard": Card("9987", "Declined: lost", refusal=LOST, attaches=False),
    "pm_card_visa_chargeDeclinedStolenCard": Card("9979", "Declined: stolen", refusal=STOLEN, attaches=False),
    "pm_card_chargeDeclinedExpiredCard": Card("0069", "Declined: expired", refusal=EXPIRED, attaches=False),
    "pm_card_chargeDeclinedIncorrectCvc": Card("0127", "Declined: wrong CVC", refusal=CVC, attaches=False),
    "pm_card_chargeDeclinedProcessingError": Card(
        "0119", "Declined: processing error", refusal=PROCESSING, attaches=False
    ),
}
KEPT = {name: card for name, card in CARDS.items() if card.attaches}
"""The cards that a customer can keep."""

BY_LAST4 = {card.last4: card for card in CARDS.values()}


def card_of(method: Document) -> Card:
    """Return the test card behind a payment method."""
    return BY_LAST4[method["card"]["last4"]]


def card_details(method: Document) -> Document:
    """Return a charge's `payment_method_details` for a card."""
    return {"type": "card", "card": method["card"]}
