"""Checkout Sessions: purchases and subscriptions."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.amounts import tax_percent
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import invalid, no_such
from standins.stripe.ids import new_id
from standins.stripe.listing import list_object, page
from standins.stripe.parameters import ListParameters, Parameters, merged
from standins.stripe.resources.given_discounts import found_discounts
from standins.stripe.resources.line_items import new_items
from standins.stripe.resources.payment_intents import move
from standins.stripe.resources.session_document import blank_session, details_of
from standins.stripe.resources.session_parameters import SessionCreate, SessionList, SessionUpdate
from standins.stripe.resources.session_settings import has_trial, require_fitting, settings_of
from standins.stripe.resources.session_totals import coupon_of, totals, with_amounts
from standins.stripe.store import Document

resource = Resource()

LIFETIME_S_MIN = 30 * 60
LIFETIME_S_MAX = 24 * 60 * 60
CLOCK_SKEW_S = 60
METHODS = {"payment": ("card", "us_bank_account"), "subscription": ("card",)}
ECHOED = (
    "allow_promotion_codes",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "locale",
)


def _expires_at(change: Change, asked: int | None) -> int:
    if asked is None:
        return change.now + LIFETIME_S_MAX
    if asked < change.now + LIFETIME_S_MIN - CLOCK_SKEW_S:
        message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise invalid(message, "expires_at")
    if asked > change.now + LIFETIME_S_MAX + CLOCK_SKEW_S:
        message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise invalid(message, "expires_at")
    return asked


def _customer(change: Change, params: SessionCreate) -> Document | None:
    if params.customer and params.customer_email:
        message = "You may only specify one of these parameters: customer, customer_email."
        raise invalid(message, "customer_email")
    if params.customer and params.customer_creation:
        message = "You may only specify one of these parameters: customer, customer_creation."
        raise invalid(message, "customer_creation")
    return change.require("customer", params.customer, param="customer") if params.customer else None


@resource.operation("POST", "/v1/checkout/sessions", SessionCreate)
def create(call: Call[SessionCreate]) -> Document:
    """Open a session and give the address of its hosted page."""
    change, params = call.change, call.params
    customer = _customer(change, params)
    require_fitting(params, customer)
    session_id = new_id("cs_test")
    expires_at = _expires_at(change, params.expires_at)
    discounts = _discounts(change, params)
    taxed = bool(params.automatic_tax and params.automatic_tax.enabled)
    trial = params.subscription_data is not None and has_trial(params.subscription_data)
    items = new_items(change, session_id, params.line_items, mode=params.mode, trial=trial)
    items = with_amounts(items, coupon_of(change, discounts), tax_percent(change) if taxed else 0.0)
    for item in items:
        change.store.save(item)
    email = customer["email"] if customer else params.customer_email
    creation = params.customer_creation or ("if_required" if params.mode == "payment" else "always")
    methods = params.payment_method_types or METHODS[params.mode]
    session: Document = {
        **blank_session(),
        **{name: getattr(params, name) for name in ECHOED},
        **totals(items),
        **settings_of(params),
        "id": session_id,
        "created": change.now,
        "currency": items[0]["currency"],
        "customer": params.customer,
        "customer_creation": None if customer else creation,
        "customer_details": details_of(email, customer["name"] if customer else None) if email else None,
        "customer_email": params.customer_email,
        "discounts": discounts,
        "expires_at": expires_at,
        "metadata": merged({}, params.metadata),
        "mode": params.mode,
        "payment_method_types": list(methods),
        "submit_type": params.submit_type,
        "success_url": params.success_url,
        "ui_mode": params.ui_mode,
        "url": f"{call.address}/c/pay/{session_id}",
        "_address": call.address,
        "_intent": None,
    }
    change.schedule("expire_session", session_id, delay_s=expires_at - change.account.clock())
    return change.add(session)


def _discounts(change: Change, params: SessionCreate) -> list[Document]:
    if params.discounts and params.allow_promotion_codes is not None:
        message = "You may only specify one of these parameters: allow_promotion_codes, discounts."
        raise invalid(message, "discounts")
    return found_discounts(change, params.discounts)


@resource.operation("GET", "/v1/checkout/sessions/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a session."""
    return call.change.require("checkout.session", call.id, param="session", status=404)


@resource.operation("POST", "/v1/checkout/sessions/{id}", SessionUpdate)
def update(call: Call[SessionUpdate]) -> Document:
    """Change a session's metadata."""
    session = call.change.require("checkout.session", call.id, param="session", status=404)
    return move(call.change, session, None, metadata=merged(session["metadata"], call.params.metadata))


@resource.operation("POST", "/v1/checkout/sessions/{id}/expire", Parameters)
def expire(call: Call[Parameters]) -> Document:
    """Close an open session so that it can no longer be paid."""
    session = call.change.require("checkout.session", call.id, param="session", status=404)
    if session["status"] != "open":
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a '
            f"status of {session['status']}."
        )
    return expire_session(call.change, session)


def expire_session(change: Change, session: Document) -> Document:
    """Expire an open session, cancel its PaymentIntent and record both."""
    if session["_intent"]:
        intent = change.require("payment_intent", session["_intent"])
        canceled = {"status": "canceled", "canceled_at": change.now, "cancellation_reason": "automatic"}
        move(change, intent, "payment_intent.canceled", **canceled)
    return move(change, session, "checkout.session.expired", status="expired", url=None)


def expire_when_due(change: Change, session_id: str) -> None:
    """Do the timer's action: expire the session unless it was completed or expired before."""
    session = change.require("checkout.session", session_id)
    if session["status"] == "open":
        expire_session(change, session)


@resource.operation("GET", "/v1/checkout/sessions/{id}/line_items", ListParameters)
def line_items(call: Call[ListParameters]) -> Document:
    """List a session's items in their own order."""
    change, params = call.change, call.params
    change.require("checkout.session", call.id, param="session", status=404)
    items = change.store.find("item", _session=call.id)
    if params.starting_after:
        known = [item["id"] for item in items]
        if params.starting_after not in known:
            raise no_such("item", params.starting_after, param="starting_after")
        items = items[known.index(params.starting_after) + 1 :]
    url = f"/v1/checkout/sessions/{call.id}/line_items"
    return list_object(url, items[: params.limit], has_more=len(items) > params.limit)


@resource.operation("GET", "/v1/checkout/sessions", SessionList)
def list_(call: Call[SessionList]) -> Document:
    """List sessions."""
    params = call.params
    where = {
        "customer": params.customer,
        "payment_intent": params.payment_intent,
        "status": params.status,
        "subscription": params.subscription,
    }
    return page(call.change, "checkout.session", "/v1/checkout/sessions", params, where)
