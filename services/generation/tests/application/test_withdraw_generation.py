"""A job whose asker got no answer is stopped by its key: it never runs on, and its credits come back."""

import asyncio

import pytest
from generation.domain.errors import GenerationNotFound, LedgerUnavailable
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import AccountId
from generation_house import ACCOUNT, House, command, success


async def unanswered(house: House) -> Generation:
    """A job whose credits are held, or not: nobody was told."""
    with pytest.raises(LedgerUnavailable):
        await house.create(command(key="k1"))
    (job,) = house.units.tables.generations.values()
    return job


@pytest.mark.parametrize("is_held", [True, False])
async def test_what_the_ledger_left_open_never_runs(house: House, is_held: bool) -> None:
    """Once the ledger answers, the job ends, and the fact of its end gives the credits back."""
    house.ledger.loses_answers, house.ledger.reachable = is_held, is_held
    job = await unanswered(house)
    withdrawn = await house.withdraw(ACCOUNT, "k1")
    assert (withdrawn.status, withdrawn.cancel_requested) == (Status.RESERVING, True)
    house.ledger.loses_answers, house.ledger.reachable = False, True
    house.clock.forward(seconds=20)
    await house.sweep_reservations()
    ended = house.stored(job)
    assert (ended.status, ended.credits_charged) == (Status.CANCELLED, 0)
    (fact,) = await house.facts.expect("GenerationCancelled")
    assert fact.reservation_id == ended.reservation_id is not None
    assert house.provider.submitted == []


async def test_a_worker_that_hears_of_the_reservation_first_starts_nothing(house: House) -> None:
    """The ledger held the credits, and only its fact arrived."""
    house.ledger.loses_answers = True
    job = await unanswered(house)
    await house.withdraw(ACCOUNT, "k1")
    house.ledger.loses_answers = False
    assert await house.worker("w1").start(house.reserved(job)) is None
    assert house.stored(job).status is Status.CANCELLED
    await house.facts.expect("GenerationCancelled")


async def test_a_ledger_that_stays_away_holds_nothing(house: House) -> None:
    """The job ends all the same."""
    house.ledger.reachable = False
    job = await unanswered(house)
    await house.withdraw(ACCOUNT, "k1")
    house.clock.forward(seconds=901)
    await house.sweep_reservations()
    assert house.stored(job).is_terminal
    assert house.stored(job).credits_charged == 0
    await house.facts.expect("GenerationFailed")


async def test_one_that_waits_ends_at_once(house: House) -> None:
    """And again changes nothing."""
    await house.create(command(key="k1"))
    first, again = [await house.withdraw(ACCOUNT, "k1") for _ in range(2)]
    assert (first.status, again) == (Status.CANCELLED, first)
    await house.facts.expect("GenerationQueued", "GenerationCancelled")


async def test_one_that_ended_is_left_alone(house: House) -> None:
    """Whoever withdraws it is told how it ended, and so that it was paid for."""
    generation = await house.queued(key="k1")
    house.provider.reports = [success(b"1")]
    worker = house.worker("w1")
    await worker.run(await worker.started(house.reserved(generation)))
    ended = await house.withdraw(ACCOUNT, "k1")
    assert (ended, ended.status) == (house.stored(generation), Status.SUCCEEDED)
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_nobody_withdraws_anothers(house: House) -> None:
    """A key is its account's; one that nobody has is said not to be there."""
    generation = await house.queued(key="k1")
    for account, key in ((AccountId("usr_other"), "k1"), (ACCOUNT, "k2")):
        with pytest.raises(GenerationNotFound):
            await house.withdraw(account, key)
    assert house.stored(generation) == generation
    await house.facts.expect("GenerationQueued")


async def test_a_create_at_the_same_moment_ends_too(house: House) -> None:
    """Whichever is first: it never stays behind running."""
    reserve, asked, go_on = house.ledger.reserve, asyncio.Event(), asyncio.Event()

    async def slowly(*args: object, **more: object) -> object:
        asked.set()
        await go_on.wait()
        return await reserve(*args, **more)  # type: ignore[arg-type]

    house.ledger.reserve = slowly  # type: ignore[method-assign,assignment]
    creating = asyncio.ensure_future(house.create(command(key="k1")))
    async with asyncio.timeout(30):
        await asked.wait()
        await house.withdraw(ACCOUNT, "k1")
        go_on.set()
        made, _ = await creating
    assert made.status is Status.CANCELLED
    await house.facts.expect("GenerationCancelled")
