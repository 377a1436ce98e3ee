"""What a client asked for when it had a checkout opened: an idempotency key stands for that alone. Pure."""

import hashlib
import json

from billing.domain.checkout import Checkout
from billing.domain.identifiers import CheckoutId, PackId, PlanId
from billing.domain.standing import BillingInterval

# A client's addresses may name the checkout before it exists.
CHECKOUT_ID = "{CHECKOUT_ID}"


def fingerprint(
    *,
    pack_id: PackId | None,
    plan_id: PlanId | None = None,
    interval: BillingInterval | None = None,
    success_url: str,
    cancel_url: str,
) -> str:
    """Return what tells two requests apart: all of the body, and nothing that may change between tries.

    A price that was expected is left out: whoever is told of another one tries again with that. The version
    names the rule, so that a later rule can tell which one made a stored fingerprint.
    """
    asked: dict[str, str | None] = {"cancel_url": cancel_url, "success_url": success_url}
    asked |= {"pack_id": pack_id} if plan_id is None else {"plan_id": plan_id, "interval": interval}
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return f"1:{hashlib.sha256(text.encode()).hexdigest()}"


def is_same_request(known: Checkout, *, pack_id: PackId | None, asked: str) -> bool:
    """Return whether a key stands for a request for that pack with that fingerprint, as far as is known."""
    if known.fingerprint is None:
        return known.pack_id == pack_id
    return known.fingerprint == asked


def with_checkout_id(url: str, checkout_id: CheckoutId) -> str:
    """Return an address with the checkout's id in its place."""
    return url.replace(CHECKOUT_ID, checkout_id)
