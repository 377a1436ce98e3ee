"""Use case: tell of credits that expire soon, once a grant."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.application.command import Command
from ledger.application.command_writer import CommandWriter
from ledger.application.expire_lots import Expired
from ledger.domain.account import Account
from ledger.domain.facts import CreditsExpiring
from ledger.domain.identifiers import AccountId, GrantId, RequestId
from ledger.domain.occasion import Occasion
from ledger.ports.clock import Clock
from ledger.ports.ledger_reader import LedgerReader
from ledger.ports.unit_of_work import Needs, WorkingSet

BATCH_MAX = 200


@dataclass(kw_only=True, slots=True)
class TellExpiring(Command):
    """Tell what is left of a lot. Its request is kept as every request is: that is why it is told once."""

    kind = "tell_expiring"
    asked = (*Command.asked, "account_id", "grant_id")

    account_id: AccountId
    grant_id: GrantId

    def tell_needs(self, needs: Needs, now: datetime) -> None:
        """Add the account."""
        needs.accounts.add(self.account_id)

    def account(self, found: WorkingSet) -> Account:
        """Return the account."""
        return found.account(self.account_id)

    def decide(self, account: Account, occasion: Occasion) -> AccountId:
        """Tell it, unless it was spent or has expired meanwhile; no credits move."""
        lot = account.lots.get(self.grant_id)
        if lot is not None and lot.expires_at is not None and lot.is_spendable(occasion.now):
            account.facts.append(
                CreditsExpiring(
                    account_id=self.account_id,
                    grant_id=self.grant_id,
                    amount=lot.remaining,
                    expires_at=lot.expires_at,
                    balance=account.balance(occasion.now),
                    occurred_at=occasion.written_at,
                )
            )
        return self.account_id


@dataclass(frozen=True)
class TellExpiringHandler:
    """Several may run: a request id is decided once, whoever sends it."""

    writer: CommandWriter
    reader: LedgerReader
    clock: Clock
    # How long before; None: never.
    notice: timedelta | None

    async def __call__(self) -> Expired:
        """Tell of one batch of lots, those that expire first; return how many, and why some were not told."""
        if self.notice is None:
            return Expired(accounts=0)
        due = await self.reader.lots_expiring_untold(self.clock.now(), self.notice, BATCH_MAX)
        commands = [
            TellExpiring(
                request_id=expiring_request(lot.grant_id), account_id=lot.account_id, grant_id=lot.grant_id
            )
            for lot in due
        ]
        outcomes = await self.writer.apply_batch(commands) if commands else []
        failures = tuple(
            f"{lot.grant_id}: {outcome.refusal!r}"
            for lot, outcome in zip(due, outcomes, strict=True)
            if outcome.refusal is not None
        )
        return Expired(accounts=len(due), failures=failures)


def expiring_request(grant_id: GrantId) -> RequestId:
    """Return the request under which a grant's end is told."""
    return RequestId(f"expiring:{grant_id}")
