"""A purchase with what became of its money since. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from billing.domain.checkout import Purchase
from billing.domain.dispute import Dispute, DisputeState


class PurchaseStatus(StrEnum):
    """Where the money of a purchase is."""

    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    # The payer's bank holds it while it decides.
    DISPUTED = "disputed"
    # The bank gave it back to the payer.
    CHARGED_BACK = "charged_back"


@dataclass(frozen=True, kw_only=True)
class PurchaseStanding:
    """A purchase and the disputes that moved its money."""

    purchase: Purchase
    disputes: tuple[Dispute, ...] = ()

    @property
    def status(self) -> PurchaseStatus:
        """A dispute says more than a refund: it is the bank's to decide."""
        states = {dispute.state for dispute in self.disputes}
        if DisputeState.OPENED in states:
            return PurchaseStatus.DISPUTED
        if DisputeState.LOST in states:
            return PurchaseStatus.CHARGED_BACK
        if not self.purchase.refunded_minor:
            return PurchaseStatus.PAID
        is_whole = self.purchase.refunded_minor >= self.purchase.amount_minor
        return PurchaseStatus.REFUNDED if is_whole else PurchaseStatus.PARTIALLY_REFUNDED

    @property
    def disputed_minor(self) -> int:
        """What disputes hold or took of the money."""
        total = sum(dispute.disputed_minor for dispute in self._taking())
        return min(total, self.purchase.amount_minor)

    @property
    def taken_back_credits(self) -> int:
        """What refunds and disputes take back together: at most what was bought."""
        disputed = sum(dispute.disputed_credits for dispute in self._taking())
        return min(self.purchase.credits, self.purchase.refunded_credits + disputed)

    def _taking(self) -> list[Dispute]:
        return [dispute for dispute in self.disputes if dispute.state is not DisputeState.WON]
