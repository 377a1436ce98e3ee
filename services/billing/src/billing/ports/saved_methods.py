"""Payments without the customer there, with what they paid with before. The words are ours."""

from typing import Protocol

from billing.domain.auto_top_up import Charge, SavedMethod
from billing.domain.checkout import Checkout
from billing.domain.identifiers import CustomerId


class SavedMethods(Protocol):
    """What customers keep with the payment processor; calls raise what PaymentProcessor's do."""

    async def saved_method(self, customer_id: CustomerId) -> SavedMethod | None:
        """Return what a customer would pay with now: their default, else the newest; None without any.

        A customer that the processor does not know has none.
        """

    async def charge_saved_method(self, checkout: Checkout, *, customer_id: CustomerId) -> Charge:
        """Have a customer pay for a checkout without a page, and return how that stands.

        However often a checkout is charged, at whatever distance, its customer pays once: a payment that
        carries it is looked for first, and what it came to is the answer, a refusal too.
        """
