"""What a session was asked to do beside taking money, and what of that does not go together."""

from __future__ import annotations

from standins.stripe.errors import StripeError, invalid
from standins.stripe.parameters import merged
from standins.stripe.resources.session_parameters import IntentData, SessionCreate, SubscriptionData
from standins.stripe.store import Document

ONLY_PAYMENT = ("customer_creation", "invoice_creation", "payment_intent_data", "submit_type")
ONLY_SUBSCRIPTION = ("payment_method_collection", "subscription_data")


def has_trial(given: SubscriptionData) -> bool:
    """Whether the subscription begins with a trial."""
    return given.trial_end is not None or given.trial_period_days is not None


def require_fitting(params: SessionCreate, customer: Document | None) -> None:
    """Refuse what belongs to the other mode, and what a known customer would have to allow."""
    others = ONLY_PAYMENT if params.mode == "subscription" else ONLY_SUBSCRIPTION
    right = "payment" if params.mode == "subscription" else "subscription"
    for name in others:
        if getattr(params, name) is not None:
            raise invalid(f"You can not pass `{name}` in `{params.mode}` mode, only in `{right}` mode.", name)
    given = params.subscription_data
    if given and given.trial_end is not None and given.trial_period_days is not None:
        message = "You may only specify one of these parameters: trial_end, trial_period_days."
        raise invalid(message, "subscription_data[trial_end]")
    update = params.customer_update
    if update and customer is None:
        raise invalid("`customer_update` can only be used with `customer`.", "customer_update")
    if customer is None:
        return
    saves_address = update is not None and update.address == "auto"
    if (
        params.automatic_tax
        and params.automatic_tax.enabled
        and not customer["address"]
        and not saves_address
    ):
        message = (
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid "
            "address to the Customer or set either `customer_update[address]` to 'auto' or "
            "`customer_update[shipping]` to 'auto' to save the address entered in Checkout to the Customer."
        )
        raise StripeError(message, code="customer_tax_location_invalid")
    saves_name = update is not None and update.name == "auto"
    if params.tax_id_collection and params.tax_id_collection.enabled and not saves_name:
        message = (
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection "
            "for an existing customer, please set `customer_update[name]` to `auto`."
        )
        raise invalid(message)


def settings_of(params: SessionCreate) -> Document:
    """Return the session's fields that say how it is paid, taxed and invoiced."""
    taxed = bool(params.automatic_tax and params.automatic_tax.enabled)
    collection = params.tax_id_collection
    fields: Document = {
        "automatic_tax": {
            "enabled": taxed,
            "liability": {"type": "self"} if taxed else None,
            "provider": "stripe" if taxed else None,
            "status": "complete" if taxed else None,
        },
        "invoice_creation": _invoice_creation(params),
        "payment_method_collection": params.payment_method_collection or _collection(params),
        "saved_payment_method_options": _saved(params),
        "tax_id_collection": {
            "enabled": bool(collection and collection.enabled),
            "required": collection.required if collection else "never",
        },
        "_customer_update": params.customer_update.model_dump() if params.customer_update else {},
        "_intent_data": _intent_data(params.payment_intent_data),
        "_subscription_data": _subscription_data(params.subscription_data),
    }
    return fields


def _collection(params: SessionCreate) -> str:
    return "always" if params.mode == "subscription" else "if_required"


def _invoice_creation(params: SessionCreate) -> Document | None:
    if params.mode == "subscription":
        return None
    creation = params.invoice_creation
    given = creation.invoice_data if creation else None
    return {
        "enabled": bool(creation and creation.enabled),
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": given.description if given else None,
            "footer": given.footer if given else None,
            "issuer": None,
            "metadata": merged({}, given.metadata) if given else {},
            "rendering_options": None,
        },
    }


def _saved(params: SessionCreate) -> Document | None:
    given = params.saved_payment_method_options
    if given is None and params.customer is None:
        return None
    return {
        "allow_redisplay_filters": ["always"],
        "payment_method_remove": "disabled",
        "payment_method_save": given.payment_method_save if given else None,
    }


def _intent_data(given: IntentData | None) -> Document:
    if given is None:
        return {"metadata": {}}
    return {**given.model_dump(exclude_unset=True), "metadata": merged({}, given.metadata)}


def _subscription_data(given: SubscriptionData | None) -> Document:
    if given is None:
        return {"metadata": {}}
    fields = given.model_dump(exclude_unset=True)
    return {**fields, "metadata": merged({}, given.metadata)}
