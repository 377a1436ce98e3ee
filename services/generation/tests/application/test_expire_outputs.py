"""What was made is kept for as long as was promised, and no longer."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from generation.application.create_share import CreateShare
from generation.application.expire_outputs import ExpireOutputsHandler
from generation.domain.entitlements import Entitlements
from generation.domain.errors import NothingToShare
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import GenerationId
from generation.domain.input_media import UsedMedia
from generation.domain.retention import FOR_GOOD, Retention
from generation_house import ACCOUNT, House, success

MONTH = Retention(days=30, days_by_word={"premium": 365, "trial": 7})


async def made(house: House, event_id: str = "evt_1") -> Generation:
    """A job with two files."""
    generation = await house.queued(output_count=2)
    house.provider.reports = [success(b"1", b"2")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation, event_id)))
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")
    return house.stored(generation)


async def files(house: House) -> int:
    """How many are in the store, once what is due is removed."""
    await house.sweep_deletions()
    return len(house.store.objects)


def plan(*words: str, until: datetime | None = None) -> Entitlements:
    """What billing told of Alice."""
    return Entitlements(account_id=ACCOUNT, words=words, valid_until=until, revision=1)


async def test_files_go_when_their_time_is_over(house: House) -> None:
    """Not a second before; the job stays, with what it was asked and what it cost, and nothing is told."""
    house.retention = MONTH
    generation = await made(house)
    until = house.clock.now() + timedelta(days=30)
    assert generation.outputs_kept_until == until
    house.clock.forward(days=30, seconds=-1)
    await house.expire_outputs()
    assert await files(house) == 2
    house.clock.forward(seconds=1)
    await house.expire_outputs()
    assert await files(house) == 0
    assert house.stored(generation) == replace(generation, outputs_expired_at=until)
    view = await house.read.generation(ACCOUNT, generation.generation_id)
    assert list(view.outputs) == []
    assert (view.generation.status, view.generation.credits_charged) == (Status.SUCCEEDED, 10)
    kept = house.units.tables.outputs
    assert [(output.sha256 != "", output.expired_at) for output in kept] == [(True, until)] * 2
    await house.expire_outputs()
    assert house.units.tables.outputs == kept


async def test_without_a_setting_everything_is_kept_for_good(house: House) -> None:
    """And a setting that comes later takes nothing of it."""
    generation = await made(house)
    house.retention = MONTH
    house.clock.forward(days=3_650)
    await house.expire_outputs()
    assert await files(house) == 2
    assert house.stored(generation) == generation


async def test_a_plan_keeps_for_longer_and_never_shorter(house: House) -> None:
    """What it is when something is made counts, whatever it becomes."""
    house.retention = MONTH
    await house.keep_entitlements(plan("premium", "trial"))
    now, generation = house.clock.now(), await made(house)
    assert generation.outputs_kept_until == now + timedelta(days=365)
    await house.keep_entitlements(replace(plan(), revision=2))
    house.clock.forward(days=364)
    await house.expire_outputs()
    assert await files(house) == 2


def test_what_is_opened_counts_while_it_is_open() -> None:
    """A copy that ran out is no plan; the longest of several counts."""
    now = datetime.fromisoformat("2026-11-21T12:00:00Z")
    assert FOR_GOOD.kept_until(plan("premium"), now=now) is None
    assert Retention(days_by_word={"premium": 1}).kept_until(plan("premium"), now=now) is None
    for told, days in (
        (None, 30),
        (plan("trial"), 30),
        (plan("premium"), 365),
        (plan("premium", until=now), 30),
        (plan("premium", until=now + timedelta(seconds=1)), 365),
    ):
        assert MONTH.kept_until(told, now=now) == now + timedelta(days=days)


async def test_a_link_leads_to_nothing_and_a_new_one_is_refused(house: House) -> None:
    """Who has it is not told that it never was."""
    house.retention = Retention(days=1)
    generation = await made(house)
    asked = CreateShare(
        account_id=ACCOUNT,
        generation_id=generation.generation_id,
        lifetime_s=604_800,
        shows_prompt=True,
    )
    _, token = await house.shares.create(asked)
    house.clock.forward(days=1)
    await house.expire_outputs()
    shown = await house.shares.read.opened(token)
    assert (list(shown.outputs), shown.prompt) == ([], "a red fox")
    with pytest.raises(NothingToShare):
        await house.shares.create(asked)


async def test_a_job_that_was_given_a_file_still_has_it(house: House) -> None:
    """Until it has ended; nobody else can use it any more."""
    house.retention = Retention(days=1)
    generation = await made(house)
    (output, other) = house.units.tables.outputs
    given = await house.queued()
    await house.facts.expect("GenerationQueued")
    async with house.units.of_system() as work:
        use = UsedMedia(
            media_id=output.output_id,
            generation_id=given.generation_id,
            account_id=ACCOUNT,
            object_key=output.object_key,
            media_type=output.media_type,
            size_bytes=output.size_bytes,
        )
        await work.media_uses.add([use])
    house.clock.forward(days=1)
    await house.expire_outputs()
    assert await files(house) == 1
    assert output.object_key in house.store.objects
    async with house.units.of_system() as work:
        assert list(await work.outputs.with_ids([output.output_id, other.output_id])) == []
    assert house.stored(generation).outputs_expired_at is not None


async def test_one_that_can_not_be_done_stops_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it or after it, on its page or on the next; it keeps its files and comes again."""
    house.retention = Retention(days=1)
    jobs = [await made(house, f"evt_{number}") for number in range(4)]
    poisoned = jobs[1].generation_id
    whole = ExpireOutputsHandler._expire

    async def broken(self: ExpireOutputsHandler, generation_id: GenerationId) -> None:
        if generation_id == poisoned:
            raise ValueError("poisoned")
        await whole(self, generation_id)

    monkeypatch.setattr(ExpireOutputsHandler, "_expire", broken)
    house.clock.forward(days=1)
    await ExpireOutputsHandler(house.units, house.clock, page_size=2)()
    gone = [house.stored(job).outputs_expired_at is not None for job in jobs]
    assert gone == [True, False, True, True]
    assert await files(house) == 2
    monkeypatch.undo()
    await house.expire_outputs()
    assert await files(house) == 0


async def test_what_is_deleted_after_it_expired_is_gone(house: House) -> None:
    """Its files are asked for once more, which is no error."""
    house.retention = Retention(days=1)
    generation = await made(house)
    house.clock.forward(days=1)
    await house.expire_outputs()
    await house.delete(ACCOUNT, generation.generation_id)
    assert await files(house) == 0
    assert house.units.tables.outputs == []
    assert house.units.tables.deletions == {}
