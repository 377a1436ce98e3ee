"""One transaction for many commands: they are decided in their order, committed, and only then answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ledger.application.command import Command, Outcome
from ledger.application.decide_command import DecideCommand
from ledger.domain.errors import AbortedWithBatch, KeptRefusal, LedgerUnavailable
from ledger.domain.identifiers import EventId
from ledger.ports.clock import Clock
from ledger.ports.meter import Meter
from ledger.ports.request_context import RequestContext
from ledger.ports.unit_of_work import Conflict, Needs, UnitsOfWork, WorkingSet

ATTEMPTS_MAX = 5
# A second attempt recalls what another writer committed first.
TOGETHER_MAX = 2
BACKOFF_S = 0.05

Answer = list[Outcome | None]


@dataclass(slots=True, eq=False)
class Submission:
    """Commands that were handed in together, the headers of each, and whoever waits for their outcomes.

    `event_id` names the event that its one command follows from; its outcome is None when that event was
    handled before.
    """

    commands: Sequence[Command]
    headers: Sequence[Mapping[str, str]]
    atomic: bool = False
    event_id: EventId | None = None
    answer: "asyncio.Future[Answer]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def succeed(self, answer: Answer) -> None:
        """Answer whoever still waits."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, failure: BaseException) -> None:
        """Tell whoever still waits why there is no answer."""
        if isinstance(failure, asyncio.CancelledError):
            failure = LedgerUnavailable("the ledger is stopping")
        if isinstance(failure, Conflict):
            failure = LedgerUnavailable("other commands were in the way; try again")
        if not self.answer.done():
            self.answer.set_exception(failure)


class GroupCommit:
    """Applies submissions in one transaction. An atomic one comes alone."""

    def __init__(
        self,
        units: UnitsOfWork,
        clock: Clock,
        decider: DecideCommand,
        *,
        meter: Meter,
        context: RequestContext,
    ) -> None:
        self._units = units
        self._clock = clock
        self._decider = decider
        self._meter = meter
        self._context = context

    async def apply(self, batch: Sequence[Submission]) -> list[Answer]:
        """Commit a batch, again when the store was away: what was committed after all is recalled.

        Raises LedgerUnavailable, or Conflict: soon for several commands, which may do better alone.
        """
        is_single = sum(len(submission.commands) for submission in batch) == 1
        for attempt in range(ATTEMPTS_MAX):
            try:
                return await self._commit(batch)
            except LedgerUnavailable:
                if attempt == ATTEMPTS_MAX - 1:
                    raise
            except Conflict:
                if attempt == (ATTEMPTS_MAX if is_single else TOGETHER_MAX) - 1:
                    raise
            await asyncio.sleep(BACKOFF_S * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    async def _commit(self, batch: Sequence[Submission]) -> list[Answer]:
        started, now = time.perf_counter(), self._clock.now()
        async with self._units.of_system() as work:
            found = await work.load(_needs(batch, now))
            answers = [self._decide(submission, found, now) for submission in batch]
            if batch[0].atomic and any(outcome is None or outcome.refusal for outcome in answers[0]):
                # Nothing is saved, so nothing was done, and no account was opened.
                return [_none_done(answers[0])]
            await work.save(found)
        self._measure(batch, answers, now, time.perf_counter() - started)
        return answers

    def _decide(self, submission: Submission, found: WorkingSet, now: datetime) -> Answer:
        if submission.event_id in found.handled_events:
            return [None]
        answers = [
            self._decider.decide(command, headers, found, now)
            for command, headers in zip(submission.commands, submission.headers, strict=True)
        ]
        # An event whose command could not be decided yet is delivered again.
        if submission.event_id is not None and isinstance(answers[0].refusal, KeptRefusal | None):
            found.first_time(submission.event_id)
        return list(answers)

    def _measure(
        self, batch: Sequence[Submission], answers: list[Answer], now: datetime, duration_s: float
    ) -> None:
        outcomes: Counter[tuple[str, str]] = Counter()
        for submission, answer in zip(batch, answers, strict=True):
            for command, outcome in zip(submission.commands, answer, strict=True):
                outcomes[type(command).__name__, _label(outcome)] += 1
                if outcome is not None and (held_s := _settled_after_s(outcome, now)) is not None:
                    self._meter.settled(held_s)
        commands = outcomes.total()
        self._meter.committed(commands=commands, duration_s=duration_s, outcomes=outcomes)
        # The commands of one request share its headers: it is told once.
        requests = {id(headers): headers for submission in batch for headers in submission.headers if headers}
        for headers in requests.values():
            self._context.committed(headers, commands=commands, duration_s=duration_s)


def aborted() -> AbortedWithBatch:
    """Return the refusal of what was not done because something else of its atomic batch was refused."""
    return AbortedWithBatch("another command of the batch was refused, so none was done")


def _none_done(answer: Answer) -> Answer:
    return [
        Outcome.refused(outcome.refusal if outcome and outcome.refusal else aborted()) for outcome in answer
    ]


def _needs(batch: Sequence[Submission], now: datetime) -> Needs:
    needs = Needs()
    for submission in batch:
        if submission.event_id is not None:
            needs.events.add(submission.event_id)
        for command in submission.commands:
            if command.request_id is not None:
                needs.requests.add(command.request_id)
            command.tell_needs(needs, now)
    return needs


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
