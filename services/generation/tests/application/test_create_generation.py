"""Starting a job: checked, priced, reserved, queued, once."""

import asyncio
import math
from dataclasses import replace
from typing import Any

import pytest
from generation.domain.documents import digest
from generation.domain.errors import (
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidInput,
    InvalidQuote,
    LedgerUnavailable,
    QuoteExpired,
    UnknownModel,
)
from generation.domain.generation import Status
from generation.domain.identifiers import AccountId
from generation_house import ACCOUNT, House, command, quote_command


async def test_a_job_is_queued_once_its_credits_are_held(house: House) -> None:
    """Defaults are filled in, the price reserved and the queue told."""
    generation, replayed = await house.create(command(output_count=2))
    assert (generation.status, generation.credits_reserved, replayed) == (Status.QUEUED, 10, False)
    assert generation.input["ratio"] == "1:1"
    assert house.ledger.available == 990
    assert house.events() == ["GenerationQueued"]
    await house.facts.expect("GenerationQueued")


async def test_too_few_credits_reject_the_job(house: House) -> None:
    """The refusal names both amounts and the job that stands as rejected; nothing is held."""
    house.ledger.available = 9
    with pytest.raises(InsufficientCredits) as refused:
        await house.create(command(output_count=2, key="k1"))
    details = refused.value.details
    assert (details["available"], details["required"]) == ("9", "10")
    assert house.units.tables.generations[details["generation_id"]].status is Status.REJECTED  # type: ignore[index]
    assert house.ledger.available == 9
    assert house.events() == []


async def test_a_rejection_is_replayed(house: House) -> None:
    """The same key gets the same rejection, even when credits have come since."""
    house.ledger.available = 0
    with pytest.raises(InsufficientCredits) as first:
        await house.create(command(key="k1"))
    house.ledger.available = 100
    with pytest.raises(InsufficientCredits) as second:
        await house.create(command(key="k1"))
    assert first.value.details | {"replayed": "true"} == second.value.details
    assert house.ledger.available == 100


async def test_the_same_key_gets_the_same_job(house: House) -> None:
    """A replay neither makes a job nor holds credits."""
    first, _ = await house.create(command(key="k1"))
    second, replayed = await house.create(command(key="k1"))
    assert (second.generation_id, replayed) == (first.generation_id, True)
    assert house.ledger.available == 995
    await house.facts.expect("GenerationQueued")


async def test_concurrent_calls_with_one_key_make_one_job(house: House) -> None:
    """Ten at once: one job, one reservation."""
    made = await asyncio.gather(*(house.create(command(key="k1")) for _ in range(10)))
    assert len({generation.generation_id for generation, _ in made}) == 1
    assert house.ledger.available == 995
    assert house.events() == ["GenerationQueued"]
    await house.facts.expect("GenerationQueued")


async def test_a_key_with_another_body_is_refused(house: House) -> None:
    """Nothing is made or held for it."""
    await house.create(command(key="k1"))
    with pytest.raises(IdempotencyKeyReused):
        await house.create(command(key="k1", seed=2))
    assert len(house.units.tables.generations) == 1
    assert house.ledger.available == 995
    await house.facts.expect("GenerationQueued")


async def test_a_key_from_an_older_release_still_stands_for_its_job(house: House) -> None:
    """Its fingerprint had no version; another body under the key is refused as ever."""
    asked = command(key="k1")
    first, _ = await house.create(asked)
    content = {"model": "local/sketch", "input": asked.input, "quote": "", "providers": [], "metadata": {}}
    stored = replace(house.stored(first), fingerprint=digest(content))
    house.units.tables.generations[first.generation_id] = stored
    again, replayed = await house.create(asked)
    assert (again.generation_id, replayed) == (first.generation_id, True)
    with pytest.raises(IdempotencyKeyReused):
        await house.create(command(key="k1", seed=2))
    assert house.ledger.available == 995
    await house.facts.expect("GenerationQueued")


async def test_a_key_belongs_to_its_account(house: House) -> None:
    """Two users may use the same key."""
    await house.create(command(key="k1"))
    other = command(key="k1")
    object.__setattr__(other, "account_id", AccountId("usr_bob"))
    generation, replayed = await house.create(other)
    assert (generation.account_id, replayed) == ("usr_bob", False)
    await house.facts.expect("GenerationQueued", "GenerationQueued")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("job", "field"),
    [
        ({"prompt": "ab"}, "prompt"),
        ({"prompt": "   "}, "prompt"),
        ({"prompt": "x" * 1001}, "prompt"),
        ({"prompt": "fox\x00"}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"ratio": "2:1"}, "ratio"),
        ({"output_count": 0}, "output_count"),
        ({"output_count": -3}, "output_count"),
        ({"output_count": 1.5}, "output_count"),
        ({"output_count": True}, "output_count"),
        ({"seed": 2**31}, "seed"),
        ({"seed": 1e300}, "seed"),
        ({"seed": math.nan}, "seed"),
        ({"seed": math.inf}, "seed"),
        ({"output_format": "exe"}, "output_format"),
        ({"surprise": 1}, "surprise"),
        ({"deep": {"a": {"b": {"c": {"d": {"e": {}}}}}}}, "deep.a.b.c.d.e"),
    ],
)
async def test_a_bad_input_names_its_field(house: House, job: dict[str, Any], field: str) -> None:
    """The violation names the field; nothing is stored or held."""
    with pytest.raises(InvalidInput) as refused:
        await house.create(command(**job))
    assert [violation.field for violation in refused.value.violations] == [field]
    assert house.units.tables.generations == {}
    assert house.ledger.answers == {}


async def test_a_missing_prompt_is_named(house: House) -> None:
    """What is missing is named like what is wrong."""
    bare = command()
    object.__setattr__(bare, "input", {})
    with pytest.raises(InvalidInput) as refused:
        await house.create(bare)
    assert refused.value.field_violations == {"prompt": "is required"}


@pytest.mark.parametrize("order", [("replicate",), ("local", "local")])
async def test_a_provider_that_cannot_run_it_is_refused(house: House, order: tuple[str, ...]) -> None:
    """The order names providers of this model, each once."""
    wrong = command()
    object.__setattr__(wrong, "provider_order", order)
    with pytest.raises(InvalidInput) as refused:
        await house.create(wrong)
    assert "provider_order" in refused.value.field_violations
    assert house.units.tables.generations == {}


async def test_an_unknown_model_is_refused(house: House) -> None:
    """Nothing is stored for it."""
    with pytest.raises(UnknownModel):
        await house.create(command(model="local/nothing"))
    assert house.units.tables.generations == {}


async def test_large_metadata_is_refused(house: House) -> None:
    """The caller's own words are bounded too."""
    wrong = command()
    object.__setattr__(wrong, "metadata", {"note": "x" * 5000})
    with pytest.raises(InvalidInput):
        await house.create(wrong)
    assert house.units.tables.generations == {}


async def test_a_quote_is_honoured(house: House) -> None:
    """The quoted credits are reserved."""
    quote = house.quote(quote_command())
    generation, _ = await house.create(command(quote_id=quote.quote_id, ratio="1:1"))
    assert generation.credits_reserved == quote.credits == 5
    await house.facts.expect("GenerationQueued")


async def test_a_quote_for_another_input_is_refused(house: House) -> None:
    """A cheap quote does not buy an expensive job."""
    quote = house.quote(quote_command())
    with pytest.raises(InvalidQuote):
        await house.create(command(quote_id=quote.quote_id, output_count=4))
    assert house.units.tables.generations == {}


async def test_another_users_quote_is_refused(house: House) -> None:
    """Quotes are bound to the account."""
    quote = house.quote(quote_command(AccountId("usr_bob")))
    with pytest.raises(InvalidQuote):
        await house.create(command(quote_id=quote.quote_id))
    assert house.units.tables.generations == {}


@pytest.mark.parametrize("forge", [lambda q: q[:-3] + "abc", lambda q: "x", lambda q: q * 20])
async def test_a_forged_quote_is_refused(house: House, forge: Any) -> None:
    """Only what was signed here opens."""
    quote = house.quote(quote_command())
    with pytest.raises(InvalidQuote):
        await house.create(command(quote_id=forge(quote.quote_id)))
    assert house.units.tables.generations == {}


async def test_a_late_quote_is_refused(house: House) -> None:
    """A quote ends when it says it ends."""
    quote = house.quote(quote_command())
    house.clock.forward(minutes=16)
    with pytest.raises(QuoteExpired):
        await house.create(command(quote_id=quote.quote_id))
    assert house.units.tables.generations == {}


async def test_a_replay_outlives_its_quote(house: House) -> None:
    """The first answer is good after its quote is not."""
    quote = house.quote(quote_command())
    await house.create(command(key="k1", quote_id=quote.quote_id))
    house.clock.forward(hours=2)
    _, replayed = await house.create(command(key="k1", quote_id=quote.quote_id))
    assert replayed
    await house.facts.expect("GenerationQueued")


async def test_without_the_ledger_nothing_runs(house: House) -> None:
    """The job stays where it is for the sweeper, and a replay after the outage resumes it."""
    house.ledger.reachable = False
    with pytest.raises(LedgerUnavailable):
        await house.create(command(key="k1"))
    (stored,) = house.units.tables.generations.values()
    assert stored.status is Status.RESERVING
    house.ledger.reachable = True
    resumed, replayed = await house.create(command(key="k1"))
    assert (resumed.status, replayed) == (Status.QUEUED, True)
    assert house.ledger.available == 995
    await house.facts.expect("GenerationQueued")


async def test_a_seed_that_is_left_open_is_drawn(house: House) -> None:
    """The same prompt twice is two pictures; each job keeps and shows its seed, a replay the first one's."""
    first, _ = await house.create(command(key="k1"))
    second, _ = await house.create(command(key="k2"))
    again, replayed = await house.create(command(key="k1"))
    assert first.input["seed"] != second.input["seed"]
    assert (again.input, replayed) == (first.input, True)
    view = await house.read.generation(ACCOUNT, second.generation_id)
    assert view.generation.input["seed"] == second.input["seed"]
    await house.facts.expect("GenerationQueued", "GenerationQueued")


@pytest.mark.parametrize("seed", [0, 7, 2**31 - 1])
async def test_a_seed_that_is_given_stays(house: House, seed: int) -> None:
    """Nought is a seed like any other."""
    made, _ = await house.create(command(seed=seed))
    assert made.input["seed"] == seed
    assert house.dice.thrown == 0
    await house.facts.expect("GenerationQueued")


async def test_a_quote_is_for_what_was_asked(house: House) -> None:
    """A quote without a seed is honoured for a job without one, whichever is drawn."""
    quote = house.quote(quote_command())
    made, _ = await house.create(command(quote_id=quote.quote_id))
    assert made.credits_reserved == quote.credits
    assert "seed" in made.input
    await house.facts.expect("GenerationQueued")


async def test_a_repeated_refusal_says_that_it_is_one(house: House) -> None:
    """The same key gets the first decision, marked and with its time, even after credits have come."""
    house.ledger.available = 3
    with pytest.raises(InsufficientCredits) as first:
        await house.create(command(key="k1"))
    house.ledger.available = 1000
    house.clock.forward(days=1)
    with pytest.raises(InsufficientCredits) as again:
        await house.create(command(key="k1"))
    assert (first.value.details["replayed"], again.value.details["replayed"]) == ("false", "true")
    assert again.value.details["decided_at"] == first.value.details["decided_at"]
    assert again.value.details["available"] == "3"
    assert "2026-11-21 12:00:00 UTC" in str(again.value)
    assert "UTC" not in str(first.value)
    assert house.ledger.available == 1000
    made, replayed = await house.create(command(key="k2"))
    assert (made.status, replayed) == (Status.QUEUED, False)
    await house.facts.expect("GenerationQueued")
