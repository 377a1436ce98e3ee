"""The end of an account, over memory and PostgreSQL: whatever dies meanwhile, nothing of it is left."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from generation.adapters.outbound.memory_meter import MemoryMeter
from generation.application.begin_erasure import BeginErasureHandler
from generation.application.cancel_generation import CancelGenerationHandler
from generation.application.carry_on_erasures import CarryOnErasuresHandler
from generation.application.standing_account import require_standing
from generation.domain.attempt import Outcome
from generation.domain.collection import Collection
from generation.domain.entitlements import Entitlements
from generation.domain.errors import AccountGone
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import AccountId, CollectionId, EventId, RunId, ShareId
from generation.domain.input_media import UsedMedia
from generation.domain.key_use import KeyUse
from generation.domain.output import Part
from generation.domain.share import Share
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork
from generation_house import HandClock
from generation_rows import ALICE, BOB, LATER, NOW, attempt, job, output, running, text_output, upload

ENDED = 7


class KilledError(RuntimeError):
    """In place of a process that is killed."""


class DyingUnits:
    """Dies in one of its transactions: before what was done in it is kept, or right after."""

    def __init__(self, units: UnitsOfWork, *, at: int, after: bool) -> None:
        self._units, self._at, self._after, self.opened = units, at, after, 0

    def of(self, account_id: AccountId) -> AbstractAsyncContextManager[UnitOfWork]:
        """See UnitsOfWork."""
        return self._open(self._units.of(account_id))

    def of_system(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """See UnitsOfWork."""
        return self._open(self._units.of_system())

    @asynccontextmanager
    async def _open(self, opening: AbstractAsyncContextManager[UnitOfWork]) -> AsyncIterator[UnitOfWork]:
        self.opened += 1
        dies = self.opened >= self._at
        async with opening as work:
            yield work
            if dies and not self._after:
                raise KilledError
        if dies:
            raise KilledError


def carrying_on(units: UnitsOfWork) -> CarryOnErasuresHandler:
    """What erases, two rows at a time."""
    clock = HandClock()
    return CarryOnErasuresHandler(
        units, CancelGenerationHandler(units, clock, MemoryMeter()), clock, batch_rows=2
    )


async def begun(units: UnitsOfWork, account: AccountId = ALICE, event: str = "evt_gone") -> bool:
    """Hear that an account is erased."""
    return await BeginErasureHandler(units, HandClock())(account, EventId(event))


def ended(number: int, **changes: Any) -> Generation:
    """A job that is over, with everything that a person can have written into one."""
    plain = running(number, key=KeyUse("key_1", "My shop", 50), is_favourite=True)  # type: ignore[arg-type]
    failure = Failure("REFUSED", "no füchse 🦊")
    return replace(plain, status=Status.FAILED, failure=failure, finished_at=LATER, **changes)


async def filled(units: UnitsOfWork) -> None:
    """Alice has some of everything, and Bob one job with a file."""
    async with units.of_system() as work:
        for number in range(1, ENDED + 1):
            await work.generations.add(ended(number))
            failed = attempt(number).ended(Outcome.FAILED, now=LATER, failure=Failure("REFUSED", "no füchse"))
            await work.attempts.add(replace(failed, run_id=RunId(f"run_{number}")))
            await work.outputs.add([output(number), output(number, 1), text_output(number, 2, answer=b"{}")])
            await work.shares.add(share(number))
        for number in (1, 2, 3):
            await work.uploads.add(upload(number))
        await work.media_uses.add([used(1), used(2)])
        named = Collection.opened(CollectionId("col_1"), ALICE, name="Füchse", now=NOW)
        await work.collections.add(named)
        await work.collections.put(named, [job(1).generation_id, job(2).generation_id])
        await work.entitlements.keep(
            Entitlements(account_id=ALICE, words=("premium",), valid_until=LATER, revision=1)
        )
        await work.generations.add(ended(90, account_id=BOB, idempotency_key="bobs"))
        await work.outputs.add([replace(output(90), account_id=BOB), text_output(90, 1, account_id=BOB)])


def share(number: int) -> Share:
    """A link to a job."""
    return Share(
        share_id=ShareId(f"shr_{number:032x}"),
        generation_id=job(number).generation_id,
        account_id=ALICE,
        token_hash=f"{number:064x}",
        shows_prompt=True,
        created_at=NOW,
        expires_at=LATER,
    )


def used(number: int) -> UsedMedia:
    """A picture that a job was given."""
    picture = upload(number)
    return UsedMedia(
        generation_id=job(number).generation_id,
        media_id=picture.upload_id,
        account_id=ALICE,
        object_key=picture.object_key,
        media_type=picture.media_type,
        size_bytes=picture.size_bytes,
    )


async def assert_erased(units: UnitsOfWork) -> None:
    """What the books need is there, without a word of Alice's; her files go; Bob has all that he had."""
    async with units.of_system() as work:
        assert list(await work.erasures.unfinished(limit=10)) == []
        for number in range(1, ENDED + 1):
            bare = await work.generations.get(job(number).generation_id)
            assert bare is not None
            assert (bare.input, bare.metadata, bare.price.breakdown, bare.is_favourite) == ({}, {}, "", False)
            assert (bare.failure, bare.key) == (Failure("REFUSED", ""), KeyUse("key_1", "", 50))  # type: ignore[arg-type]
            assert bare.deleted_at is not None
            whole = ended(number)
            assert (bare.status, bare.price.credits, bare.reservation_id, bare.created_at) == (
                (whole.status, whole.price.credits, whole.reservation_id, whole.created_at)
            )
            (bare_try,) = await work.attempts.of(bare.generation_id)
            assert (bare_try.detail, bare_try.run_id, bare_try.reason) == (None, None, "REFUSED")
            assert list(await work.shares.of(bare.generation_id)) == []
            assert list(await work.media_uses.of(bare.generation_id)) == []
        jobs = [job(number).generation_id for number in range(1, ENDED + 1)]
        assert list(await work.outputs.of(jobs)) == []
        for number in range(1, ENDED + 1):
            gone = text_output(number, 2).output_id
            assert [await work.outputs.text(gone, part) for part in Part] == [None, None]
        assert (await work.uploads.totals(ALICE)).count == 0
        assert await work.collections.count(ALICE) == 0
        assert await work.entitlements.of(ALICE) is None
        due = await work.deletions.claim_due(now=LATER, again_at=LATER + timedelta(days=1), limit=99)
        assert len(due) == 2 * 2 * ENDED + 2 * 3
        assert await work.generations.get(job(90).generation_id) == ended(
            90, account_id=BOB, idempotency_key="bobs"
        )
        assert len(await work.outputs.of([job(90).generation_id])) == 2
        assert await work.outputs.text(text_output(90, 1).output_id, Part.CONTENT) == b"foxes"


async def test_nothing_is_left_but_what_the_books_need(units: UnitsOfWork) -> None:
    """In steps of two rows; another round finds nothing to do."""
    await filled(units)
    assert await begun(units)
    assert not await begun(units)
    assert not await begun(units, event="evt_again")
    handler = carrying_on(units)
    assert (await handler(), await handler()) == (1, 0)
    await assert_erased(units)


@pytest.mark.parametrize("after", [False, True], ids=["before it is kept", "after it is kept"])
async def test_whatever_kills_it_the_next_round_goes_on(units: UnitsOfWork, after: bool) -> None:
    """One kill at every transaction in turn, each a step further: the steps that were kept stay."""
    await filled(units)
    await begun(units)
    at = 1
    for _ in range(200):
        dying = DyingUnits(units, at=at, after=after)
        with suppress(KilledError):
            await carrying_on(dying)()
        if dying.opened < at:
            break
        at = at % 5 + 1
        async with units.of_system() as work:
            if not await work.erasures.unfinished(limit=1):
                break
    await carrying_on(units)()
    await assert_erased(units)


async def test_open_jobs_end_first(units: UnitsOfWork) -> None:
    """Who waits is cancelled at once; who runs is asked to stop, and nothing is deleted before it has."""
    waits = replace(running(2), status=Status.QUEUED, started_at=None)
    async with units.of_system() as work:
        for each in (running(1), waits, ended(3)):
            await work.generations.add(each)
        await work.attempts.add(attempt(1))
        await work.outputs.add([output(3)])
    await begun(units)
    handler = carrying_on(units)
    assert await handler() == 0
    async with units.of_system() as work:
        asked = await work.generations.get(running(1).generation_id)
        cancelled = await work.generations.get(waits.generation_id)
        assert asked is not None
        assert cancelled is not None
        assert (asked.status, asked.cancel_requested) == (Status.PROCESSING, True)
        assert (cancelled.status, cancelled.credits_refunded) == (Status.CANCELLED, 5)
        assert asked.input != {}
        assert len(await work.outputs.of([job(3).generation_id])) == 1
        stopped = await work.generations.lock(asked.generation_id)
        assert stopped is not None
        await work.generations.save(stopped.cancelled(now=LATER))
        (run,) = await work.attempts.of(stopped.generation_id)
        await work.attempts.save(run.ended(Outcome.CANCELLED, now=LATER))
    assert await handler() == 1
    async with units.of_system() as work:
        assert not await work.erasures.open_jobs(ALICE, limit=1)
        for each in (running(1), waits, ended(3)):
            bare = await work.generations.get(each.generation_id)
            assert bare is not None
            assert bare.input == {}


async def test_nothing_new_is_made_of_an_erased_account(units: UnitsOfWork) -> None:
    """From the moment that it is noted; others go on."""
    await begun(units)
    async with units.of(ALICE) as work:
        with pytest.raises(AccountGone):
            await require_standing(work, ALICE)
    async with units.of(BOB) as work:
        await require_standing(work, BOB)


async def test_one_that_can_not_be_erased_stops_no_other(
    units: UnitsOfWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is finished, and the first is tried again."""
    await filled(units)
    await begun(units, BOB, "evt_bob")
    await begun(units)
    working: Callable[..., Any] = CarryOnErasuresHandler._carry_on

    async def failing(self: CarryOnErasuresHandler, account_id: AccountId) -> bool:
        if account_id == BOB:
            raise RuntimeError("no")
        return bool(await working(self, account_id))

    monkeypatch.setattr(CarryOnErasuresHandler, "_carry_on", failing)
    assert await replace(carrying_on(units), page_size=1)() == 1
    await assert_bob_waits(units)
    monkeypatch.undo()
    assert await carrying_on(units)() == 1


async def assert_bob_waits(units: UnitsOfWork) -> None:
    """His is the one that is left."""
    async with units.of_system() as work:
        assert list(await work.erasures.unfinished(limit=9)) == [BOB]
