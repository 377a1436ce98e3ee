"""What a job is when it is made, what it costs with a quote, and what a refusal of it says."""

from dataclasses import replace
from datetime import timedelta

import pytest
from generation.application.create_generation import CreateGeneration
from generation.domain.documents import digest
from generation.domain.errors import InsufficientCredits, InvalidInput, LedgerUnavailable
from generation.domain.fingerprint import fingerprint
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import AccountId, ReservationId
from generation.domain.model import Modality
from generation.domain.pricing import Price
from generation.domain.quote import Quote
from generation_house import ACCOUNT, House, command

BOB = AccountId("usr_bob")


async def test_a_job_is_made_whole(house: House) -> None:
    """Without a key it is known by its own id; it may wait for an hour."""
    asked = replace(command(output_count=2), metadata={"note": "x"}, provider_order=("local",))
    generation, is_earlier = await house.create(asked)
    now, number = house.clock.now(), "0" * 31 + "1"
    assert generation == Generation(
        generation_id=generation.generation_id,
        account_id=ACCOUNT,
        model_id=asked.model_id,
        modality=Modality.IMAGE,
        input=generation.input,
        provider_order=("local",),
        metadata={"note": "x"},
        price=Price(credits=10, units=2, breakdown="2 images × 5 credits"),
        idempotency_key=generation.generation_id,
        fingerprint=fingerprint(asked.asked),
        created_at=now,
        deadline_at=now + timedelta(hours=1),
        status=Status.QUEUED,
        reservation_id=ReservationId(f"res_{number}"),
    )
    assert generation.generation_id == f"gen_{number}"
    assert not is_earlier
    assert generation.input["prompt"] == "a red fox"
    assert house.stored(generation) == generation
    await house.facts.expect("GenerationQueued")


def test_what_makes_a_command_the_same_is_all_that_was_asked() -> None:
    """But not who asked, nor under which key."""
    plain = command()
    assert plain.asked == {
        "model": "local/sketch",
        "input": {"prompt": "a red fox"},
        "quote": "",
        "providers": [],
        "metadata": {},
    }
    full = replace(
        plain, quote_id="q", provider_order=("a", "b"), metadata={"m": 1}, account_id=BOB, idempotency_key="k"
    )
    assert full.asked == plain.asked | {"quote": "q", "providers": ["a", "b"], "metadata": {"m": 1}}
    assert isinstance(full, CreateGeneration)


async def test_a_promise_is_kept_when_the_price_has_changed(house: House) -> None:
    """It is what was promised that is held and charged; the units are what they are."""
    made, _ = await house.create(command(key="plain", seed=1))
    asked = command(seed=1)
    model = house.catalogue.model(asked.model_id)
    quote = Quote(
        account_id=ACCOUNT,
        model_id=asked.model_id,
        input_sha256=digest(house.checker.checked(model, asked.input)),
        credits=3,
        expires_at=house.clock.now() + timedelta(minutes=1),
    )
    quoted, _ = await house.create(replace(asked, quote_id=house.signer.sign(quote)))
    assert quoted.price == replace(made.price, credits=3)
    assert (made.price.credits, house.ledger.available) == (5, 1000 - 5 - 3)
    await house.facts.expect("GenerationQueued", "GenerationQueued")


async def test_a_refusal_says_when_it_was_made(house: House) -> None:
    """A repeated key gets the first decision, and how to ask for a new one."""
    house.ledger.available = 4
    decided_at = house.clock.now()
    refusals = []
    for _ in range(2):
        with pytest.raises(InsufficientCredits) as refused:
            await house.create(command(key="k1"))
        refusals.append(refused.value)
        house.clock.forward(hours=1)
        house.ledger.available = 100
    (job,) = house.units.tables.generations.values()
    detail = "5 credits are needed and 4 are available"
    assert [str(refusal) for refusal in refusals] == [
        detail,
        f"{detail} (decided at 2026-11-21 12:00:00 UTC; a new idempotency key asks again)",
    ]
    assert (job.status, job.failure, job.finished_at) == (
        Status.REJECTED,
        Failure("INSUFFICIENT_CREDITS", detail),
        decided_at,
    )
    first, second = (dict(refusal.details) for refusal in refusals)
    assert (first["available"], first["required"], first["generation_id"]) == ("4", "5", job.generation_id)
    assert second == first | {"replayed": "true"}
    await house.facts.expect()


async def test_a_refusal_that_came_late_says_when_it_came(house: House) -> None:
    """The ledger was away at first, and had nothing when it was back."""
    house.ledger.reachable = False
    with pytest.raises(LedgerUnavailable):
        await house.create(command(key="k1"))
    house.ledger.reachable, house.ledger.available = True, 0
    house.clock.forward(seconds=20)
    await house.sweep_reservations()
    decided_at = house.clock.now()
    house.clock.forward(hours=1)
    with pytest.raises(InsufficientCredits, match="decided at 2026-11-21 12:00:20 UTC") as refused:
        await house.create(command(key="k1"))
    (job,) = house.units.tables.generations.values()
    assert (job.finished_at, refused.value.details["available"]) == (decided_at, "0")
    await house.facts.expect()


async def test_odd_metadata_is_refused_before_anything_is_made(house: House) -> None:
    """A key that has a job gets the refusal too."""
    await house.create(command(key="k1"))
    with pytest.raises(InvalidInput):
        await house.create(replace(command(key="k1"), metadata={"x": "y" * 100_000}))
    assert len(house.units.tables.generations) == 1
    await house.facts.expect("GenerationQueued")
