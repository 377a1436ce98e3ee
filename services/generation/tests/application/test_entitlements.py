"""Models for subscribers: who may use them, and what a refusal leaves behind, which is nothing."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from generation.domain.entitlements import Entitlements
from generation.domain.errors import EntitlementRequired
from generation.domain.identifiers import AccountId, ModelId
from generation_house import ACCOUNT, HandClock, House, command, premium_house, quote_command

NOW = HandClock().now()
MOTION = ModelId("local/motion")
PREMIUM = Entitlements(
    account_id=ACCOUNT, words=("premium",), valid_until=NOW + timedelta(days=3), revision=2
)
MOMENT = timedelta(microseconds=1)


async def refused(house: House, **given: object) -> EntitlementRequired:
    """A film is asked for in vain, and nothing is left of it."""
    before = dict(house.units.tables.generations)
    with pytest.raises(EntitlementRequired) as refusal:
        await house.create(command(model=MOTION, **given))  # type: ignore[arg-type]
    assert house.units.tables.generations == before
    assert house.ledger.available == 1000
    await house.facts.expect()
    return refusal.value


async def test_a_model_for_subscribers_is_refused_to_others() -> None:
    """The refusal names the word; nothing is stored, held or told, and the key is free for another try."""
    house = premium_house()
    refusal = await refused(house, key="k1")
    assert (refusal.reason, refusal.details) == ("ENTITLEMENT_REQUIRED", {"entitlement": "premium"})
    assert "premium" in str(refusal)
    assert await house.keep_entitlements(PREMIUM)
    made, replayed = await house.create(command(model=MOTION, key="k1"))
    assert (made.credits_reserved, replayed) == (75, False)
    await house.facts.expect("GenerationQueued")


async def test_what_requires_nothing_is_everybodys() -> None:
    """Beside a model that does."""
    house = premium_house()
    await house.create(command())
    await house.facts.expect("GenerationQueued")


async def test_a_price_can_be_asked_by_everybody() -> None:
    """Who may not use it may know what it costs; the quote opens nothing."""
    house = premium_house()
    quote = house.quote(replace(quote_command(), model_id=MOTION))
    assert quote.credits == 75
    await refused(house, quote_id=quote.quote_id)


async def test_another_word_and_anothers_plan_open_nothing() -> None:
    """A word is compared whole."""
    house = premium_house()
    await house.keep_entitlements(replace(PREMIUM, words=("business", "premium_plus")))
    await house.keep_entitlements(replace(PREMIUM, account_id=AccountId("usr_bob")))
    await refused(house)


async def test_a_copy_runs_out() -> None:
    """To the moment: nobody who heard nothing newer believes it any longer."""
    house = premium_house()
    await house.keep_entitlements(PREMIUM)
    assert PREMIUM.valid_until is not None
    house.clock.moment = PREMIUM.valid_until - MOMENT
    await house.create(command(model=MOTION))
    await house.facts.expect("GenerationQueued")
    house.clock.moment = PREMIUM.valid_until
    with pytest.raises(EntitlementRequired):
        await house.create(command(model=MOTION))
    await house.keep_entitlements(replace(PREMIUM, valid_until=None, revision=3))
    house.clock.forward(days=900)
    await house.create(command(model=MOTION))
    await house.facts.expect("GenerationQueued")


async def test_order_and_repetition_change_nothing() -> None:
    """Whatever comes when and however often: the highest number is what is known."""
    told = [replace(PREMIUM, revision=number, words=words) for number, words in enumerate(
        ((), ("premium",), ("premium", "business"), ()), start=1
    )]  # fmt: skip
    house = premium_house()
    for order in itertools.permutations(told):
        house.units.tables.entitlements.clear()
        for entitlements in (*order, *order):
            await house.keep_entitlements(entitlements)
        assert house.units.tables.entitlements == {ACCOUNT: told[-1]}


async def test_a_copy_no_newer_than_what_is_kept_is_left_out() -> None:
    """The answer says so."""
    house = premium_house()
    assert await house.keep_entitlements(PREMIUM) is True
    assert await house.keep_entitlements(PREMIUM) is False
    assert await house.keep_entitlements(replace(PREMIUM, words=(), revision=1)) is False
    assert house.units.tables.entitlements[ACCOUNT] == PREMIUM


async def test_what_was_begun_is_replayed_when_the_plan_is_over() -> None:
    """The key's answer stands: the job runs, and costs once."""
    house = premium_house()
    await house.keep_entitlements(PREMIUM)
    made, _ = await house.create(command(model=MOTION, key="k1"))
    await house.keep_entitlements(replace(PREMIUM, words=(), revision=3))
    again, replayed = await house.create(command(model=MOTION, key="k1"))
    assert (again.generation_id, replayed) == (made.generation_id, True)
    await house.facts.expect("GenerationQueued")


async def test_models_say_what_they_require_and_of_whom() -> None:
    """Nobody in particular is told the word alone."""
    house = premium_house()
    await house.keep_entitlements(PREMIUM)
    for account, usable in ((None, None), (ACCOUNT, True), (AccountId("usr_bob"), False)):
        sketch, motion, *_ = await house.models.all(account)
        assert (motion.model.requires, motion.is_usable) == ("premium", usable)
        assert (sketch.model.requires, sketch.is_usable) == (None, None if account is None else True)
        assert await house.models.model(MOTION, account) == motion
