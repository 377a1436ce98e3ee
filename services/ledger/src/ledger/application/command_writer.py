"""Group commit: commands that wait together are decided and committed in one transaction.

One fsync then serves hundreds of commands. Callers are answered only after the commit, so whoever heard
of an outcome can rely on it; whoever heard nothing asks again with the same request id.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime

from ledger.application.bounds import BATCH_MAX
from ledger.application.command import Command, Outcome
from ledger.application.settle_reservation import SettleReservation
from ledger.domain.account import Account
from ledger.domain.balance import Balance
from ledger.domain.errors import (
    AbortedWithBatch,
    KeptRefusal,
    LedgerError,
    LedgerUnavailable,
    Overloaded,
)
from ledger.domain.facts import BalanceLow
from ledger.domain.occasion import Occasion
from ledger.domain.request import RecordedRequest, Refusal
from ledger.ports.clock import Clock
from ledger.ports.id_source import IdSource
from ledger.ports.meter import Meter, NoMeter
from ledger.ports.request_context import NoRequestContext, RequestContext
from ledger.ports.unit_of_work import Conflict, Needs, UnitsOfWork, WorkingSet

WAITING_MAX = 20_000
RETRY_AFTER_S = 0.2
# While more than this many wait, one batch is decided as another is being committed. Fewer go together:
# they are answered sooner by one transaction than by two.
SPREAD_ABOVE = 200
WRITERS_MAX = 3
ATTEMPTS_MAX = 5
BACKOFF_S = 0.05


@dataclass(slots=True, eq=False)
class _Waiting:
    """Commands that were handed in together, the headers of each, and whoever waits for their outcomes."""

    commands: Sequence[Command]
    headers: Sequence[Mapping[str, str]]
    atomic: bool = False
    event_id: str | None = None
    answer: "asyncio.Future[list[Outcome | None]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class CommandWriter:
    """Applies commands, each once per request id.

    Several writers may run on one database: accounts are locked in the order of their ids. `low_balance`
    is the number of credits below which BalanceLow is published; 0 for never.
    """

    def __init__(
        self,
        units: UnitsOfWork,
        clock: Clock,
        ids: IdSource,
        *,
        low_balance: int = 0,
        waiting_max: int = WAITING_MAX,
        meter: Meter | None = None,
        context: RequestContext | None = None,
    ) -> None:
        self._units = units
        self._clock = clock
        self._ids = ids
        self._low_balance = low_balance
        self._waiting_max = waiting_max
        self._meter = meter or NoMeter()
        self._context = context or NoRequestContext()
        # Commands of one account wait in one queue, so that two transactions seldom want the same account.
        self._queues: tuple[deque[_Waiting], ...] = tuple(deque() for _ in range(WRITERS_MAX))
        self._waiting = 0
        self._writers: dict[int, asyncio.Task[None]] = {}

    async def apply(self, command: Command, *, event_id: str | None = None) -> Outcome | None:
        """Apply one command; None when the event that it follows from was handled before.

        Raises whatever the command is refused with, Overloaded, or LedgerUnavailable.
        """
        command.validate()
        headers = [self._context.headers()]
        outcome = (await self._submit([command], headers, event_id=event_id))[0]
        if outcome is not None and outcome.refusal is not None:
            raise outcome.refusal
        return outcome

    async def apply_batch(
        self,
        commands: Sequence[Command],
        *,
        atomic: bool = False,
        headers: Sequence[Mapping[str, str]] | None = None,
    ) -> list[Outcome]:
        """Apply commands, each account's in order; each has its own outcome, with `refusal` set when it
        was refused.

        `headers`, one a command, are for commands of several requests: what their facts take along.

        `atomic`: when one is refused none is done and no request id is used up; the others' refusal is
        AbortedWithBatch. Raises Overloaded or LedgerUnavailable for the batch as a whole.
        """
        refused = {place: error for place, one in enumerate(commands) if (error := _invalid(one))}
        if refused and atomic:
            return [_refused(refused.get(place, _aborted())) for place in range(len(commands))]
        if headers is None:
            headers = [self._context.headers()] * len(commands)
        if refused:
            kept = [place for place in range(len(commands)) if place not in refused]
            commands, headers = [commands[place] for place in kept], [headers[place] for place in kept]
        done = iter(await self._submit(commands, headers, atomic=atomic) if commands else ())
        return [
            _refused(refused[place]) if place in refused else _require(next(done))
            for place in range(len(commands) + len(refused))
        ]

    async def close(self) -> None:
        """Wait until everything that was handed in is answered."""
        while self._writers:
            await asyncio.wait(self._writers.values())

    async def _submit(
        self,
        commands: Sequence[Command],
        headers: Sequence[Mapping[str, str]],
        *,
        atomic: bool = False,
        event_id: str | None = None,
    ) -> list[Outcome | None]:
        if self._waiting + len(commands) > self._waiting_max:
            raise Overloaded(waiting=self._waiting, retry_after_s=RETRY_AFTER_S)
        self._waiting += len(commands)
        if atomic or self._waiting <= SPREAD_ABOVE:
            return await self._wait_in(0, _Waiting(commands, headers, atomic, event_id))
        places: dict[int, list[int]] = {}
        for place, command in enumerate(commands):
            if (account := self._account_known(command)) is None:
                return await self._wait_in(0, _Waiting(commands, headers, atomic, event_id))
            places.setdefault(hash(account) % WRITERS_MAX, []).append(place)
        if len(places) == 1:
            return await self._wait_in(next(iter(places)), _Waiting(commands, headers, atomic, event_id))
        parts = [
            self._wait_in(queue, _Waiting([commands[one] for one in part], [headers[one] for one in part]))
            for queue, part in places.items()
        ]
        outcomes: list[Outcome | None] = [None] * len(commands)
        for part, answered in zip(places.values(), await asyncio.gather(*parts), strict=True):
            for place, outcome in zip(part, answered, strict=True):
                outcomes[place] = outcome
        return outcomes

    def _account_known(self, command: Command) -> str | None:
        """Return the account where it is known at once; without it a batch stays together, in its order."""
        if isinstance(command, SettleReservation):
            return self._units.known_owner(command.reservation_id)
        return getattr(command, "account_id", "")

    async def _wait_in(self, queue: int, item: _Waiting) -> list[Outcome | None]:
        self._queues[queue].append(item)
        if queue not in self._writers:
            # Of no request: what one caller started also commits what others asked.
            self._writers[queue] = asyncio.create_task(self._drain(queue), context=Context())
        return await item.answer

    async def _drain(self, queue: int) -> None:
        try:
            while self._queues[queue]:
                await self._answer(self._next_batch(self._queues[queue]))
                self._meter.waiting(self._waiting)
        finally:
            # With nothing awaited since the queue was seen empty: whoever comes now starts a new writer.
            del self._writers[queue]

    def _next_batch(self, queue: deque[_Waiting]) -> list[_Waiting]:
        """Take what waits, up to a full batch; an atomic item has a transaction of its own."""
        batch = [queue.popleft()]
        size = len(batch[0].commands)
        while queue and not batch[-1].atomic and not queue[0].atomic:
            size += len(queue[0].commands)
            if size > BATCH_MAX:
                break
            batch.append(queue.popleft())
        self._waiting -= sum(len(item.commands) for item in batch)
        return batch

    async def _answer(self, batch: list[_Waiting]) -> None:
        try:
            outcomes = await self._commit_patiently(batch)
        except BaseException as failure:
            if len(batch) == 1 and (len(batch[0].commands) == 1 or batch[0].atomic):
                _fail(batch[0], failure)
            elif isinstance(failure, LedgerUnavailable) or not isinstance(failure, Exception):
                for item in batch:
                    _fail(item, failure)
            else:
                await self._answer_one_by_one(batch)
            if not isinstance(failure, Exception):
                raise
            return
        for item, answer in zip(batch, outcomes, strict=True):
            if not item.answer.done():
                item.answer.set_result(answer)

    async def _answer_one_by_one(self, batch: list[_Waiting]) -> None:
        """Keep what poisons a batch from harming the others in it."""
        for item in batch:
            if len(item.commands) == 1 or item.atomic:
                await self._answer([item])
                continue
            each = zip(item.commands, item.headers, strict=True)
            alone = [_Waiting([command], [headers]) for command, headers in each]
            for one in alone:
                await self._answer([one])
            answers = await asyncio.gather(*(one.answer for one in alone), return_exceptions=True)
            if not item.answer.done():
                item.answer.set_result([_outcome_of(answer) for answer in answers])

    async def _commit_patiently(self, batch: list[_Waiting]) -> list[list[Outcome | None]]:
        """Commit a batch, again when the store was away: what was committed after all is recalled."""
        for attempt in range(ATTEMPTS_MAX):
            try:
                return await self._commit(batch)
            except LedgerUnavailable:
                if attempt == ATTEMPTS_MAX - 1:
                    raise
            except Conflict:
                if attempt == ATTEMPTS_MAX - 1 or sum(len(item.commands) for item in batch) > 1:
                    raise
            await asyncio.sleep(BACKOFF_S * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    async def _commit(self, batch: list[_Waiting]) -> list[list[Outcome | None]]:
        started, now = time.perf_counter(), self._clock.now()
        needs = Needs()
        for item in batch:
            if item.event_id is not None:
                needs.events.add(item.event_id)
            for command in item.commands:
                if command.request_id:
                    needs.requests.add(command.request_id)
                command.tell_needs(needs, now)
        async with self._units.begin() as unit:
            found = await unit.load(needs)
            answers = [self._decide_together(item, found, now) for item in batch]
            if batch[0].atomic and any(one is None or one.refusal for one in answers[0]):
                return [_none_done(answers[0])]
            await unit.commit(found)
        self._measure(batch, answers, now, time.perf_counter() - started)
        return answers

    def _decide_together(self, item: _Waiting, found: WorkingSet, now: datetime) -> list[Outcome | None]:
        if item.event_id is not None and item.event_id in found.handled_events:
            return [None]
        answers = [
            self._decide(command, headers, found, now)
            for command, headers in zip(item.commands, item.headers, strict=True)
        ]
        # An event whose command could not be decided yet is delivered again.
        if item.event_id is not None and isinstance(answers[0].refusal, KeptRefusal | None):
            found.first_time(item.event_id)
        return list(answers)

    def _decide(
        self, command: Command, headers: Mapping[str, str], found: WorkingSet, now: datetime
    ) -> Outcome:
        """Decide one command, or recall how it was decided. A refusal leaves the account as it was."""
        try:
            if (recorded := found.requests.get(command.request_id)) is not None:
                return _recalled(command, recorded, found)
            return self._decide_anew(command, headers, command.account(found), found, now)
        except LedgerError as refusal:
            return _refused(refusal)

    def _decide_anew(
        self,
        command: Command,
        headers: Mapping[str, str],
        account: Account,
        found: WorkingSet,
        now: datetime,
    ) -> Outcome:
        occasion = Occasion(
            now=max(now, account.updated_at),
            asked_at=now,
            new_id=self._ids.new,
            transaction_id=self._ids.new("txn"),
            request_id=command.request_id,
            actor=command.actor,
            reason=command.reason,
            metadata=command.metadata,
        )
        before, facts = account.available, len(account.facts)
        made_id, refusal = "", None
        try:
            made_id = command.decide(account, occasion)
        except KeptRefusal as kept:
            refusal = kept
        if command.request_id:
            found.remember(_record(command, account, made_id, refusal, now))
        if refusal is not None:
            return Outcome("", account.balance(), refusal=refusal)
        if before >= self._low_balance > account.available:
            account.facts.append(_low(account, self._low_balance, occasion))
        for fact in account.facts[facts:]:
            fact.headers = headers
        return command.outcome(account, made_id, replayed=False)

    def _measure(
        self,
        batch: list[_Waiting],
        answers: list[list[Outcome | None]],
        now: datetime,
        duration_s: float,
    ) -> None:
        outcomes: Counter[tuple[str, str]] = Counter()
        for item, answer in zip(batch, answers, strict=True):
            for command, outcome in zip(item.commands, answer, strict=True):
                outcomes[type(command).__name__, _label(outcome)] += 1
                if outcome is not None and (held_s := _settled_after_s(outcome, now)) is not None:
                    self._meter.settled(held_s)
        commands = outcomes.total()
        self._meter.committed(commands=commands, duration_s=duration_s, outcomes=outcomes)
        # The commands of one request share its headers: it is told once.
        requests = {id(one): one for item in batch for one in item.headers if one}
        for headers in requests.values():
            self._context.committed(headers, commands=commands, duration_s=duration_s)


def _record(
    command: Command, account: Account, made_id: str, refusal: KeptRefusal | None, now: datetime
) -> RecordedRequest:
    return RecordedRequest(
        command.request_id,
        account.account_id,
        type(command).__name__,
        command.fingerprint(),
        None if refusal else made_id,
        Refusal(refusal.reason, str(refusal), refusal.details) if refusal else None,
        now,
    )


def _recalled(command: Command, recorded: RecordedRequest, found: WorkingSet) -> Outcome:
    recorded.require_same(command.fingerprint())
    account = command.account(found)
    if recorded.refusal is not None:
        return Outcome("", account.balance(), replayed=True, refusal=recorded.refusal.as_error())
    return command.outcome(account, recorded.made_id or "", replayed=True)


def _low(account: Account, threshold: int, occasion: Occasion) -> BalanceLow:
    return BalanceLow(
        account_id=account.account_id,
        threshold=threshold,
        balance=account.balance(),
        occurred_at=occasion.now,
    )


def _invalid(command: Command) -> LedgerError | None:
    try:
        command.validate()
    except LedgerError as refusal:
        return refusal
    return None


def _refused(refusal: Exception) -> Outcome:
    return Outcome("", Balance(""), refusal=refusal)


def _aborted() -> AbortedWithBatch:
    return AbortedWithBatch("another command of the batch was refused, so none was done")


def _none_done(answer: Sequence[Outcome | None]) -> list[Outcome | None]:
    return [_refused(one.refusal if one and one.refusal else _aborted()) for one in answer]


def _require(outcome: Outcome | None) -> Outcome:
    if outcome is None:
        raise RuntimeError("only an event can have been handled before")
    return outcome


def _outcome_of(answer: list[Outcome | None] | BaseException) -> Outcome | None:
    if isinstance(answer, Exception):
        return _refused(answer)
    if isinstance(answer, BaseException):
        raise answer
    return answer[0]


def _fail(item: _Waiting, failure: BaseException) -> None:
    if not item.answer.done():
        if isinstance(failure, asyncio.CancelledError):
            failure = LedgerUnavailable("the ledger is stopping")
        if isinstance(failure, Conflict):
            failure = LedgerUnavailable("other commands were in the way; try again")
        item.answer.set_exception(failure)


def _settled_after_s(outcome: Outcome, now: datetime) -> float | None:
    """Return how long the credits were held, when this very command settled them."""
    held = outcome.reservation
    if held is None or held.settled_at is None or outcome.replayed or held.settled_at < now:
        return None
    return (held.settled_at - held.created_at).total_seconds()


def _label(outcome: Outcome | None) -> str:
    if outcome is None:
        return "event_handled_before"
    if outcome.refusal is not None:
        return getattr(outcome.refusal, "reason", "ERROR")
    return "replayed" if outcome.replayed else "ok"
