"""Every provider in its folder does what the port promises: against its stand-in, and against anybody.

A provider takes part by being there. What the suite has to know of it is in `provider_profiles`.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from embedded.ports import free_ports
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.providers.registry import folders
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.chat_provider import ChatProvider
from generation.ports.media_provider import Preview, ProviderUnavailable, RunState
from provider_profile import host_that_says, profile_of, said
from provider_stage import Opens, ended, outcome, run_of

pytestmark = [pytest.mark.server, pytest.mark.real_time]

GAP_S_MAX, GAP_S_MAX_WITH_WEBHOOK = 15.0, 60.0
REMOTE = [folder for folder in folders() if profile_of(folder).settings is not None]
every = pytest.mark.parametrize("folder", folders())
remote = pytest.mark.parametrize("folder", REMOTE)
# What a user must never be told of: it is our account.
OURS = ("key", "quota", "balance", "billing", "pay", "account")
DEEP = b"[" * 5_000 + b"]" * 5_000
GARBAGE = {
    "nothing": said(200, b""),
    "no content": said(204, b""),
    "a word": said(200, b'"yes"'),
    "null": said(200, b"null"),
    "a list": said(200, b"[1, 2]"),
    "an empty object": said(200, b"{}"),
    "nulls": said(200, b'{"id": null, "status": null, "data": null, "created": null}'),
    "other types": said(200, b'{"id": {}, "status": [], "data": "x", "choices": 7, "outputs": 1}'),
    "bytes": said(200, bytes(range(256))),
    "half an object": said(200, b'{"id": "run_1", "sta'),
    "a page": said(200, b"<html><body>Welcome</body></html>", kind="text/html"),
    "a deep list": said(200, DEEP),
    "not HTTP": b"\x00\x01\x02 hello\r\n\r\n",
}


@every
async def test_it_makes_what_is_asked_for(folder: str, opens: Opens) -> None:
    """Files that the intake accepts; and what it cost, exactly where the provider says so."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        report = await ended(provider, await provider.submit(run_of(profile, profile.input)))
        assert (report.state, report.failure) == (RunState.SUCCEEDED, None)
        assert report.outputs
        for output in report.outputs:
            async with FileIntake(50_000_000).receive(output, modality=profile.modality) as media:
                assert media.size_bytes > 0
        assert (report.cost_usd_micros is not None) == provider.capabilities.cost


@every
async def test_who_holds_chats_says_so(folder: str, opens: Opens) -> None:
    """Declared: it can be asked for one, and nobody else can."""
    async with opens(folder) as provider:
        assert isinstance(provider, ChatProvider) is provider.capabilities.interactive


@every
async def test_who_shows_previews_says_so(folder: str, opens: Opens) -> None:
    """Declared: some come, no more than were asked for, and the run ends as without; else none do."""
    profile = profile_of(folder)
    shown: list[Preview] = []
    async with opens(folder) as provider:
        run = run_of(profile, profile.input, "att_shown")
        run_id = await provider.submit(replace(run, previews_max=2, on_preview=shown.append))
        assert (await ended(provider, run_id)).state is RunState.SUCCEEDED
        assert bool(shown) is provider.capabilities.previews
    assert len(shown) <= 2
    assert all(preview.content for preview in shown)


@every
async def test_a_key_names_one_run(folder: str, opens: Opens) -> None:
    """Declared: it is found by its key, another key is nobody's, and a second submit is the first one."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        run = run_of(profile, profile.input, "att_of_a_key")
        run_id = await provider.submit(run)
        if provider.capabilities.look_up:
            assert await provider.find(run.key) == run_id
            assert await provider.find(AttemptId("att_nobody")) is None
        if provider.capabilities.idempotency_key:
            assert await provider.submit(run) == run_id
        other = await provider.submit(run_of(profile, profile.input, "att_of_another"))
        assert other != run_id
        assert {(await ended(provider, each)).state for each in (run_id, other)} == {RunState.SUCCEEDED}


@every
async def test_a_run_is_stopped(folder: str, opens: Opens) -> None:
    """Declared: it ends as cancelled, however often it is told; a run that is not there is no error."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        run_id = await provider.submit(run_of(profile, profile.slow, "att_slow"))
        assert (await provider.check(run_id)).state is RunState.RUNNING
        if provider.capabilities.cancel:
            await provider.cancel(run_id)
            await provider.cancel(run_id)
            await provider.cancel(RunId("nobody"))
            assert (await ended(provider, run_id)).state is RunState.CANCELLED
        assert not provider.is_paying(RunId("nobody"))


@every
async def test_a_run_that_is_not_there_is_unknown(folder: str, opens: Opens) -> None:
    """Not failed: nobody has said how it ended."""
    async with opens(folder) as provider:
        assert (await provider.check(RunId("nobody"))).state is RunState.UNKNOWN


@every
async def test_a_run_is_forgotten(folder: str, opens: Opens) -> None:
    """Once it has ended, twice, and one that was never there."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        run_id = await provider.submit(run_of(profile, profile.input, "att_forgotten"))
        await ended(provider, run_id)
        await provider.forget(run_id)
        await provider.forget(run_id)
        await provider.forget(RunId("nobody"))


@every
async def test_refused_content_is_the_users(folder: str, opens: Opens) -> None:
    """It is told apart, and not tried again."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        report = await outcome(provider, run_of(profile, profile.refused, "att_refused"))
    assert report is not None
    assert report.failure is not None
    assert (report.failure.reason, report.retryable) == ("CONTENT_REFUSED", False)
    assert not report.account_trouble


@every
async def test_it_is_looked_at_often_enough(folder: str, opens: Opens) -> None:
    """Gaps grow, and stay within what somebody who waits would bear."""
    async with opens(folder) as provider:
        gaps_s = [gap_s for gap_s, _ in zip(provider.polling.gaps_s(), range(100), strict=False)]
        most_s = GAP_S_MAX_WITH_WEBHOOK if provider.capabilities.webhook else GAP_S_MAX
    assert gaps_s == sorted(gaps_s)
    assert 0 < gaps_s[0] <= 2
    assert gaps_s[-1] <= most_s


@remote
async def test_a_busy_provider_says_until_when(folder: str, opens: Opens) -> None:
    """429 is no verdict on the job, and its Retry-After is passed on."""
    profile = profile_of(folder)
    async with host_that_says(said(429, retry_after="7")) as host, opens(folder, host.url) as provider:
        report = await outcome(provider, run_of(profile, profile.input))
    assert report is not None
    assert (report.state, report.retryable, report.retry_after_s) == (RunState.FAILED, True, 7)
    assert not report.account_trouble
    assert host.requests == 1


@remote
@pytest.mark.parametrize("status", [401, 402, 403])
async def test_trouble_with_our_account_is_ours(folder: str, status: int, opens: Opens) -> None:
    """Operators are told, another provider may do it, and the user hears nothing of keys or money."""
    profile = profile_of(folder)
    async with host_that_says(said(status)) as host, opens(folder, host.url) as provider:
        report = await outcome(provider, run_of(profile, profile.input))
    assert report is not None
    assert (report.account_trouble, report.retryable) == (True, True)
    assert report.failure is not None
    assert report.failure.reason == "PROVIDER_FAILED"
    assert not [word for word in OURS if word in report.failure.detail.lower()]
    assert host.requests == 1


@remote
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_provider_in_trouble_may_be_asked_again(folder: str, status: int, opens: Opens) -> None:
    """And is not asked twice by the adapter itself: a second submit may be a second bill."""
    profile = profile_of(folder)
    page = said(status, b"<h1>oh</h1>", kind="text/html")
    async with host_that_says(page) as host, opens(folder, host.url) as provider:
        report = await outcome(provider, run_of(profile, profile.input))
    assert report is None or (report.retryable and not report.account_trouble)
    assert host.requests == 1


@remote
async def test_nobody_there_is_no_bill(folder: str, opens: Opens) -> None:
    """A connection that was never made may be tried again."""
    profile = profile_of(folder)
    async with opens(folder, f"http://127.0.0.1:{free_ports(1)[0]}") as provider:
        report = await outcome(provider, run_of(profile, profile.input))
    assert report is None or report.retryable


@remote
@pytest.mark.parametrize("answer", [b"", None], ids=["cut off", "silent"])
async def test_a_submit_that_may_have_arrived_is_not_repeated(
    folder: str, answer: bytes | None, opens: Opens
) -> None:
    """Where a key or a look-up tells, nothing is known yet; where none does, the job fails unpaid."""
    profile = profile_of(folder)
    async with host_that_says(answer) as host, opens(folder, host.url, impatient=True) as provider:
        report = await outcome(provider, run_of(profile, profile.input))
        tells = provider.capabilities.look_up or provider.capabilities.idempotency_key
        if provider.capabilities.in_call or not tells:
            assert report is not None
            assert (report.state, report.retryable) == (RunState.FAILED, False)
        else:
            assert report is None
    assert host.requests == 1


@remote
@pytest.mark.parametrize("answer", list(GARBAGE.values()), ids=list(GARBAGE))
async def test_an_answer_that_makes_no_sense_is_a_failure(folder: str, answer: bytes, opens: Opens) -> None:
    """Or no answer at all; never a success, never our account, and never an exception of another kind."""
    profile = profile_of(folder)
    async with host_that_says(answer) as host, opens(folder, host.url, impatient=True) as provider:
        report = await outcome(provider, run_of(profile, profile.input))
    assert report is None or (report.state is RunState.FAILED and report.failure is not None)
    assert report is None or not report.account_trouble
    assert host.requests == 1


POLLED = {
    "busy": said(429, retry_after="7"),
    "in trouble": said(503),
    "cut off": b"",
    "silent": None,
    **GARBAGE,
}


@remote
@pytest.mark.parametrize("answer", list(POLLED.values()), ids=list(POLLED))
async def test_a_poll_without_a_sensible_answer_is_no_verdict(
    folder: str, answer: bytes | None, opens: Opens
) -> None:
    """The run may be well: it is asked again, when the provider says so. A call is not polled at its host."""
    profile = profile_of(folder)
    async with opens(folder) as provider:
        run_id = await provider.submit(run_of(profile, profile.slow, "att_polled"))
    async with host_that_says(answer) as host, opens(folder, host.url, impatient=True) as provider:
        if provider.capabilities.in_call:
            assert (await provider.check(run_id)).state is RunState.UNKNOWN
            assert host.requests == 0
            return
        with pytest.raises(ProviderUnavailable) as away:
            await provider.check(run_id)
        assert host.requests == 1
    if answer == POLLED["busy"]:
        assert away.value.retry_after_s == 7


def test_every_provider_has_a_profile() -> None:
    """And no profile is left of one that is gone; somebody is at the other end of a connection."""
    profiles = Path(__file__).parents[1] / "provider_profiles"
    assert {path.stem for path in profiles.glob("[a-z]*.py")} == set(folders())
    assert "openai" in REMOTE
