"""What a Checkout Session is asked to be: mode, line and labels of ours, and what the settings add."""

from dataclasses import dataclass
from typing import Any

from billing.domain.checkout import Checkout
from billing.domain.identifiers import CustomerId

# What a session needs to say how much of what was bought, and where the money is.
EXPANDED = ["line_items", "payment_intent"]


@dataclass(frozen=True, kw_only=True)
class PageOptions:
    """What every page offers or asks for besides; all of it is off unless it is said."""

    promotion_codes: bool = False
    quantity_max: int = 1
    automatic_tax: bool = False
    tax_ids: bool = False
    billing_address: bool = False
    # A receipt with a number for what is paid once; plans have invoices anyway.
    invoices: bool = False
    saved_payment_methods: bool = False
    # For payments without the customer there, and without being asked.
    keep_cards: bool = False

    def asked(
        self,
        checkout: Checkout,
        *,
        price_id: str,
        customer_id: CustomerId,
        success_url: str,
        cancel_url: str,
        trial_days: int,
    ) -> dict[str, Any]:
        """Return the parameters of a session."""
        ours = {"user_id": checkout.user_id, "checkout_id": checkout.checkout_id}
        ours |= {"plan_id": checkout.plan_id} if checkout.plan_id else {"pack_id": checkout.pack_id or ""}
        asked: dict[str, Any] = {
            "mode": "subscription" if checkout.plan_id else "payment",
            "customer": customer_id,
            "client_reference_id": checkout.checkout_id,
            "line_items": [self._line(price_id, is_pack=checkout.plan_id is None)],
            "success_url": success_url,
            "cancel_url": cancel_url,
            "metadata": ours,
            "expand": EXPANDED,
        }
        if checkout.plan_id:
            trial = {"trial_period_days": trial_days} if trial_days else {}
            asked["subscription_data"] = {"metadata": ours, **trial}
        else:
            asked["payment_intent_data"] = {"metadata": ours}
            if self.keep_cards:
                asked["payment_intent_data"]["setup_future_usage"] = "off_session"
            if self.invoices:
                asked["invoice_creation"] = {"enabled": True, "invoice_data": {"metadata": ours}}
            if self.saved_payment_methods:
                asked["saved_payment_method_options"] = {"payment_method_save": "enabled"}
        return asked | self._of_the_buyer()

    def _of_the_buyer(self) -> dict[str, Any]:
        asked: dict[str, Any] = {}
        if self.promotion_codes:
            asked["allow_promotion_codes"] = True
        if self.automatic_tax:
            asked["automatic_tax"] = {"enabled": True}
        if self.tax_ids:
            asked["tax_id_collection"] = {"enabled": True}
        if self.billing_address:
            asked["billing_address_collection"] = "required"
        # A customer of ours is known: what the page learns of them is kept only when it is said.
        update = {"address": "auto"} if self.automatic_tax or self.billing_address else {}
        update |= {"name": "auto"} if self.tax_ids else {}
        return asked | ({"customer_update": update} if update else {})

    def _line(self, price_id: str, *, is_pack: bool) -> dict[str, Any]:
        line: dict[str, Any] = {"price": price_id, "quantity": 1}
        if is_pack and self.quantity_max > 1:
            line["adjustable_quantity"] = {"enabled": True, "minimum": 1, "maximum": self.quantity_max}
        return line
