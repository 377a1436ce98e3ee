"""A step of whatever a payment came by: write its purchase down and tell it, once a payment."""

from datetime import datetime

from billing.application.reward_referrals import note_payment
from billing.domain.checkout import Purchase
from billing.domain.events import PaymentCompleted
from billing.ports.unit_of_work import UnitOfWork


async def complete_purchase(work: UnitOfWork, purchase: Purchase, now: datetime) -> bool:
    """Have its credits come; False, and nothing is done, when this payment was told before."""
    if not await work.add_purchase(purchase):
        return False
    await work.publish(PaymentCompleted(purchase=purchase, occurred_at=now))
    await note_payment(work, purchase, now)
    return True
