"""Requests to commands, and outcomes to responses: one pair of functions a command."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
from tintype.identity.v1.identity_pb2 import ROLE_ADMIN
from tintype.ledger.v1 import ledger_pb2 as pb

from ledger.adapters import messages
from ledger.application.adjust_balance import AdjustBalance
from ledger.application.charge_reservation import ChargeReservation
from ledger.application.claw_back_credits import ClawBackCredits
from ledger.application.command import Command, Outcome
from ledger.application.extend_reservation import ExtendReservation
from ledger.application.grant_credits import GrantCredits
from ledger.application.refund_reservation import RefundReservation
from ledger.application.renew_subscription import RenewSubscription
from ledger.application.reserve_credits import ReserveCredits
from ledger.domain import errors
from ledger.domain.budget import BudgetPeriod, BudgetScope
from ledger.domain.correction import Decider
from ledger.domain.identifiers import AccountId, PaymentId, RequestId, ReservationId, SessionId
from ledger.domain.lot import Category
from ledger.domain.occasion import NO_METADATA

PLACE_LENGTH_MAX = 64

ERRORS: dict[type[Exception], grpc.StatusCode] = {
    errors.InvalidField: grpc.StatusCode.INVALID_ARGUMENT,
    errors.InsufficientCredits: grpc.StatusCode.FAILED_PRECONDITION,
    errors.AccountInDebt: grpc.StatusCode.FAILED_PRECONDITION,
    errors.BudgetExceeded: grpc.StatusCode.FAILED_PRECONDITION,
    errors.AccountNotFound: grpc.StatusCode.NOT_FOUND,
    errors.ReservationNotFound: grpc.StatusCode.NOT_FOUND,
    errors.ChargeTooLarge: grpc.StatusCode.FAILED_PRECONDITION,
    errors.IdempotencyKeyReused: grpc.StatusCode.FAILED_PRECONDITION,
    errors.PaymentOfAnotherAccount: grpc.StatusCode.FAILED_PRECONDITION,
    errors.PaymentAlreadyGranted: grpc.StatusCode.FAILED_PRECONDITION,
    errors.CommandNotAllowed: grpc.StatusCode.PERMISSION_DENIED,
    errors.NotAnAdmin: grpc.StatusCode.PERMISSION_DENIED,
    errors.AbortedWithBatch: grpc.StatusCode.ABORTED,
    errors.Overloaded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.LedgerUnavailable: grpc.StatusCode.UNAVAILABLE,
}

_CATEGORIES: dict[int, Category] = {number: category for category, number in messages.CATEGORIES.items()}
_PERIODS: dict[int, BudgetPeriod] = {
    pb.BUDGET_PERIOD_TOTAL: BudgetPeriod.TOTAL,
    pb.BUDGET_PERIOD_DAY: BudgetPeriod.DAY,
    pb.BUDGET_PERIOD_MONTH: BudgetPeriod.MONTH,
}


def to_grant(request: pb.GrantRequest) -> GrantCredits:
    """Read a grant; with `reset`, a renewal."""
    source = request.source
    kind = RenewSubscription if request.reset else GrantCredits
    return kind(
        request_id=RequestId(request.request_id),
        account_id=AccountId(request.account_id),
        amount=request.amount,
        category=_category(request.category),
        priority=request.priority or None,
        effective_at=messages.moment_of(request, "effective_at"),
        expires_at=messages.moment_of(request, "expires_at"),
        source=source,
        payment_id=PaymentId(source.removeprefix("payment:")) if source.startswith("payment:") else None,
        reason=request.reason or None,
        actor=request.actor or None,
        metadata=_metadata(request),
    )


def to_reserve(request: pb.ReserveRequest) -> ReserveCredits:
    """Read a reservation."""
    return ReserveCredits(
        request_id=RequestId(request.request_id),
        account_id=AccountId(request.account_id),
        amount=request.amount,
        reference=request.reference,
        ttl_s=request.ttl_s,
        budget_scopes=tuple(_budget_scope(scope) for scope in request.budget_scopes)
        if request.budget_scopes
        else (),
        metadata=_metadata(request),
    )


def to_charge(request: pb.ChargeRequest) -> ChargeReservation:
    """Read a charge."""
    return ChargeReservation(
        request_id=RequestId(request.request_id),
        reservation_id=ReservationId(request.reservation_id),
        amount=request.amount,
        reason=request.reason or None,
    )


def to_refund(request: pb.RefundRequest) -> RefundReservation:
    """Read a refund; asked for over gRPC, it is a person's decision."""
    return RefundReservation(
        request_id=RequestId(request.request_id),
        reservation_id=ReservationId(request.reservation_id),
        reason=request.reason or None,
        even_if_charged=True,
    )


def to_extend(request: pb.ExtendRequest) -> ExtendReservation:
    """Read an extension."""
    return ExtendReservation(
        request_id=RequestId(request.request_id),
        reservation_id=ReservationId(request.reservation_id),
        ttl_s=request.ttl_s,
    )


def to_clawback(request: pb.ClawbackRequest) -> ClawBackCredits:
    """Read a clawback."""
    return ClawBackCredits(
        request_id=RequestId(request.request_id),
        account_id=AccountId(request.account_id),
        payment_id=PaymentId(request.payment_id),
        cause=request.cause,
        target=request.target,
        reinstated=request.reinstated,
        actor=request.actor or None,
        reason=request.reason or None,
    )


def to_adjust(request: pb.AdjustRequest) -> AdjustBalance:
    """Read a correction. Raises NotAnAdmin for anybody but an administrator, whatever the caller let pass."""
    principal = request.principal
    if principal.role != ROLE_ADMIN:
        raise errors.NotAnAdmin("only an administrator may do that")
    return AdjustBalance(
        request_id=RequestId(request.request_id),
        account_id=AccountId(request.account_id),
        amount=request.amount,
        actor=principal.actor_id or None,
        reason=request.reason or None,
        metadata=_metadata(request),
        decider=Decider(
            session_id=SessionId(principal.session_id[:PLACE_LENGTH_MAX]) if principal.session_id else None,
            client_address=principal.client_address[:PLACE_LENGTH_MAX] or None,
        ),
    )


_READERS: dict[str, Callable[[Any], Command]] = {
    "grant": to_grant,
    "reserve": to_reserve,
    "charge": to_charge,
    "refund": to_refund,
    "extend": to_extend,
    "clawback": to_clawback,
    "adjust": to_adjust,
}


def kind_of(message: pb.Command) -> str:
    """Return which command of a batch it is, such as `reserve`. Raises InvalidField for none."""
    kind = message.WhichOneof("command")
    if kind is None:
        raise errors.InvalidField("commands", "each must have a command")
    return kind


def to_command(message: pb.Command) -> Command:
    """Read one command of a batch."""
    kind = kind_of(message)
    if kind == "reserve" and message.reserve.dry_run:
        raise errors.InvalidField("dry_run", "is for Reserve alone")
    return _READERS[kind](getattr(message, kind))


@dataclass(kw_only=True, slots=True)
class Unreadable(Command):
    """A command of a batch that says nothing that could be done: it alone is refused."""

    refusal: errors.InvalidField

    def validate(self) -> None:
        """Raise why."""
        raise self.refusal


def to_command_or_refusal(message: pb.Command) -> Command:
    """Read one command of a batch, beside others that its mistakes are no concern of."""
    try:
        return to_command(message)
    except errors.InvalidField as refusal:
        return Unreadable(request_id=None, refusal=refusal)


def reservation_and_balance(outcome: Outcome) -> dict[str, Any]:
    """Return the fields that every response about a reservation has."""
    if outcome.reservation is None:
        raise RuntimeError(f"{outcome.made_id} is no reservation")
    return {
        "reservation": messages.reservation(outcome.reservation),
        "balance": messages.balance(outcome.balance),
        "replayed": outcome.replayed,
    }


def to_outcome(outcome: Outcome) -> pb.CommandOutcome:
    """Render how one command of a batch ended."""
    if outcome.refusal is not None:
        return pb.CommandOutcome(error=to_error(outcome.refusal), replayed=outcome.replayed)
    balance = outcome.balance
    reservation = outcome.reservation
    if reservation is None:
        return pb.CommandOutcome(
            id=outcome.made_id or "",
            available=balance.available,
            held=balance.held,
            debt=balance.debt,
            sequence=balance.sequence,
            replayed=outcome.replayed,
        )
    return pb.CommandOutcome(
        id=outcome.made_id or "",
        available=balance.available,
        held=balance.held,
        debt=balance.debt,
        sequence=balance.sequence,
        state=messages.STATES[reservation.state],
        charged=reservation.charged,
        refunded=reservation.refunded,
        replayed=outcome.replayed,
    )


def to_error(refusal: Exception) -> pb.CommandError:
    """Render why a command was refused; our own bugs say nothing of their insides."""
    code = ERRORS.get(type(refusal))
    if code is None or not isinstance(refusal, errors.LedgerError):
        return pb.CommandError(code=grpc.StatusCode.INTERNAL.value[0], message="internal error")
    return pb.CommandError(
        code=code.value[0], reason=refusal.reason, message=str(refusal), metadata=refusal.details
    )


def _category(number: int) -> Category:
    if number not in _CATEGORIES:
        raise errors.InvalidField("category", "is required")
    return _CATEGORIES[number]


def _budget_scope(message: pb.BudgetScope) -> BudgetScope:
    if message.period not in _PERIODS:
        raise errors.InvalidField("budget_scopes.period", "is required")
    return BudgetScope(message.scope, _PERIODS[message.period], message.limit)


def _metadata(request: Any) -> Any:
    # Sorted, so that the same pairs make the same fingerprint whatever order they came in.
    return dict(sorted(request.metadata.items())) if request.metadata else NO_METADATA
