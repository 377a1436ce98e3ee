"""Steps of many jobs in one transaction: looked at together, decided one by one, committed together."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any, Protocol

from chassis.grouping import WAITING_MAX, Groups, GroupsFull
from psycopg import errors
from sqlalchemy.exc import IntegrityError

from generation.domain.errors import StorageBusy, StorageUnavailable
from generation.domain.identifiers import AccountId
from generation.ports.needs import Needs
from generation.ports.unit_of_work import Done, UnitOfWork

# One of the group is held by somebody else: the others need not wait for that again.
_IN_THE_WAY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.QueryCanceled)
# Somebody else stored the same meanwhile: who looks again sees it.
LOOKS_MAX = 3


class _Away(Exception):
    """The database is, for everybody."""


@dataclass(frozen=True)
class Step:
    """What is to be done for one job, in the context of whoever asked: their trace goes with its facts."""

    do: Callable[[UnitOfWork], Awaitable[Any]]
    needs: Needs
    context: Context


class FarSeeing(UnitOfWork, Protocol):
    """A transaction that looks at what many steps need before it is asked."""

    async def look_at(self, needs: Sequence[Needs]) -> None:
        """Record events and lock jobs and attempts, each kind in one order."""
        ...


class SharedSteps:
    """`opened` opens a transaction that sees these accounts; with None, everybody's."""

    def __init__(
        self,
        opened: Callable[[Collection[AccountId] | None], AbstractAsyncContextManager[FarSeeing]],
        *,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._opened = opened
        self._groups: Groups[Step, Any] = Groups(self._together, outages=(_Away,), waiting_max=waiting_max)

    async def do(self, step: Callable[[UnitOfWork], Awaitable[Done]], needs: Needs) -> Done:
        """See UnitsOfWork.shared."""
        try:
            done: Done = await self._groups.ask(Step(step, needs, copy_context()))
        except GroupsFull as full:
            raise StorageBusy(str(full), retry_after_s=full.retry_after_s) from full
        except _Away as away:
            raise StorageUnavailable(str(away)) from away
        return done

    async def _together(self, steps: Sequence[Step]) -> Sequence[Any]:
        try:
            return await self._once(steps)
        except StorageUnavailable as away:
            cause = getattr(away.__cause__, "orig", None)
            if len(steps) > 1 and not isinstance(cause, _IN_THE_WAY):
                raise _Away(str(away)) from away
            raise

    async def _once(self, steps: Sequence[Step]) -> Sequence[Any]:
        for look in range(1, LOOKS_MAX + 1):
            try:
                async with self._opened(_seen_by(steps)) as work:
                    await work.look_at([step.needs for step in steps])
                    return [await self._one(step, work) for step in steps]
            except IntegrityError as clash:
                if len(steps) > 1 or look == LOOKS_MAX or not isinstance(clash.orig, errors.UniqueViolation):
                    raise
        raise AssertionError("the last look raises or returns")

    async def _one(self, step: Step, work: UnitOfWork) -> Any:
        async def done() -> Any:
            return await step.do(work)

        return await asyncio.get_running_loop().create_task(done(), context=step.context)


def _seen_by(steps: Sequence[Step]) -> Collection[AccountId] | None:
    accounts = {step.needs.account_id for step in steps}
    return None if None in accounts else {account for account in accounts if account is not None}
