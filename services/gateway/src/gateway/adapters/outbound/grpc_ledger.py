"""The ledger over gRPC."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime

import grpc
from chassis.timestamps import set_moment
from tintype.ledger.v1 import ledger_pb2 as pb
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

from gateway.adapters.outbound import ledger_messages as messages
from gateway.adapters.outbound import statement_messages
from gateway.adapters.outbound.grpc_ledger_admin import GrpcCorrections
from gateway.adapters.outbound.remote import READ_DEADLINE_S, remote_calls
from gateway.domain.credits import Balance, Entry, EntryFilter, OpenLots, PinnedLot, Reservation
from gateway.domain.errors import NotFound
from gateway.domain.identifiers import AccountId, GenerationId, ReservationId
from gateway.domain.page import Page
from gateway.domain.statement import StatementPart

# Seconds for a whole statement, however long it is and however slowly it is taken.
STATEMENT_DEADLINE_S = 600.0

_KINDS = {kind: number for number, kind in messages.KINDS.items()}


class GrpcLedger(GrpcCorrections):
    """Speaks to LedgerService; implements Ledger."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.LedgerServiceStub(channel)

    async def balance(self, account_id: AccountId) -> Balance:
        """See Ledger."""
        with remote_calls("ledger"):
            answer = await self._stub.GetBalance(
                pb.GetBalanceRequest(account_id=account_id), timeout=READ_DEADLINE_S
            )
        return replace(messages.balance(answer.balance), welcome_credits=answer.welcome_credits)

    async def welcome_credits(self) -> int:
        """See Ledger."""
        with remote_calls("ledger"):
            answer = await self._stub.GetWelcome(pb.GetWelcomeRequest(), timeout=READ_DEADLINE_S)
        return answer.credits

    async def entries(
        self, account_id: AccountId, which: EntryFilter, *, cursor: str | None, limit: int
    ) -> Page[Entry]:
        """See Ledger."""
        request = pb.ListEntriesRequest(
            account_id=account_id,
            kinds=[_KINDS[kind] for kind in which.kinds],
            page_size=limit,
            page_token=cursor or "",
        )
        set_moment(request, "from", which.since)
        set_moment(request, "to", which.until)
        with remote_calls("ledger"):
            answer = await self._stub.ListEntries(request, timeout=READ_DEADLINE_S)
        items = [messages.entry(entry) for entry in answer.entries]
        return Page(items=items, next_cursor=answer.next_page_token or None)

    async def statement(
        self, account_id: AccountId, since: datetime | None, until: datetime | None
    ) -> AsyncIterator[StatementPart]:
        """See Ledger."""
        request = pb.GetStatementRequest(account_id=account_id)
        set_moment(request, "from", since)
        set_moment(request, "to", until)
        with remote_calls("ledger"):
            async for message in self._stub.GetStatement(request, timeout=STATEMENT_DEADLINE_S):
                yield statement_messages.part(message, account_id)

    async def reservation(self, account_id: AccountId, generation_id: GenerationId) -> Reservation | None:
        """See Ledger."""
        try:
            with remote_calls("ledger"):
                answer = await self._stub.GetReservation(
                    pb.GetReservationRequest(reference=generation_id), timeout=READ_DEADLINE_S
                )
        except NotFound:
            return None
        found = messages.reservation(answer.reservation)
        return found if found.account_id == account_id else None

    async def reservation_lots(
        self, account_id: AccountId, reservation_id: ReservationId
    ) -> Sequence[PinnedLot]:
        """See Ledger."""
        request = pb.ListReservationLotsRequest(account_id=account_id, reservation_id=reservation_id)
        with remote_calls("ledger"):
            answer = await self._stub.ListReservationLots(request, timeout=READ_DEADLINE_S)
        return [messages.pinned_lot(lot) for lot in answer.lots]

    async def open_lots(self, account_id: AccountId) -> OpenLots:
        """See Ledger."""
        with remote_calls("ledger"):
            answer = await self._stub.ListLots(
                pb.ListLotsRequest(account_id=account_id), timeout=READ_DEADLINE_S
            )
        return OpenLots(lots=[messages.lot(lot) for lot in answer.lots], further=answer.further)
