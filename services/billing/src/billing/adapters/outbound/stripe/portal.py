"""Stripe's billing portal, configured here: a dashboard's settings are nobody's code."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import stripe

from billing.adapters.outbound.stripe.catalogue import PLAN_PREFIX, StripeCatalogue
from billing.adapters.outbound.stripe.errors import answered
from billing.domain.errors import CustomerUnknownToProcessor, UnknownToProcessor
from billing.domain.identifiers import CustomerId, RequestId
from billing.domain.plan import Plan

_LABEL = "tintype_portal"
_CONFIGURATIONS_MAX = 100
_REASONS = ["too_expensive", "missing_features", "switched_service", "unused", "low_quality", "other"]


class StripePortal:
    """One configuration for all customers, made once for each shape that it had."""

    def __init__(self, client: stripe.StripeClient, catalogue: StripeCatalogue) -> None:
        self._client = client
        self._catalogue = catalogue
        self._known: dict[str, str] = {}

    async def open(
        self, customer_id: CustomerId, *, plans: Sequence[Plan], return_url: str, request_id: RequestId
    ) -> str:
        """Return a page's address. Raises CustomerUnknownToProcessor."""
        asked: Any = {
            "customer": customer_id,
            "configuration": await self._configuration(plans),
            "return_url": return_url,
        }
        sessions = self._client.v1.billing_portal.sessions
        try:
            key = f"portal:{customer_id}:{request_id}"
            opened = await answered(sessions.create_async(asked, {"idempotency_key": key}))
        except UnknownToProcessor as unknown:
            if unknown.details.get("param") == "customer":
                raise CustomerUnknownToProcessor(
                    f"the payment processor does not know {customer_id}"
                ) from unknown
            # The configuration: it is looked for anew the next time.
            self._known.clear()
            raise
        return opened.url

    async def _configuration(self, plans: Sequence[Plan]) -> str:
        # What was withdrawn a moment ago can't be switched to, and closes the portal for nobody.
        found = {
            PLAN_PREFIX + plan.plan_id: await self._catalogue.ids_on_sale(
                [price.price_name for price in plan.prices]
            )
            for plan in plans
        }
        features = _features([{"product": product, "prices": ids} for product, ids in found.items() if ids])
        shape = hashlib.sha256(json.dumps(features, sort_keys=True).encode()).hexdigest()[:32]
        if shape not in self._known:
            self._known = {shape: await self._find(shape) or await self._make(shape, features)}
        return self._known[shape]

    async def _find(self, shape: str) -> str | None:
        asked: Any = {"active": True, "limit": _CONFIGURATIONS_MAX}
        found = await answered(self._client.v1.billing_portal.configurations.list_async(asked))
        for configuration in found.data:
            labels: Any = configuration.metadata
            if labels and _LABEL in labels and labels[_LABEL] == shape:
                return configuration.id
        return None

    async def _make(self, shape: str, features: dict[str, Any]) -> str:
        asked: Any = {"features": features, "metadata": {_LABEL: shape}}
        configurations = self._client.v1.billing_portal.configurations
        options: Any = {"idempotency_key": f"portal:{shape}"}
        return (await answered(configurations.create_async(asked, options))).id


def _features(products: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "customer_update": {"enabled": True, "allowed_updates": ["address", "name", "tax_id"]},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {
            "enabled": True,
            "mode": "at_period_end",
            "cancellation_reason": {"enabled": True, "options": _REASONS},
        },
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price"],
            "products": products,
            # More is paid at once, less comes when the period ends.
            "proration_behavior": "always_invoice",
            "schedule_at_period_end": {
                "conditions": [{"type": "decreasing_item_amount"}, {"type": "shortening_interval"}]
            },
        }
        if products
        else {"enabled": False},
    }
