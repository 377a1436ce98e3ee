"""What is answered because no cards are kept with Polar: nobody has one, and nothing is tried."""

from billing.domain.auto_top_up import Charge, ChargeStatus, SavedMethod
from billing.domain.checkout import Checkout
from billing.domain.identifiers import CustomerId


class KeepsNoCards:
    """Implements SavedMethods for customers without any."""

    async def saved_method(self, customer_id: CustomerId) -> SavedMethod | None:
        """Return None."""
        return None

    async def charge_saved_method(self, checkout: Checkout, *, customer_id: CustomerId) -> Charge:
        """Return that there is nothing to pay with."""
        return Charge(status=ChargeStatus.NO_METHOD)
