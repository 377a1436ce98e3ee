"""How one command ends: decided by the rules, or recalled as it was decided before."""

from collections.abc import Mapping
from datetime import datetime

from ledger.application.command import Command, Outcome
from ledger.application.fingerprint import fingerprint, is_fingerprint_of
from ledger.domain.account import Account
from ledger.domain.errors import IdempotencyKeyReused, KeptRefusal, LedgerError
from ledger.domain.facts import BalanceLow
from ledger.domain.identifiers import MadeId, RequestId
from ledger.domain.occasion import Occasion
from ledger.domain.request import RecordedRequest, Refusal
from ledger.ports.id_source import IdSource
from ledger.ports.unit_of_work import WorkingSet


class DecideCommand:
    """Decides each request id once. `low_balance` is the number of credits below which BalanceLow is
    published; 0 for never."""

    def __init__(self, ids: IdSource, *, low_balance: int) -> None:
        self._ids = ids
        self._low_balance = low_balance

    def decide(
        self, command: Command, headers: Mapping[str, str], found: WorkingSet, now: datetime
    ) -> Outcome:
        """Change what was found as the command says. A refusal leaves the account as it was.

        `headers` travel with the facts that follow from it.
        """
        try:
            request_id = command.request_id
            if request_id is not None and (recorded := found.requests.get(request_id)) is not None:
                return _recalled(command, recorded, found, now)
            return self._decide_anew(command, headers, command.account(found), found, now)
        except LedgerError as refusal:
            return Outcome.refused(refusal)

    def _decide_anew(
        self,
        command: Command,
        headers: Mapping[str, str],
        account: Account,
        found: WorkingSet,
        now: datetime,
    ) -> Outcome:
        occasion = command.occasion(account, now, self._ids)
        before, facts = account.effective(now), len(account.facts)
        made_id: MadeId | None = None
        refusal: KeptRefusal | None = None
        try:
            made_id = command.decide(account, occasion)
        except KeptRefusal as kept:
            refusal = kept
        if command.request_id is not None:
            found.remember(_record(command.request_id, command, account, made_id, refusal, now))
        if made_id is None:
            return Outcome(None, account.balance(now), refusal=refusal)
        if before >= self._low_balance > account.effective(now):
            account.facts.append(_low(account, self._low_balance, occasion))
        for fact in account.facts[facts:]:
            fact.headers = headers
        return command.outcome(account, made_id, now=now, replayed=False)


def _record(
    request_id: RequestId,
    command: Command,
    account: Account,
    made_id: MadeId | None,
    refusal: KeptRefusal | None,
    now: datetime,
) -> RecordedRequest:
    return RecordedRequest(
        request_id,
        account.account_id,
        type(command).__name__,
        fingerprint(command),
        made_id,
        Refusal(refusal.reason, str(refusal), refusal.details) if refusal else None,
        now,
    )


def _recalled(command: Command, recorded: RecordedRequest, found: WorkingSet, now: datetime) -> Outcome:
    if not is_fingerprint_of(recorded.fingerprint, command):
        raise IdempotencyKeyReused(recorded.request_id)
    account = command.account(found)
    if recorded.made_id is None:
        refusal = recorded.refusal.as_error() if recorded.refusal is not None else None
        return Outcome(None, account.balance(now), replayed=True, refusal=refusal)
    return command.outcome(account, recorded.made_id, now=now, replayed=True)


def _low(account: Account, threshold: int, occasion: Occasion) -> BalanceLow:
    return BalanceLow(
        account_id=account.account_id,
        threshold=threshold,
        balance=account.balance(occasion.now),
        occurred_at=occasion.written_at,
    )
