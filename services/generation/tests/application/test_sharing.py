"""Sharing a job by a link, and everything that must not happen by one."""

import asyncio
from datetime import timedelta

import pytest
from generation.adapters.outbound.system_tokens import SystemTokens
from generation.application.create_share import CreateShare
from generation.application.withdraw_share import WithdrawShare
from generation.domain.errors import GenerationNotFound, NothingToShare, ShareEnded, TooManyShares
from generation.domain.generation import Generation
from generation.domain.identifiers import AccountId, ShareId
from generation.domain.share import SHARES_MAX, Share, hash_of
from generation_house import ACCOUNT, House, success
from generation_rows import BOB

HOUR_S, DAY_S = 3_600, 86_400


async def delivered(house: House) -> Generation:
    """A picture of Alice's."""
    generation = await house.queued()
    house.provider.reports = [success(b"a fox")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")
    return house.stored(generation)


async def share(
    house: House,
    generation: Generation,
    *,
    account: AccountId = ACCOUNT,
    lifetime_s: int = HOUR_S,
    shows_prompt: bool = False,
) -> tuple[Share, str]:
    """Make a link."""
    return await house.shares.create(
        CreateShare(
            account_id=account,
            generation_id=generation.generation_id,
            lifetime_s=lifetime_s,
            shows_prompt=shows_prompt,
        )
    )


async def withdraw(
    house: House, generation: Generation, share_id: ShareId, *, account: AccountId = ACCOUNT
) -> None:
    """End a link."""
    await house.shares.withdraw(
        WithdrawShare(account_id=account, generation_id=generation.generation_id, share_id=share_id)
    )


async def test_whoever_has_the_link_sees_what_came_out(house: House) -> None:
    """The files, and not the prompt; the token itself is kept nowhere."""
    generation = await delivered(house)
    made, token = await share(house, generation)
    view = await house.shares.read.opened(token)
    assert [shown.output.generation_id for shown in view.outputs] == [generation.generation_id]
    assert (view.prompt, view.expires_at) == (None, made.expires_at)
    assert token not in repr(house.units.tables)
    assert hash_of(token) in repr(house.units.tables)


async def test_the_prompt_is_shown_where_its_owner_chose_so(house: House) -> None:
    """By that link, and not by another of the same job."""
    generation = await delivered(house)
    (_, open_token), (_, closed_token) = (
        await share(house, generation, shows_prompt=True),
        await share(house, generation),
    )
    assert (await house.shares.read.opened(open_token)).prompt == "a red fox"
    assert (await house.shares.read.opened(closed_token)).prompt is None


async def test_nobody_elses_job_is_shared_listed_or_withdrawn(house: House) -> None:
    """For Bob there is no such job, and Alice's link goes on working."""
    generation = await delivered(house)
    made, token = await share(house, generation)
    with pytest.raises(GenerationNotFound):
        await share(house, generation, account=BOB)
    with pytest.raises(GenerationNotFound):
        await house.shares.read.of(BOB, generation.generation_id)
    with pytest.raises(GenerationNotFound):
        await withdraw(house, generation, made.share_id, account=BOB)
    assert list(house.units.tables.shares) == [made.share_id]
    assert (await house.shares.read.opened(token)).outputs


async def test_a_link_is_withdrawn_through_its_own_job_alone(house: House) -> None:
    """Naming it beside another job of the same account changes nothing."""
    first = await delivered(house)
    made, token = await share(house, first)
    other = await house.queued(key="other")
    await withdraw(house, other, made.share_id)
    assert (await house.shares.read.opened(token)).outputs
    await house.facts.expect("GenerationQueued")


async def test_a_link_ends_when_its_time_is_over(house: House) -> None:
    """At that moment, not after it; it is no longer listed."""
    generation = await delivered(house)
    made, token = await share(house, generation)
    house.clock.forward(seconds=HOUR_S - 1)
    assert [one.share_id for one in await house.shares.read.of(ACCOUNT, generation.generation_id)] == [
        made.share_id
    ]
    assert (await house.shares.read.opened(token)).outputs
    house.clock.forward(seconds=1)
    with pytest.raises(ShareEnded):
        await house.shares.read.opened(token)
    assert await house.shares.read.of(ACCOUNT, generation.generation_id) == []


async def test_its_addresses_work_no_longer_than_the_link(house: House) -> None:
    """And no longer than any address of a file."""
    generation = await delivered(house)
    made, token = await share(house, generation)
    (early,) = (await house.shares.read.opened(token)).outputs
    assert early.url.endswith("?ttl=900")
    house.clock.forward(seconds=HOUR_S - 60)
    (late,) = (await house.shares.read.opened(token)).outputs
    assert late.url.endswith("?ttl=60")
    assert late.expires_at == made.expires_at
    house.clock.forward(seconds=59.5)
    (last,) = (await house.shares.read.opened(token)).outputs
    assert last.url.endswith("?ttl=1")


async def test_a_withdrawn_link_shows_nothing(house: House) -> None:
    """At once; withdrawing it again is no error, and the job's other links go on."""
    generation = await delivered(house)
    made, token = await share(house, generation)
    _, other = await share(house, generation)
    for _ in range(2):
        await withdraw(house, generation, made.share_id)
    await withdraw(house, generation, ShareId("shr_never"))
    with pytest.raises(ShareEnded):
        await house.shares.read.opened(token)
    assert (await house.shares.read.opened(other)).outputs


async def test_links_end_with_what_they_lead_to(house: House) -> None:
    """A deleted job is shown to nobody, and no link of it is left behind."""
    generation = await delivered(house)
    _, token = await share(house, generation, lifetime_s=DAY_S)
    await house.delete(ACCOUNT, generation.generation_id)
    with pytest.raises(ShareEnded):
        await house.shares.read.opened(token)
    assert house.units.tables.shares == {}
    with pytest.raises(GenerationNotFound):
        await share(house, generation)


async def test_a_link_to_a_discarded_job_shows_nothing_until_it_is_back(house: House) -> None:
    """For whoever has it that is a link that has ended."""
    generation = await delivered(house)
    _, token = await share(house, generation)
    await house.discard(ACCOUNT, generation.generation_id)
    with pytest.raises(ShareEnded, match="this link has ended"):
        await house.shares.read.opened(token)
    await house.restore(ACCOUNT, generation.generation_id)
    assert (await house.shares.read.opened(token)).outputs


async def test_an_ended_link_and_one_that_never_was_are_told_the_same(house: House) -> None:
    """Whoever guesses learns nothing."""
    generation = await delivered(house)
    made, token = await share(house, generation)
    await withdraw(house, generation, made.share_id)
    with pytest.raises(ShareEnded) as ended:
        await house.shares.read.opened(token)
    with pytest.raises(ShareEnded) as unknown:
        await house.shares.read.opened("x" * 43)
    assert (str(ended.value), ended.value.details) == (str(unknown.value), unknown.value.details)


async def test_what_has_no_output_is_not_shared(house: House) -> None:
    """Neither while it runs nor when it failed."""
    generation = await house.queued()
    with pytest.raises(NothingToShare):
        await share(house, generation)
    await house.cancel(ACCOUNT, generation.generation_id)
    with pytest.raises(NothingToShare):
        await share(house, generation)
    assert house.units.tables.shares == {}
    await house.facts.expect("GenerationQueued", "GenerationCancelled")


async def test_a_job_has_a_bounded_number_of_links(house: House) -> None:
    """However many ask at once; one that ended makes room, and is forgotten."""
    generation = await delivered(house)
    _, kept = await share(house, generation, lifetime_s=DAY_S)
    for _ in range(SHARES_MAX - 2):
        await share(house, generation)
    answers = await asyncio.gather(*(share(house, generation) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers].count(TooManyShares) == 2
    assert len(house.units.tables.shares) == SHARES_MAX
    house.clock.forward(seconds=HOUR_S)
    await share(house, generation)
    assert len(house.units.tables.shares) == 2
    assert (await house.shares.read.opened(kept)).outputs


def test_tokens_are_random_and_long() -> None:
    """43 characters of a URL, never the same twice."""
    tokens = {SystemTokens().new() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}


async def test_lifetimes_are_whole(house: House) -> None:
    """What is listed says until when, newest first."""
    generation = await delivered(house)
    first, _ = await share(house, generation, lifetime_s=DAY_S)
    second, _ = await share(house, generation)
    listed = await house.shares.read.of(ACCOUNT, generation.generation_id)
    assert [one.share_id for one in listed] == [second.share_id, first.share_id]
    assert listed[1].expires_at - listed[1].created_at == timedelta(days=1)
