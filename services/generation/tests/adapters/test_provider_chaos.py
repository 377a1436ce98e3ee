"""Every provider whose stand-in knows chaos: nothing is bought twice, and nothing bad is delivered.

A provider takes part by saying `knows_chaos` in its profile.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.providers.registry import folders
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.media_intake import OutputUnusable
from generation.ports.media_provider import MediaProvider, ProviderUnavailable, Run, RunReport, RunState
from provider_profile import Profile, profile_of
from provider_stage import ENDS_WITHIN_S, Opens, ended, outcome, run_of

pytestmark = [pytest.mark.server, pytest.mark.real_time]
KNOWING = [folder for folder in folders() if profile_of(folder).knows_chaos]
chaotic = pytest.mark.parametrize("folder", KNOWING)
Standins = Callable[[str], str]


async def submitted(provider: MediaProvider, profile: Profile, word: str, key: str) -> RunReport:
    """The end of a run with an order in its prompt."""
    return await ended(provider, await provider.submit(run_of(profile, profile.ordering(word), key)))


async def usable(profile: Profile, report: RunReport) -> list[bool]:
    """Which of a run's files the intake takes."""
    taken = []
    for output in report.outputs:
        try:
            async with FileIntake(50_000_000).receive(output, modality=profile.modality):
                taken.append(True)
        except OutputUnusable:
            taken.append(False)
    return taken


def started(url: str, prompt: str) -> int:
    """How many runs were started for a prompt, at somebody's cost."""
    counted = httpx.get(f"{url}/_test/calls").json()["data"]
    return sum(each["started"] for each in counted if each["prompt"] == prompt)


def order(url: str, **words: Any) -> None:
    """What whoever has no order of its own is in for."""
    httpx.post(f"{url}/_test/chaos", json=words).raise_for_status()


@chaotic
@pytest.mark.parametrize("word", ["html", "truncated", "empty", "private", "gone"])
async def test_files_that_are_none_are_not_delivered(folder: str, word: str, opens: Opens) -> None:
    """A page, half a file, nothing, an address of ours, a link that has run out."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        report = await submitted(provider, profile, word, f"att_{word}")
        assert report.state is RunState.SUCCEEDED
        assert report.outputs
        assert not any(await usable(profile, report))


@chaotic
async def test_a_file_is_what_its_bytes_are(folder: str, opens: Opens) -> None:
    """Whatever type its host says that it has."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        report = await submitted(provider, profile, "wrong_type", "att_type")
        assert all(await usable(profile, report))


@chaotic
async def test_one_bad_file_leaves_its_neighbours(folder: str, opens: Opens) -> None:
    """The last one is a page; those before it are delivered."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        report = await submitted(provider, profile, "part", "att_part")
        taken = await usable(profile, report)
    assert taken == [*[True] * (len(taken) - 1), False]
    assert len(taken) > 1


@chaotic
async def test_success_without_files_delivers_nothing(folder: str, opens: Opens) -> None:
    """It is no failure of the job's input, and no file."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        report = await submitted(provider, profile, "no_files", "att_nothing")
    assert report.outputs == ()
    assert report.state in (RunState.SUCCEEDED, RunState.FAILED)


@chaotic
async def test_a_run_that_fails_may_be_tried_again(folder: str, opens: Opens) -> None:
    """The provider's own failure is not the user's."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        report = await submitted(provider, profile, "fail", "att_fail")
    assert (report.state, report.retryable, report.account_trouble) == (RunState.FAILED, True, False)
    assert report.failure is not None
    assert report.failure.reason == "PROVIDER_FAILED"


@chaotic
@pytest.mark.parametrize("word", ["rate_limited", "busy", "error", "unpaid", "page", "hang"])
async def test_a_submit_that_is_turned_away_started_nothing(
    folder: str, word: str, opens: Opens, standins: Standins
) -> None:
    """It is made once, and whoever tries again finds nothing started."""
    profile = profile_of(folder)
    job = profile.ordering(word)
    async with opens(folder, impatient=True) as provider:
        report = await outcome(provider, run_of(profile, job, f"att_{word}"))
    assert report is None or report.state is RunState.FAILED
    assert (report is not None and report.account_trouble) == (word == "unpaid")
    assert started(standins(folder), profile.words(word)) == 0


@chaotic
async def test_a_run_whose_submit_was_not_answered_is_bought_once(
    folder: str, opens: Opens, standins: Standins
) -> None:
    """Found by our key, or submitted again under it; where neither tells, the job fails unpaid."""
    profile = profile_of(folder)
    run = run_of(profile, profile.ordering("lost:1"), "att_lost")
    async with opens(folder, impatient=True) as provider:
        report = await outcome(provider, run)
        can = provider.capabilities
        if can.look_up or can.idempotency_key:
            assert report is None
            run_id = await found(provider, run)
            assert (await ended(provider, run_id)).state is RunState.SUCCEEDED
        else:
            assert report is not None
            assert (report.state, report.retryable) == (RunState.FAILED, False)
    assert started(standins(folder), profile.words("lost:1")) == 1


async def found(provider: MediaProvider, run: Run) -> RunId:
    """The run of a submit whose answer was lost, as whoever follows it finds it."""
    if provider.capabilities.look_up and (run_id := await provider.find(AttemptId(run.key))):
        return run_id
    return await provider.submit(run)


@chaotic
async def test_polls_that_go_wrong_are_no_verdict(folder: str, opens: Opens, standins: Standins) -> None:
    """The run ends well, however many of them do."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        run_id = await provider.submit(run_of(profile, profile.input, "att_polls"))
        order(standins(folder), polls=["error", "rate_limited", "page", "busy", ""])
        try:
            state, away = RunState.RUNNING, 0
            async with asyncio.timeout(ENDS_WITHIN_S):
                while state is RunState.RUNNING:
                    try:
                        state = (await provider.check(run_id)).state
                    except ProviderUnavailable:
                        away += 1
                    await asyncio.sleep(0.02)
        finally:
            order(standins(folder))
    assert state is RunState.SUCCEEDED
    assert away >= 4


@chaotic
async def test_stopping_what_has_ended_changes_nothing(folder: str, opens: Opens) -> None:
    """It came too late, and is no error; one that was stopped stays so."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        if not provider.capabilities.cancel:
            pytest.skip("nothing can be stopped there")
        run_id = await provider.submit(run_of(profile, profile.input, "att_late"))
        await ended(provider, run_id)
        await provider.cancel(run_id)
        assert (await provider.check(run_id)).state is RunState.SUCCEEDED


def test_somebody_knows_chaos() -> None:
    """The suite runs over those who say so."""
    assert "replicate" in KNOWING
