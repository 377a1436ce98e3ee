"""Codes for credits: once a person, no more often than they were made for, and not a moment too late."""

import asyncio
from datetime import timedelta

import pytest
from billing.application.add_promotion import AddPromotion
from billing.application.end_promotion import EndPromotionHandler
from billing.application.list_promotions import ListPromotionsHandler
from billing.application.redeem_promotion import Redeemed, RedeemPromotion
from billing.domain.errors import InvalidField, PromotionEnded, PromotionRedeemedBefore, UnknownPromotion
from billing.domain.identifiers import UserId
from billing_support import BillingUnderTest

ADA, BOB = UserId("usr_ada"), UserId("usr_bob")


async def redeem(
    billing: BillingUnderTest, who: UserId = ADA, code: str = "SPRING-26", key: str = "k1"
) -> Redeemed:
    """Redeem a code."""
    return await billing.redeem(RedeemPromotion(user_id=who, code=code, idempotency_key=key))


def given(who: UserId, amount: int = 100) -> tuple[object, ...]:
    """The fact that somebody redeemed the code, in short."""
    return "PromotionRedeemed", who, "SPRING-26", amount


async def test_a_code_gives_its_credits_once_a_person(any_billing: BillingUnderTest) -> None:
    """Written in capitals or not; the same key replays, another is told that it was before."""
    await any_billing.add_promotion(AddPromotion(code="spring-26", credits=100))
    first = await redeem(any_billing, code=" Spring-26 ")
    assert (first.redemption.code, first.redemption.credits, first.replayed) == ("SPRING-26", 100, False)
    assert first.redemption.expires_at is None
    assert first.redemption.redemption_id.startswith("red_")
    again = await redeem(any_billing)
    assert (again.redemption, again.replayed) == (first.redemption, True)
    with pytest.raises(PromotionRedeemedBefore):
        await redeem(any_billing, key="k2")
    await redeem(any_billing, BOB)
    await any_billing.facts.expect(given(ADA), given(BOB))


async def test_its_credits_last_from_the_day_of_redemption(any_billing: BillingUnderTest) -> None:
    """Not from the day on which the code was made."""
    await any_billing.add_promotion(AddPromotion(code="SPRING-26", credits=100, credits_last_days=30))
    any_billing.clock.advance(86_400)
    redeemed = await redeem(any_billing)
    assert redeemed.redemption.expires_at == any_billing.clock.time + timedelta(days=30)
    await any_billing.facts.expect(given(ADA))


async def test_a_code_ends_at_its_moment(any_billing: BillingUnderTest) -> None:
    """A moment before it is good; whoever has its credits keeps them, and their answer."""
    until = any_billing.clock.time + timedelta(days=1)
    await any_billing.add_promotion(AddPromotion(code="SPRING-26", credits=100, valid_until=until))
    any_billing.clock.time = until - timedelta(microseconds=1)
    await redeem(any_billing)
    any_billing.clock.time = until
    with pytest.raises(PromotionEnded):
        await redeem(any_billing, BOB)
    assert (await redeem(any_billing)).replayed
    await any_billing.facts.expect(given(ADA))


async def test_no_code_is_redeemed_once_too_often(any_billing: BillingUnderTest) -> None:
    """By twenty people at once, of whom three may."""
    await any_billing.add_promotion(AddPromotion(code="SPRING-26", credits=100, redemptions_max=3))
    people = [UserId(f"usr_{number}") for number in range(20)]
    asked = await asyncio.gather(*(redeem(any_billing, who) for who in people), return_exceptions=True)
    assert sum(isinstance(answer, Redeemed) for answer in asked) == 3
    assert sum(isinstance(answer, PromotionEnded) for answer in asked) == 17
    told = await any_billing.told_facts()
    assert len(told) == 3
    (promotion,) = await ListPromotionsHandler(any_billing.units)()
    assert promotion.redemptions == 3


async def test_one_person_in_two_windows_gets_it_once(any_billing: BillingUnderTest) -> None:
    """Side by side under two keys: one answer and one refusal."""
    await any_billing.add_promotion(AddPromotion(code="SPRING-26", credits=100))
    keys = (f"k{number}" for number in range(6))
    asked = await asyncio.gather(*(redeem(any_billing, key=key) for key in keys), return_exceptions=True)
    assert sum(isinstance(answer, Redeemed) for answer in asked) == 1
    assert sum(isinstance(answer, PromotionRedeemedBefore) for answer in asked) == 5
    await any_billing.facts.expect(given(ADA))


@pytest.mark.exhaustive
@pytest.mark.parametrize("code", ["", "abc", "x" * 41, "SPRING 26", "ПРОМО", "SPRING_26", "'; DROP TABLE"])
async def test_what_no_code_can_be(memory_billing: BillingUnderTest, code: str) -> None:
    """Refused by its field, as a code and as a guess."""
    for refusing in (
        memory_billing.add_promotion(AddPromotion(code=code, credits=100)),
        redeem(memory_billing, code=code),
    ):
        with pytest.raises(InvalidField) as refused:
            await refusing
        assert refused.value.field == "code"


async def test_a_code_that_is_none(any_billing: BillingUnderTest) -> None:
    """Nothing is stored, nothing told."""
    with pytest.raises(UnknownPromotion):
        await redeem(any_billing)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"credits": 0}, "credits"),
        ({"credits": 1_000_001}, "credits"),
        ({"credits_last_days": 0}, "credits_last_days"),
        ({"credits_last_days": 3_651}, "credits_last_days"),
        ({"redemptions_max": 0}, "redemptions_max"),
        ({"redemptions_max": 1_000_001}, "redemptions_max"),
    ],
)
async def test_bounds_of_a_code(
    memory_billing: BillingUnderTest, changes: dict[str, int], field: str
) -> None:
    """Refused by name, and no such code is there."""
    terms = {"credits": 100, **changes}
    with pytest.raises(InvalidField, match=f"{field}: must be from 1 to"):
        await memory_billing.add_promotion(AddPromotion(code="SPRING-26", **terms))
    assert await ListPromotionsHandler(memory_billing.units)() == []


async def test_the_largest_and_smallest_codes(memory_billing: BillingUnderTest) -> None:
    """Both ends of each bound are good, of the code too."""
    most = {"credits": 1_000_000, "credits_last_days": 3_650, "redemptions_max": 1_000_000}
    await memory_billing.add_promotion(AddPromotion(code="X" * 40, **most))
    least = {"credits": 1, "credits_last_days": 1, "redemptions_max": 1}
    await memory_billing.add_promotion(AddPromotion(code="ABCD", **least))
    promotions = await ListPromotionsHandler(memory_billing.units)()
    assert [promotion.credits for promotion in promotions] == [1, 1_000_000]


async def test_a_code_is_made_once(any_billing: BillingUnderTest) -> None:
    """What it gives never changes afterwards; a day that is over makes none."""
    await any_billing.add_promotion(AddPromotion(code="SPRING-26", credits=100))
    with pytest.raises(InvalidField, match="there is a code SPRING-26 already") as twice:
        await any_billing.add_promotion(AddPromotion(code="spring-26", credits=500))
    with pytest.raises(InvalidField, match="is over already") as late:
        await any_billing.add_promotion(
            AddPromotion(code="LATE", credits=100, valid_until=any_billing.clock.time)
        )
    assert (twice.value.field, late.value.field) == ("code", "valid_until")
    (promotion,) = await ListPromotionsHandler(any_billing.units)()
    assert promotion.credits == 100


async def test_an_ended_code_is_over(any_billing: BillingUnderTest) -> None:
    """From now on; ending it twice changes nothing; who has its credits keeps them."""
    await any_billing.add_promotion(AddPromotion(code="SPRING-26", credits=100))
    await redeem(any_billing)
    end = EndPromotionHandler(any_billing.units, any_billing.clock)
    ended = await end("spring-26")
    assert ended.valid_until == any_billing.clock.time
    any_billing.clock.advance(60)
    assert await end("SPRING-26") == ended
    with pytest.raises(PromotionEnded):
        await redeem(any_billing, BOB)
    with pytest.raises(UnknownPromotion):
        await end("NEVER")
    await any_billing.facts.expect(given(ADA))
