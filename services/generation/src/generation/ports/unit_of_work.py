"""Transactions."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from generation.domain.attempt import Attempt
from generation.domain.events import AccountErased, Event
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import (
    AccountId,
    AttemptId,
    EventId,
    GenerationId,
    ModelId,
    OutputId,
    RunId,
)
from generation.domain.library_filter import LibraryFilter
from generation.domain.output import Output, Part
from generation.domain.usage import ModelUsage
from generation.ports.answers import Answers
from generation.ports.collections import Collections
from generation.ports.entitlements import EntitlementCopies
from generation.ports.erasures import Erasures
from generation.ports.needs import Needs
from generation.ports.shares import Shares
from generation.ports.uploads import AwaitedUploads, MediaUses, Uploads
from generation.ports.usage_log import UsageLog


class Discarded(NamedTuple):
    """A job that was deleted, and when its time to be restored is over."""

    purge_at: datetime
    generation_id: GenerationId


class Generations(Protocol):
    """Jobs. One account's transaction sees its own only."""

    async def add(self, generation: Generation) -> bool:
        """Store a new job; False, changing nothing, when its account used its key before."""
        ...

    async def save(self, generation: Generation) -> None:
        """Store the job as it is now; it was read with `lock` in this transaction."""
        ...

    async def get(self, generation_id: GenerationId) -> Generation | None:
        """Read one, deleted ones too."""
        ...

    async def lock(self, generation_id: GenerationId) -> Generation | None:
        """Read one that nobody else changes until the transaction ends."""
        ...

    async def lock_present(self, generation_ids: Collection[GenerationId]) -> Collection[GenerationId]:
        """Return those of these that are there and not deleted; they stay so until the transaction ends."""
        ...

    async def with_key(self, account_id: AccountId, idempotency_key: str) -> Generation | None:
        """Return the job that was created under this key."""
        ...

    async def page(
        self,
        account_id: AccountId,
        *,
        wanted: LibraryFilter,
        before: GenerationId | None,
        limit: int,
    ) -> Sequence[Generation]:
        """Return those that `wanted` admits, newest first, older than `before` and not deleted."""
        ...

    async def usage(self, account_id: AccountId, *, bounds: Sequence[datetime]) -> Sequence[ModelUsage]:
        """Sum what was charged to this account, by period and then by model, deleted jobs too.

        Period n is from `bounds[n]` up to, and without, `bounds[n + 1]`; a job counts when it ended.
        """
        ...

    async def advance(self, generation_id: GenerationId, *, progress: float) -> bool:
        """Record progress; False, changing nothing, for a step backwards or a job that is not running."""
        ...

    async def stand(self, generation_id: GenerationId, *, provider_place: int | None) -> None:
        """Record a running job's place at its provider's; nothing happens to one that does not run."""
        ...

    async def reserving(self, *, created_before: datetime, limit: int) -> Sequence[Generation]:
        """Return jobs still waiting for the ledger's answer, oldest first."""
        ...

    async def overdue(
        self, status: Status, *, before: datetime, after: GenerationId | None, limit: int
    ) -> Sequence[GenerationId]:
        """Return jobs of this status whose deadline was before that moment, in order of id."""
        ...

    async def settled(self, *, after: GenerationId | None, limit: int) -> Sequence[Generation]:
        """Return ended jobs that reserved credits, oldest first, deleted ones too."""
        ...

    async def first_queued(self, *, limit: int) -> Sequence[GenerationId]:
        """Return the jobs that have waited longest for a worker, in order of id."""
        ...

    async def durations_s(
        self, models: Collection[ModelId], *, since: datetime, limit: int
    ) -> Mapping[ModelId, Sequence[float]]:
        """Return how many seconds each model's newest jobs took, of those that succeeded `since`."""
        ...

    async def expiring(
        self, *, by: datetime, after: GenerationId | None, limit: int
    ) -> Sequence[GenerationId]:
        """Return jobs whose outputs were kept for as long as was promised by then, in order of id."""
        ...

    async def discarded(self, *, by: datetime, after: Discarded | None, limit: int) -> Sequence[Discarded]:
        """Return deleted jobs whose time to be restored was over by then, those first that were first."""
        ...


class Attempts(Protocol):
    """Tries, and the leases on them."""

    async def add(self, attempt: Attempt) -> None:
        """Store a new attempt."""
        ...

    async def save(self, attempt: Attempt) -> None:
        """Store how an attempt ended, what it came to and its run id; its lease stays as it is."""
        ...

    async def leased(self, attempt_id: AttemptId, *, worker: str) -> Attempt | None:
        """Return the attempt, locked, if it is still running and this worker's."""
        ...

    async def running(self, generation_id: GenerationId) -> Attempt | None:
        """Return the attempt of a job that has not ended, locked; whoever has it."""
        ...

    async def of(self, generation_id: GenerationId) -> Sequence[Attempt]:
        """Return a job's attempts, oldest first."""
        ...

    async def of_run(self, provider: str, run_id: RunId) -> Attempt | None:
        """Return the latest attempt that a provider's run belongs to, ended or not; it is not locked."""
        ...

    async def renew(
        self, attempts: Collection[AttemptId], *, worker: str, lease_until: datetime
    ) -> Mapping[AttemptId, bool]:
        """Extend the leases that this worker still has; return for each whether a cancel was asked for."""
        ...

    async def lock_due(
        self, *, now: datetime, excluding: Collection[AttemptId], limit: int
    ) -> Sequence[Attempt]:
        """Return running attempts whose lease ran out, longest ago first, locked; skip what others lock."""
        ...

    async def living(self, workers: Collection[str]) -> Collection[str]:
        """Return those of these workers whose process is there, whether or not it gets on."""
        ...

    async def lease(self, attempt: Attempt) -> None:
        """Store who has a locked attempt, of which provider, until when, and what that cost it."""
        ...

    async def release(self, *, worker: str, now: datetime) -> None:
        """Put down what this worker has, so that another may take over at once."""
        ...


class Outputs(Protocol):
    """Stored files: those alone that are still there, but for `remove`."""

    async def add(self, outputs: Sequence[Output]) -> None:
        """Store new outputs, with the bytes of those that are inline; what is read later has none."""
        ...

    async def of(self, generations: Collection[GenerationId]) -> Sequence[Output]:
        """Return the outputs of these jobs, in order of position."""
        ...

    async def with_ids(self, output_ids: Collection[OutputId]) -> Sequence[Output]:
        """Return those of these that are there, whosever they are where the system asks."""
        ...

    async def text(self, output_id: OutputId, part: Part) -> bytes | None:
        """Return what is kept beside an output; None where nothing is."""
        ...

    async def remove(self, generation_id: GenerationId) -> Sequence[Output]:
        """Forget a job's outputs, inline bytes included, and return them."""
        ...

    async def expire(self, generation_id: GenerationId, *, now: datetime) -> Sequence[Output]:
        """Have a job's outputs found by nobody any more, but keep what is known of them; return them.

        Inline bytes are forgotten.
        """
        ...


class Deletions(Protocol):
    """Objects to remove from the store. A key is queued before its object is written and taken off
    in the transaction that makes the object an output: a crash in between leaves nothing behind."""

    async def schedule(self, keys: Collection[str], *, due_at: datetime) -> None:
        """Queue keys; a queued one gets the new time."""
        ...

    async def forget(self, keys: Collection[str]) -> None:
        """Take keys off."""
        ...

    async def claim_due(self, *, now: datetime, again_at: datetime, limit: int) -> Sequence[str]:
        """Return keys that are due; each is due again at `again_at` unless it is taken off.

        What an open job was given (MediaUses) is not due before that job has ended.
        """
        ...


class UnitOfWork(Protocol):
    """One transaction: what happened in it is kept whole or not at all."""

    @property
    def generations(self) -> Generations: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def outputs(self) -> Outputs: ...
    @property
    def deletions(self) -> Deletions: ...
    @property
    def answers(self) -> Answers: ...
    @property
    def shares(self) -> Shares: ...
    @property
    def entitlements(self) -> EntitlementCopies: ...
    @property
    def collections(self) -> Collections: ...
    @property
    def usage_log(self) -> UsageLog: ...
    @property
    def uploads(self) -> Uploads: ...
    @property
    def awaited_uploads(self) -> AwaitedUploads: ...

    @property
    def erasures(self) -> Erasures: ...
    @property
    def media_uses(self) -> MediaUses: ...

    async def publish(self, event: Event | AccountErased) -> None:
        """Publish once the transaction is kept."""
        ...

    async def first_time(self, event_id: EventId) -> bool:
        """Record a received event; return False when it was recorded before."""
        ...


Done = TypeVar("Done")


class UnitsOfWork(Protocol):
    """Opens transactions: leaving one keeps what happened in it, an exception undoes it.

    Raises StorageUnavailable when the database is away, or gave up on a lock.
    """

    def of(self, account_id: AccountId) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction that sees and changes this account's rows only."""
        ...

    def of_system(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction that sees every account: for workers and reconciliation."""
        ...

    async def shared(self, step: Callable[[UnitOfWork], Awaitable[Done]], needs: Needs) -> Done:
        """Do a step in a transaction that others' steps may share, and that sees the accounts that they need.

        Return what it returned, once that is kept. A step that raises undoes itself alone. It may be done
        more than once, the last time alone, and whatever was done before is undone: it has no effect besides.
        Raises StorageBusy when too many wait: the step was not done then.
        """
        ...
