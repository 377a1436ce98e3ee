"""LedgerService over gRPC: parse, call the use case, render."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc
from tintype.ledger.v1 import ledger_pb2 as pb
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

from ledger.adapters import messages
from ledger.application.charge_reservation import ChargeReservation, ChargeReservationHandler
from ledger.application.grant_credits import GrantCredits, GrantCreditsHandler
from ledger.application.read_ledger import ReadLedgerHandler
from ledger.application.refund_reservation import RefundReservation, RefundReservationHandler
from ledger.application.reserve_credits import ReserveCredits, ReserveCreditsHandler
from ledger.application.settlement import Settled
from ledger.domain import errors
from ledger.domain.entry import EntryKind
from ledger.domain.lot import USUAL_PRIORITY, Category
from ledger.ports.invariants import Invariants
from ledger.ports.ledger_reader import EntryFilter, LedgerReader

ERRORS: dict[type[Exception], grpc.StatusCode] = {
    errors.InvalidField: grpc.StatusCode.INVALID_ARGUMENT,
    errors.InsufficientCredits: grpc.StatusCode.FAILED_PRECONDITION,
    errors.ReservationNotFound: grpc.StatusCode.NOT_FOUND,
    errors.ChargeTooLarge: grpc.StatusCode.FAILED_PRECONDITION,
    errors.IdempotencyKeyReused: grpc.StatusCode.FAILED_PRECONDITION,
}

_SERVICE = "/tintype.ledger.v1.LedgerService/"
ALLOWED = {
    _SERVICE + method: frozenset(callers)
    for method, callers in {
        "Grant": ["billing"],
        "Reserve": ["generation"],
        "Charge": ["generation"],
        "Refund": ["generation"],
        "GetReservation": ["generation", "gateway"],
        "GetBalance": ["gateway"],
        "ListEntries": ["gateway"],
        "ListReservationLots": ["gateway"],
        "ListSettlements": ["auditor"],
        "Verify": ["auditor"],
    }.items()
}

_CATEGORIES: dict[int, Category] = {number: category for category, number in messages.CATEGORIES.items()}
_KINDS: dict[int, EntryKind] = {number: kind for kind, number in messages.KINDS.items()}


@dataclass(frozen=True, kw_only=True)
class LedgerServicer(rpc.LedgerServiceServicer):
    """Answers LedgerService by the use cases."""

    grant: GrantCreditsHandler
    reserve: ReserveCreditsHandler
    charge: ChargeReservationHandler
    refund: RefundReservationHandler
    read: ReadLedgerHandler
    reader: LedgerReader
    invariants: Invariants

    async def Grant(self, request: pb.GrantRequest, context: Any) -> pb.GrantResponse:
        granted = await self.grant.handle(
            GrantCredits(
                request_id=request.request_id,
                account_id=request.account_id,
                amount=request.amount,
                category=_category(request.category),
                priority=request.priority or USUAL_PRIORITY,
                effective_at=messages.moment(request.effective_at)
                if request.HasField("effective_at")
                else None,
                expires_at=messages.moment(request.expires_at) if request.HasField("expires_at") else None,
                source=request.source,
                payment_id=request.source.removeprefix("payment:")
                if request.source.startswith("payment:")
                else None,
                reason=request.reason,
            )
        )
        if granted is None:
            raise RuntimeError("a grant without an event is never a repeated event")
        return pb.GrantResponse(
            grant_id=granted.grant_id,
            balance=messages.balance(granted.balance),
            replayed=granted.replayed,
        )

    async def Reserve(self, request: pb.ReserveRequest, context: Any) -> pb.ReserveResponse:
        reserved = await self.reserve.handle(
            ReserveCredits(
                request_id=request.request_id,
                account_id=request.account_id,
                amount=request.amount,
                reference=request.reference,
                ttl_s=request.ttl_s,
            )
        )
        return pb.ReserveResponse(
            reservation=messages.reservation(reserved.reservation),
            balance=messages.balance(reserved.balance),
            replayed=reserved.replayed,
        )

    async def Charge(self, request: pb.ChargeRequest, context: Any) -> pb.ChargeResponse:
        settled = await self.charge.handle(
            ChargeReservation(
                request_id=request.request_id,
                reservation_id=request.reservation_id,
                amount=request.amount,
                reason=request.reason,
            )
        )
        return pb.ChargeResponse(**_settled(settled))

    async def Refund(self, request: pb.RefundRequest, context: Any) -> pb.RefundResponse:
        settled = await self.refund.handle(
            RefundReservation(
                request_id=request.request_id,
                reservation_id=request.reservation_id,
                reason=request.reason,
                even_if_charged=True,
            )
        )
        return pb.RefundResponse(**_settled(settled))

    async def GetReservation(
        self, request: pb.GetReservationRequest, context: Any
    ) -> pb.GetReservationResponse:
        found = await self.read.reservation(
            reservation_id=request.reservation_id, reference=request.reference
        )
        return pb.GetReservationResponse(reservation=messages.reservation(found))

    async def GetBalance(self, request: pb.GetBalanceRequest, context: Any) -> pb.GetBalanceResponse:
        balance = await self.read.balance(request.account_id)
        return pb.GetBalanceResponse(balance=messages.balance(balance))

    async def ListEntries(self, request: pb.ListEntriesRequest, context: Any) -> pb.ListEntriesResponse:
        page = await self.read.entries(
            request.account_id,
            EntryFilter(
                kinds=[_kind(number) for number in request.kinds],
                since=messages.moment(getattr(request, "from")) if request.HasField("from") else None,
                until=messages.moment(request.to) if request.HasField("to") else None,
                before_sequence=_before(request.page_token),
                limit=request.page_size,
            ),
        )
        return pb.ListEntriesResponse(
            entries=[messages.entry(entry) for entry in page.entries],
            next_page_token=str(page.next_before) if page.next_before else "",
        )

    async def ListReservationLots(
        self, request: pb.ListReservationLotsRequest, context: Any
    ) -> pb.ListReservationLotsResponse:
        lots = await self.read.pinned_lots(request.account_id, request.reservation_id)
        return pb.ListReservationLotsResponse(
            lots=[
                pb.PinnedLot(
                    grant_id=lot.grant_id,
                    category=messages.CATEGORIES[lot.category],
                    amount=lot.amount,
                    source=lot.source,
                    granted_at=messages.timestamp(lot.granted_at),
                )
                for lot in lots
            ]
        )

    async def ListSettlements(
        self, request: pb.ListSettlementsRequest, context: Any
    ) -> AsyncIterator[pb.ListSettlementsResponse]:
        async for reservation in self.reader.settled_reservations():
            yield pb.ListSettlementsResponse(reservation=messages.reservation(reservation))
        async for grant in self.reader.payment_grants():
            yield pb.ListSettlementsResponse(
                payment_grant=pb.PaymentGrant(
                    payment_id=grant.payment_id, account_id=grant.account_id, amount=grant.amount
                )
            )

    async def Verify(self, request: pb.VerifyRequest, context: Any) -> AsyncIterator[pb.VerifyResponse]:
        async for result in self.invariants.check():
            yield pb.VerifyResponse(
                invariant=result.invariant,
                description=result.description,
                checked=result.checked,
                violations=result.violations,
                examples=result.examples,
            )


def _settled(settled: Settled | None) -> dict[str, Any]:
    if settled is None:
        raise RuntimeError("a settlement without an event is never a repeated event")
    return {
        "reservation": messages.reservation(settled.reservation),
        "balance": messages.balance(settled.balance),
        "replayed": settled.replayed,
    }


def _category(number: int) -> Category:
    if number not in _CATEGORIES:
        raise errors.InvalidField("category", "is required")
    return _CATEGORIES[number]


def _kind(number: int) -> EntryKind:
    if number not in _KINDS:
        raise errors.InvalidField("kinds", f"{number} is not a kind of entry")
    return _KINDS[number]


def _before(page_token: str) -> int | None:
    if not page_token:
        return None
    if not (page_token.isascii() and page_token.isdigit() and len(page_token) < 19):
        raise errors.InvalidField("page_token", "is not from a page before")
    return int(page_token)
