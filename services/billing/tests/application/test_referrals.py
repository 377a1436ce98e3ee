"""Invitations: both get credits once the invited has paid and kept it; once, and nobody for themselves."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from billing.application.claim_referral import CHAIN_MAX, ClaimReferralHandler
from billing.application.read_referral import ReadReferralHandler
from billing.application.reward_referrals import RewardReferralsHandler
from billing.domain.dispute import DisputeState
from billing.domain.errors import (
    InvalidField,
    ReferralClaimedBefore,
    ReferralRefused,
    ReferralsOff,
    ReferralTooLate,
    UnknownReferralCode,
)
from billing.domain.identifiers import UserId
from billing.domain.referral import Referral, ReferralState
from billing.domain.refund import RefundStatus
from billing_support import TERMS, BillingUnderTest

ADA, BOB, EVE = UserId("usr_ada"), UserId("usr_bob"), UserId("usr_eve")
DAY_S = 86_400
OFF = replace(TERMS, inviter_credits=0, invited_credits=0)


async def code_of(billing: BillingUnderTest, user_id: UserId) -> str:
    """The code that somebody invites by."""
    return (await billing.read_referral(user_id)).code


async def invite(billing: BillingUnderTest, inviter: UserId, invited: UserId) -> Referral:
    """Have somebody come by another's code."""
    return await billing.claim_referral(invited, await code_of(billing, inviter))


async def counts(billing: BillingUnderTest, user_id: UserId) -> tuple[int, int]:
    """How many came by somebody's code, and for how many there was a reward."""
    standing = await billing.read_referral(user_id)
    return standing.came, standing.rewarded


def rewarded(*people: UserId) -> Sequence[tuple[object, ...]]:
    """The facts that inviter and invited get credits, in short."""
    inviter, invited = people
    return [
        ("PromotionRedeemed", inviter, "invitation", 300),
        ("PromotionRedeemed", invited, "invitation", 200),
    ]


async def test_both_are_rewarded_once_the_first_payment_has_stayed(any_billing: BillingUnderTest) -> None:
    """Not a moment before, once, and not for the second payment."""
    await invite(any_billing, ADA, BOB)
    assert await any_billing.reward() == 0
    await any_billing.bought(BOB)
    assert await counts(any_billing, ADA) == (1, 0)
    any_billing.clock.advance(7 * DAY_S - 1)
    assert await any_billing.reward() == 0
    any_billing.clock.advance(1)
    assert [await any_billing.reward(), await any_billing.reward()] == [1, 0]
    await any_billing.facts.expect(*rewarded(ADA, BOB))
    assert await counts(any_billing, ADA) == (1, 1)
    await any_billing.bought(BOB)
    any_billing.clock.advance(30 * DAY_S)
    assert await any_billing.reward() == 0


async def test_many_workers_reward_once(any_billing: BillingUnderTest) -> None:
    """Several replicas look at the same moment."""
    for number in range(3):
        await invite(any_billing, ADA, UserId(f"usr_{number}"))
        await any_billing.bought(f"usr_{number}")
    any_billing.clock.advance(7 * DAY_S)
    assert sum(await asyncio.gather(*(any_billing.reward() for _ in range(5)))) == 3
    facts = await any_billing.facts.unnamed()
    assert len(facts) == 6
    await any_billing.facts.expect(*facts)
    assert await counts(any_billing, ADA) == (3, 3)


async def test_a_crash_between_claim_and_end_rewards_later(any_billing: BillingUnderTest) -> None:
    """The lease ends; the rewards and the end are one transaction."""
    await invite(any_billing, ADA, BOB)
    await any_billing.bought(BOB)
    any_billing.clock.advance(7 * DAY_S)
    now = any_billing.clock.now()
    async with any_billing.units.of_system() as work:
        taken = await work.claim_rewards(
            paid_before=now - TERMS.hold, now=now, until=now + timedelta(minutes=1), limit=9
        )
    assert list(taken) == [BOB]
    assert await any_billing.reward() == 0
    any_billing.clock.advance(60)
    assert await any_billing.reward() == 1
    await any_billing.facts.expect(*rewarded(ADA, BOB))


@pytest.mark.parametrize("went", ["refund", "part", "disputed", "lost"])
async def test_a_payment_that_went_back_rewards_nobody(any_billing: BillingUnderTest, went: str) -> None:
    """Whole or in part, or while the bank has not decided; and no later payment does instead."""
    await invite(any_billing, ADA, BOB)
    payment = (await any_billing.bought(BOB)).payment_id
    if went in ("refund", "part"):
        amount = 1000 if went == "refund" else 1
        any_billing.processor.refund(payment, "re_1", amount, RefundStatus.SUCCEEDED)
        await any_billing.refund(payment)
    else:
        state = DisputeState.OPENED if went == "disputed" else DisputeState.LOST
        any_billing.processor.dispute(payment, "dp_1", 1000, state)
        await any_billing.dispute("dp_1")
    await any_billing.facts.pass_over()
    any_billing.clock.advance(7 * DAY_S)
    assert await any_billing.reward() == 1
    async with any_billing.units.of_system() as work:
        referral = await work.referral(BOB)
    assert referral is not None
    assert referral.state is ReferralState.VOID
    await any_billing.bought(BOB)
    any_billing.clock.advance(7 * DAY_S)
    assert await any_billing.reward() == 0
    assert await counts(any_billing, ADA) == (1, 0)


async def test_a_dispute_that_was_won_and_a_refund_that_failed_count_for_nothing(
    any_billing: BillingUnderTest,
) -> None:
    """The money stayed after all."""
    await invite(any_billing, ADA, BOB)
    payment = (await any_billing.bought(BOB)).payment_id
    any_billing.processor.dispute(payment, "dp_1", 1000, DisputeState.WON)
    await any_billing.dispute("dp_1")
    any_billing.processor.refund(payment, "re_1", 1000, RefundStatus.FAILED)
    await any_billing.refund(payment)
    await any_billing.facts.pass_over()
    any_billing.clock.advance(7 * DAY_S)
    await any_billing.reward()
    await any_billing.facts.expect(*rewarded(ADA, BOB))


async def test_what_cost_nothing_is_no_payment(any_billing: BillingUnderTest) -> None:
    """The first that costs something is."""
    await invite(any_billing, ADA, BOB)
    page_id = (await any_billing.open(BOB)).checkout.page_id
    assert page_id is not None
    any_billing.processor.order_at_no_cost(page_id)
    await any_billing.settle(page_id)
    await any_billing.facts.pass_over()
    any_billing.clock.advance(7 * DAY_S)
    assert await any_billing.reward() == 0
    await any_billing.bought(BOB)
    any_billing.clock.advance(7 * DAY_S)
    assert await any_billing.reward() == 1
    await any_billing.facts.expect(*rewarded(ADA, BOB))


async def test_nobody_invites_themselves(any_billing: BillingUnderTest) -> None:
    """Nor whoever they were invited by, however far above; nothing is noted."""
    with pytest.raises(ReferralRefused):
        await invite(any_billing, ADA, ADA)
    await invite(any_billing, ADA, BOB)
    await invite(any_billing, BOB, EVE)
    for inviter in (BOB, EVE):
        with pytest.raises(ReferralRefused):
            await invite(any_billing, inviter, ADA)
    assert [await counts(any_billing, who) for who in (ADA, BOB, EVE)] == [(1, 0), (1, 0), (0, 0)]


async def test_two_at_once_close_no_circle(any_billing: BillingUnderTest) -> None:
    """Each by the other's code, at the same moment: one of them is refused."""
    codes = {who: await code_of(any_billing, who) for who in (ADA, BOB)}
    answers = await asyncio.gather(
        any_billing.claim_referral(ADA, codes[BOB]),
        any_billing.claim_referral(BOB, codes[ADA]),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Referral", "ReferralRefused"]


async def test_a_chain_has_an_end(any_billing: BillingUnderTest) -> None:
    """Nobody walks up without one."""
    people = [UserId(f"usr_{number}") for number in range(CHAIN_MAX + 1)]
    *longest, (last, too_far) = pairwise(people)
    for inviter, invited in longest:
        await invite(any_billing, inviter, invited)
    with pytest.raises(ReferralRefused):
        await invite(any_billing, last, too_far)


async def test_a_person_comes_by_one_invitation(any_billing: BillingUnderTest) -> None:
    """The same code again is answered alike, in capitals or not; another is refused."""
    first = await invite(any_billing, ADA, BOB)
    any_billing.clock.advance(60)
    again = await any_billing.claim_referral(BOB, f" {first.code.lower()} ")
    assert again == first
    with pytest.raises(ReferralClaimedBefore):
        await invite(any_billing, EVE, BOB)
    assert await counts(any_billing, ADA) == (1, 0)
    assert await counts(any_billing, EVE) == (0, 0)


async def test_who_has_paid_is_not_new(any_billing: BillingUnderTest) -> None:
    """And is rewarded for nothing."""
    await any_billing.bought(BOB)
    with pytest.raises(ReferralTooLate):
        await invite(any_billing, ADA, BOB)
    assert await counts(any_billing, ADA) == (0, 0)


@pytest.mark.parametrize("code", ["", "SHORT", "K7Q2MX4", "K7Q2MX4D2", "K7Q2MX41", "K7Q2\x00X4D"])
async def test_what_no_code_can_be(memory_billing: BillingUnderTest, code: str) -> None:
    """It is told apart from one that is nobody's."""
    with pytest.raises(InvalidField, match="code"):
        await memory_billing.claim_referral(BOB, code)
    with pytest.raises(UnknownReferralCode):
        await memory_billing.claim_referral(BOB, "K7Q2MX4D")


async def test_a_code_is_made_once_and_says_nothing_of_its_account(any_billing: BillingUnderTest) -> None:
    """However many ask for it at once; another's is another."""
    asked = await asyncio.gather(*(code_of(any_billing, ADA) for _ in range(5)))
    assert len(set(asked)) == 1
    assert await code_of(any_billing, BOB) != asked[0]
    async with any_billing.units.of_system() as work:
        taken = await work.add_referral_code(EVE, asked[0], now=any_billing.clock.now())  # type: ignore[arg-type]
    assert taken is None
    assert await code_of(any_billing, EVE) not in asked


async def test_switched_off_there_is_nothing(any_billing: BillingUnderTest) -> None:
    """No code, no claim, no reward; what was noted before waits until it is on again."""
    code = await code_of(any_billing, ADA)
    await invite(any_billing, ADA, BOB)
    await any_billing.bought(BOB)
    any_billing.clock.advance(7 * DAY_S)
    units, clock, ids = any_billing.units, any_billing.clock, any_billing.ids
    with pytest.raises(ReferralsOff):
        await ReadReferralHandler(units, OFF, clock, ids)(ADA)
    with pytest.raises(ReferralsOff):
        await ClaimReferralHandler(units, OFF, clock)(EVE, code)
    assert await RewardReferralsHandler(units, OFF, clock, ids)() == 0
    assert await any_billing.reward() == 1
    await any_billing.facts.expect(*rewarded(ADA, BOB))


async def test_one_of_the_two_may_get_nothing(any_billing: BillingUnderTest) -> None:
    """Then nothing is told of them."""
    terms = replace(TERMS, invited_credits=0, hold=timedelta(0))
    await invite(any_billing, ADA, BOB)
    await any_billing.bought(BOB)
    assert await RewardReferralsHandler(any_billing.units, terms, any_billing.clock, any_billing.ids)() == 1
    await any_billing.facts.expect(("PromotionRedeemed", ADA, "invitation", 300))
