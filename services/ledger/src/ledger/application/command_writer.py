"""The ledger's one writer a process: commands that wait together are committed together.

One fsync then serves hundreds of commands. Callers are answered only after the commit, so whoever heard
of an outcome can rely on it; whoever heard nothing asks again with the same request id.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextvars import Context

from ledger.application.bounds import BATCH_MAX
from ledger.application.command import Command, Outcome
from ledger.application.decide_command import DecideCommand
from ledger.application.group_commit import Answer, GroupCommit, Submission, aborted
from ledger.application.settle_reservation import SettleReservation
from ledger.domain.errors import LedgerError, LedgerUnavailable, Overloaded
from ledger.domain.identifiers import AccountId, EventId
from ledger.ports.clock import Clock
from ledger.ports.id_source import IdSource
from ledger.ports.meter import Meter, NoMeter
from ledger.ports.request_context import NoRequestContext, RequestContext
from ledger.ports.unit_of_work import UnitsOfWork

WAITING_MAX = 20_000
RETRY_AFTER_S = 0.2
# While more than this many wait, one batch is decided as another is being committed. Fewer go together:
# they are answered sooner by one transaction than by two.
SPREAD_ABOVE = 200
WRITERS_MAX = 3


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
        self._waiting_max = waiting_max
        self._meter = meter or NoMeter()
        self._context = context or NoRequestContext()
        self._together = GroupCommit(
            units,
            clock,
            DecideCommand(ids, low_balance=low_balance),
            meter=self._meter,
            context=self._context,
        )
        # Commands of one account wait in one queue, so that two transactions seldom want the same account.
        self._queues: tuple[deque[Submission], ...] = tuple(deque() for _ in range(WRITERS_MAX))
        self._waiting = 0
        self._writers: dict[int, asyncio.Task[None]] = {}

    async def apply(self, command: Command, *, event_id: EventId | None = None) -> Outcome | None:
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
        refused = {place: error for place, command in enumerate(commands) if (error := _invalid(command))}
        if refused and atomic:
            return [Outcome.refused(refused.get(place, aborted())) for place in range(len(commands))]
        if headers is None:
            headers = [self._context.headers()] * len(commands)
        good = [place for place in range(len(commands)) if place not in refused]
        kept, kept_headers = [commands[place] for place in good], [headers[place] for place in good]
        done = iter(await self._submit(kept, kept_headers, atomic=atomic) if kept else ())
        return [
            Outcome.refused(refused[place]) if place in refused else _require(next(done))
            for place in range(len(commands))
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
        event_id: EventId | None = None,
    ) -> Answer:
        if self._waiting + len(commands) > self._waiting_max:
            raise Overloaded(waiting=self._waiting, retry_after_s=RETRY_AFTER_S)
        self._waiting += len(commands)
        if atomic or self._waiting <= SPREAD_ABOVE:
            return await self._wait_in(0, Submission(commands, headers, atomic, event_id))
        places: dict[int, list[int]] = {}
        for place, command in enumerate(commands):
            if (account := self._account_known(command)) is None:
                return await self._wait_in(0, Submission(commands, headers, atomic, event_id))
            places.setdefault(hash(account) % WRITERS_MAX, []).append(place)
        if len(places) == 1:
            return await self._wait_in(next(iter(places)), Submission(commands, headers, atomic, event_id))
        parts = [
            self._wait_in(
                queue, Submission([commands[place] for place in part], [headers[place] for place in part])
            )
            for queue, part in places.items()
        ]
        outcomes: Answer = [None] * len(commands)
        for part, answered in zip(places.values(), await asyncio.gather(*parts), strict=True):
            for place, outcome in zip(part, answered, strict=True):
                outcomes[place] = outcome
        return outcomes

    def _account_known(self, command: Command) -> AccountId | None:
        """Return the account where it is known at once; without it a batch stays together, in its order."""
        if isinstance(command, SettleReservation):
            return self._units.known_owner(command.reservation_id)
        # What has no account can go with any.
        return getattr(command, "account_id", AccountId(""))

    async def _wait_in(self, queue: int, submission: Submission) -> Answer:
        self._queues[queue].append(submission)
        if queue not in self._writers:
            # Of no request: what one caller started also commits what others asked.
            self._writers[queue] = asyncio.create_task(self._drain(queue), context=Context())
        return await submission.answer

    async def _drain(self, queue: int) -> None:
        try:
            while self._queues[queue]:
                await self._answer(self._next_batch(self._queues[queue]))
                self._meter.waiting(self._waiting)
        finally:
            # With nothing awaited since the queue was seen empty: whoever comes now starts a new writer.
            del self._writers[queue]

    def _next_batch(self, queue: deque[Submission]) -> list[Submission]:
        """Take what waits, up to a full batch; an atomic submission has a transaction of its own."""
        batch = [queue.popleft()]
        size = len(batch[0].commands)
        while queue and not batch[-1].atomic and not queue[0].atomic:
            size += len(queue[0].commands)
            if size > BATCH_MAX:
                break
            batch.append(queue.popleft())
        self._waiting -= sum(len(submission.commands) for submission in batch)
        return batch

    async def _answer(self, batch: list[Submission]) -> None:
        try:
            outcomes = await self._together.apply(batch)
        except BaseException as failure:
            if len(batch) == 1 and (len(batch[0].commands) == 1 or batch[0].atomic):
                batch[0].fail(failure)
            elif isinstance(failure, LedgerUnavailable) or not isinstance(failure, Exception):
                for submission in batch:
                    submission.fail(failure)
            else:
                await self._answer_one_by_one(batch)
            if not isinstance(failure, Exception):
                raise
            return
        for submission, answer in zip(batch, outcomes, strict=True):
            submission.succeed(answer)

    async def _answer_one_by_one(self, batch: list[Submission]) -> None:
        """Keep what poisons a batch from harming the others in it."""
        for submission in batch:
            if len(submission.commands) == 1:
                await self._answer([submission])
                continue
            each = zip(submission.commands, submission.headers, strict=True)
            alone = [Submission([command], [headers]) for command, headers in each]
            for single in alone:
                await self._answer([single])
            submission.succeed([await _outcome_of(single) for single in alone])


def _invalid(command: Command) -> LedgerError | None:
    try:
        command.validate()
    except LedgerError as refusal:
        return refusal
    return None


def _require(outcome: Outcome | None) -> Outcome:
    if outcome is None:
        raise RuntimeError("only an event can have been handled before")
    return outcome


async def _outcome_of(single: Submission) -> Outcome | None:
    try:
        return (await single.answer)[0]
    except Exception as failure:  # noqa: BLE001 - whatever it is, the other commands have their outcomes
        return Outcome.refused(failure)
