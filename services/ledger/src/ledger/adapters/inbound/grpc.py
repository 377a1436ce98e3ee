"""LedgerService over gRPC: parse, call the use case, render."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.grpc_server import CALLER
from chassis.telemetry import trace_headers
from tintype.ledger.v1 import ledger_pb2 as pb
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

from ledger.adapters import messages
from ledger.adapters.inbound import grpc_commands as commands
from ledger.adapters.inbound.grpc_commands import ERRORS, reservation_and_balance
from ledger.adapters.inbound.grpc_statements import get_statement
from ledger.adapters.inbound.grpc_stream import answer_stream
from ledger.application.bounds import BATCH_MAX
from ledger.application.command import Command, Outcome
from ledger.application.command_writer import CommandWriter
from ledger.application.list_entries import ListEntriesHandler
from ledger.application.list_lots import ListLotsHandler
from ledger.application.list_reservation_lots import ListReservationLotsHandler
from ledger.application.preview_reservation import PreviewReservationHandler
from ledger.application.read_balance import ReadBalanceHandler
from ledger.application.read_reservation import ReadReservationHandler
from ledger.application.read_statement import ReadStatementHandler
from ledger.application.verify_ledger import VerifyLedgerHandler
from ledger.domain import errors
from ledger.domain.entry import EntryKind
from ledger.domain.identifiers import AccountId, ReservationId
from ledger.domain.occasion import NO_METADATA
from ledger.ports.ledger_reader import EntryFilter, LedgerReader

__all__ = ["ALLOWED", "ERRORS", "LedgerServicer"]

_SERVICE = "/tintype.ledger.v1.LedgerService/"
# Who may send which command, by its own method, in a batch or on a stream.
COMMANDS = {
    "grant": frozenset({"billing"}),
    "reserve": frozenset({"generation"}),
    "charge": frozenset({"generation"}),
    "refund": frozenset({"generation"}),
    "extend": frozenset({"generation"}),
    "clawback": frozenset({"billing"}),
    "adjust": frozenset({"gateway"}),
}
ALLOWED = {
    _SERVICE + method: frozenset(callers)
    for method, callers in {
        **{kind.capitalize(): callers for kind, callers in COMMANDS.items()},
        "ApplyBatch": ["generation", "billing"],
        "ApplyStream": ["generation", "billing"],
        "GetReservation": ["generation", "gateway"],
        "GetBalance": ["gateway"],
        "GetWelcome": ["gateway"],
        "GetStatement": ["gateway"],
        "ListEntries": ["gateway"],
        "ListReservationLots": ["gateway"],
        "ListLots": ["gateway"],
        "ListSettlements": ["auditor"],
        "ListPlanGrants": ["auditor"],
        "Verify": ["auditor"],
    }.items()
}

_KINDS: dict[int, EntryKind] = {number: kind for kind, number in messages.KINDS.items()}


@dataclass(frozen=True, kw_only=True)
class LedgerServicer(rpc.LedgerServiceServicer):
    """Answers LedgerService by the use cases."""

    writer: CommandWriter
    preview: PreviewReservationHandler
    read_balance: ReadBalanceHandler
    read_reservation: ReadReservationHandler
    read_statement: ReadStatementHandler
    list_entries: ListEntriesHandler
    list_reservation_lots: ListReservationLotsHandler
    list_lots: ListLotsHandler
    reader: LedgerReader
    verify: VerifyLedgerHandler
    welcome_credits: int = 0

    async def Grant(self, request: pb.GrantRequest, context: Any) -> pb.GrantResponse:
        outcome = await self._apply(commands.to_grant(request))
        return pb.GrantResponse(
            grant_id=outcome.made_id or "",
            balance=messages.balance(outcome.balance),
            replayed=outcome.replayed,
        )

    async def Reserve(self, request: pb.ReserveRequest, context: Any) -> pb.ReserveResponse:
        command = commands.to_reserve(request)
        outcome = await (self.preview(command) if request.dry_run else self._apply(command))
        return pb.ReserveResponse(**reservation_and_balance(outcome))

    async def Charge(self, request: pb.ChargeRequest, context: Any) -> pb.ChargeResponse:
        outcome = await self._apply(commands.to_charge(request))
        return pb.ChargeResponse(**reservation_and_balance(outcome))

    async def Refund(self, request: pb.RefundRequest, context: Any) -> pb.RefundResponse:
        outcome = await self._apply(commands.to_refund(request))
        return pb.RefundResponse(**reservation_and_balance(outcome))

    async def Extend(self, request: pb.ExtendRequest, context: Any) -> pb.ExtendResponse:
        outcome = await self._apply(commands.to_extend(request))
        return pb.ExtendResponse(**reservation_and_balance(outcome))

    async def Clawback(self, request: pb.ClawbackRequest, context: Any) -> pb.ClawbackResponse:
        outcome = await self._apply(commands.to_clawback(request))
        return pb.ClawbackResponse(
            taken=outcome.taken, balance=messages.balance(outcome.balance), replayed=outcome.replayed
        )

    async def Adjust(self, request: pb.AdjustRequest, context: Any) -> pb.AdjustResponse:
        outcome = await self._apply(commands.to_adjust(request))
        return pb.AdjustResponse(
            grant_id=outcome.made_id or "" if request.amount > 0 else "",
            balance=messages.balance(outcome.balance),
            replayed=outcome.replayed,
        )

    async def ApplyBatch(self, request: pb.ApplyBatchRequest, context: Any) -> pb.ApplyBatchResponse:
        return pb.ApplyBatchResponse(
            outcomes=await self._apply_batch(request.commands, atomic=request.atomic)
        )

    async def ApplyStream(
        self, requests: AsyncIterator[pb.ApplyStreamRequest], context: Any
    ) -> AsyncIterator[pb.ApplyStreamResponse]:
        async for response in answer_stream(requests, self._answer):
            yield response

    async def _answer(self, request: pb.ApplyStreamRequest) -> pb.ApplyStreamResponse:
        try:
            outcomes = await self._apply_batch(request.commands, atomic=request.atomic)
        except errors.LedgerError as refusal:
            retry_after_s = getattr(refusal, "retry_after_s", 0.0)
            return pb.ApplyStreamResponse(
                batch=request.batch,
                error=commands.to_error(refusal),
                retry_after_ms=int(retry_after_s * 1000),
            )
        return pb.ApplyStreamResponse(batch=request.batch, outcomes=outcomes)

    async def _apply(self, command: Command) -> Outcome:
        outcome = await self.writer.apply(command)
        if outcome is None:
            raise RuntimeError("a command without an event is never a repeated event")
        return outcome

    async def _apply_batch(self, sent: Sequence[pb.Command], *, atomic: bool) -> list[pb.CommandOutcome]:
        if not 1 <= len(sent) <= BATCH_MAX:
            raise errors.InvalidField("commands", f"must be 1 to {BATCH_MAX}, not {len(sent)}")
        self._admit(sent)
        headers = [
            trace_headers({"traceparent": command.traceparent}) if command.traceparent else NO_METADATA
            for command in sent
        ]
        outcomes = await self.writer.apply_batch(
            [commands.to_command_or_refusal(command) for command in sent],
            atomic=atomic,
            headers=headers if any(headers) else None,
        )
        return [commands.to_outcome(outcome) for outcome in outcomes]

    def _admit(self, sent: Sequence[pb.Command]) -> None:
        caller = CALLER.get()
        for kind in {command.WhichOneof("command") for command in sent}:
            if kind is not None and caller not in COMMANDS[kind]:
                raise errors.CommandNotAllowed(f"{caller} may not send the command {kind}")

    async def GetReservation(
        self, request: pb.GetReservationRequest, context: Any
    ) -> pb.GetReservationResponse:
        found = await self.read_reservation(
            reservation_id=ReservationId(request.reservation_id) if request.reservation_id else None,
            reference=request.reference or None,
        )
        return pb.GetReservationResponse(reservation=messages.reservation(found))

    async def GetBalance(self, request: pb.GetBalanceRequest, context: Any) -> pb.GetBalanceResponse:
        as_of = messages.moment_of(request, "as_of")
        balance = await self.read_balance(AccountId(request.account_id), as_of=as_of)
        return pb.GetBalanceResponse(balance=messages.balance(balance), welcome_credits=self.welcome_credits)

    async def GetWelcome(self, request: pb.GetWelcomeRequest, context: Any) -> pb.GetWelcomeResponse:
        return pb.GetWelcomeResponse(credits=self.welcome_credits)

    async def GetStatement(
        self, request: pb.GetStatementRequest, context: Any
    ) -> AsyncIterator[pb.GetStatementResponse]:
        async for part in get_statement(self.read_statement, request):
            yield part

    async def ListEntries(self, request: pb.ListEntriesRequest, context: Any) -> pb.ListEntriesResponse:
        page = await self.list_entries(
            AccountId(request.account_id),
            EntryFilter(
                kinds=[_kind(number) for number in request.kinds],
                since=messages.moment_of(request, "from"),
                until=messages.moment_of(request, "to"),
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
        lots = await self.list_reservation_lots(
            AccountId(request.account_id), ReservationId(request.reservation_id)
        )
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

    async def ListLots(self, request: pb.ListLotsRequest, context: Any) -> pb.ListLotsResponse:
        found = await self.list_lots(AccountId(request.account_id))
        return pb.ListLotsResponse(lots=[messages.lot(lot) for lot in found.lots], further=found.further)

    async def ListSettlements(
        self, request: pb.ListSettlementsRequest, context: Any
    ) -> AsyncIterator[pb.ListSettlementsResponse]:
        async for reservation in self.reader.settled_reservations():
            yield pb.ListSettlementsResponse(reservation=messages.reservation(reservation))
        async for grant in self.reader.payment_grants():
            yield pb.ListSettlementsResponse(
                payment_grant=pb.PaymentGrant(
                    payment_id=grant.payment_id,
                    account_id=grant.account_id,
                    amount=grant.amount,
                    taken_back=grant.taken_back,
                )
            )

    async def ListPlanGrants(
        self, request: pb.ListPlanGrantsRequest, context: Any
    ) -> AsyncIterator[pb.ListPlanGrantsResponse]:
        async for grant in self.reader.plan_grants():
            yield pb.ListPlanGrantsResponse(
                grant=pb.PlanGrant(
                    subscription_id=grant.subscription_id,
                    account_id=grant.account_id,
                    amount=grant.amount,
                    starts_at=messages.timestamp(grant.starts_at),
                    ends_at=messages.timestamp(grant.ends_at),
                )
            )

    async def Verify(self, request: pb.VerifyRequest, context: Any) -> AsyncIterator[pb.VerifyResponse]:
        async for result in self.verify():
            yield pb.VerifyResponse(
                invariant=result.invariant,
                description=result.description,
                checked=result.checked,
                violations=result.violations,
                examples=result.examples,
            )


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
