"""Jobs that are asked for with an API key which may not reserve as much as it likes."""

from dataclasses import replace
from datetime import date

import pytest
from generation.application.create_generation import CreateGeneration
from generation.domain.errors import KeyLimitReached, LedgerUnavailable
from generation.domain.generation import Status
from generation.domain.identifiers import ApiKeyId
from generation.domain.key_use import KeyUse
from generation_house import House, command

SHOP = KeyUse(ApiKeyId("key_1"), "Web shop", 10)


def asked(key: KeyUse | None = SHOP, *, idempotency_key: str | None = None) -> CreateGeneration:
    """A job of Alice's, by a key of hers."""
    return replace(command(key=idempotency_key), key=key)


@pytest.fixture
def full(house: House) -> House:
    """A house in which the key has reserved nearly all that it may."""
    house.ledger.used_by_key[SHOP.key_id] = 8
    house.ledger.keys_reset_on = date(2026, 2, 1)
    return house


async def test_a_job_knows_its_key(house: House) -> None:
    """For as long as it is kept."""
    generation, _ = await house.create(asked())
    assert house.stored(generation).key == SHOP
    own, _ = await house.create(asked(None))
    assert house.stored(own).key is None
    await house.facts.expect("GenerationQueued", "GenerationQueued")


async def test_the_refusal_names_the_key_and_when_it_starts_anew(full: House) -> None:
    """The job stands as rejected, nothing is held, and the account's credits are as they were."""
    before = full.ledger.available
    with pytest.raises(KeyLimitReached) as refused:
        await full.create(asked())
    assert str(refused.value) == (
        "the key 'Web shop' may reserve 10 credits a month: 8 are used, and 5 are needed;"
        " it starts anew on 2026-02-01 (UTC)"
    )
    (rejected,) = full.units.tables.generations.values()
    assert rejected.status is Status.REJECTED
    assert rejected.failure
    assert rejected.failure.reason == "KEY_LIMIT_REACHED"
    assert rejected.reservation_id is None
    assert full.ledger.available == before
    assert (await full.create(asked(None)))[0].status is Status.QUEUED
    await full.facts.expect("GenerationQueued")


async def test_the_refusal_is_replayed(full: House) -> None:
    """With the same idempotency key, though the key may reserve again by now; a new one asks again."""
    with pytest.raises(KeyLimitReached):
        await full.create(asked(idempotency_key="once"))
    full.ledger.used_by_key.clear()
    with pytest.raises(KeyLimitReached, match="a new idempotency key asks again"):
        await full.create(asked(idempotency_key="once"))
    assert (await full.create(asked(idempotency_key="twice")))[0].status is Status.QUEUED
    await full.facts.expect("GenerationQueued")


async def test_the_sweeper_asks_with_the_same_key(full: House) -> None:
    """A job whose ledger did not answer counts against the key that it was asked for with."""
    full.ledger.reachable = False
    with pytest.raises(LedgerUnavailable):
        await full.create(asked())
    full.ledger.reachable = True
    full.clock.forward(minutes=10)
    await full.sweep_reservations()
    (rejected,) = full.units.tables.generations.values()
    assert rejected.status is Status.REJECTED
    assert rejected.failure
    assert rejected.failure.reason == "KEY_LIMIT_REACHED"
