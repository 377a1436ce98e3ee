"""The ledger's commands as its tests send them; ids are new ones unless they are named."""

from typing import Any

from chassis.ids import new_id
from ledger.application.adjust_balance import AdjustBalance
from ledger.application.charge_reservation import ChargeReservation
from ledger.application.claw_back_credits import ClawBackCredits
from ledger.application.grant_credits import GrantCredits
from ledger.application.refund_reservation import RefundReservation
from ledger.application.renew_subscription import RenewSubscription
from ledger.application.reserve_credits import ReserveCredits
from ledger.domain.lot import Category


def grant(
    account_id: str,
    amount: int,
    category: Category = Category.PROMOTIONAL,
    *,
    payment_id: str | None = None,
    request_id: str | None = None,
    **terms: Any,
) -> GrantCredits:
    """Credits from nowhere, or from a payment; `terms` say when they start, when they end, who goes first."""
    return GrantCredits(
        request_id=request_id or new_id("req"),
        account_id=account_id,
        amount=amount,
        category=category,
        source=f"payment:{payment_id}" if payment_id else "test",
        payment_id=payment_id,
        **terms,
    )


def renew(account_id: str, amount: int, *, request_id: str | None = None, **terms: Any) -> RenewSubscription:
    """A period of a subscription."""
    return RenewSubscription(
        request_id=request_id or new_id("req"),
        account_id=account_id,
        amount=amount,
        category=Category.SUBSCRIPTION,
        source="subscription:sub_1",
        **terms,
    )


def reserve(
    account_id: str, amount: int, reference: str | None = None, *, ttl_s: int = 3600, **limits: Any
) -> ReserveCredits:
    """The command that generation sends for a job, perhaps within the limits of a budget."""
    reference = new_id("gen") if reference is None else reference
    return ReserveCredits(
        request_id=f"gen:{reference}:reserve",
        account_id=account_id,
        amount=amount,
        reference=reference,
        ttl_s=ttl_s,
        **limits,
    )


def charge(reservation_id: str, amount: int, reference: str | None = None) -> ChargeReservation:
    """The command that a success becomes."""
    return ChargeReservation(
        request_id=f"gen:{reference or new_id('gen')}:charge", reservation_id=reservation_id, amount=amount
    )


def refund(
    reservation_id: str,
    reference: str | None = None,
    *,
    reason: str = "failed",
    even_if_charged: bool = False,
) -> RefundReservation:
    """The command that a failure becomes."""
    return RefundReservation(
        request_id=f"gen:{reference or new_id('gen')}:refund",
        reservation_id=reservation_id,
        reason=reason,
        even_if_charged=even_if_charged,
    )


def claw_back(
    account_id: str,
    payment_id: str,
    cause: str,
    target: int,
    *,
    reinstated: bool = False,
    request_id: str | None = None,
) -> ClawBackCredits:
    """What a refund or a dispute of a payment takes in all."""
    return ClawBackCredits(
        request_id=request_id or new_id("req"),
        account_id=account_id,
        payment_id=payment_id,
        cause=cause,
        target=target,
        reinstated=reinstated,
        reason=cause,
    )


def adjust(account_id: str, amount: int, *, request_id: str | None = None) -> AdjustBalance:
    """A person's correction, up or down."""
    return AdjustBalance(
        request_id=request_id or new_id("req"),
        account_id=account_id,
        amount=amount,
        actor="usr_admin",
        reason="a mistake",
    )
