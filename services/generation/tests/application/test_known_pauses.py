"""What workers say of providers is put together, and forgotten with the worker that said it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from generation.adapters.inbound.heard_pauses import read
from generation.adapters.outbound.nats_pauses import NatsPauseBoard
from generation.application.known_pauses import STALE_AFTER, KnownPauses
from generation.application.provider_gate import ProviderGate
from generation.application.retry_after import RetryAfterGuard
from generation.application.tell_pauses import TellPausesHandler
from generation.domain.identifiers import GenerationId, ModelId
from generation.domain.provider_pause import PauseReason, ProviderPause
from generation.ports.media_provider import RunReport, RunState
from generation.ports.provider_guard import Call
from generation_house import HandClock


def pause(clock: HandClock, *, until_s: float = 30, model: str | None = "a/b") -> ProviderPause:
    """One that began now."""
    return ProviderPause(
        provider="easel",
        model_id=ModelId(model) if model else None,
        reason=PauseReason.FAILING if model else PauseReason.ACCOUNT,
        since=clock.now(),
        until=clock.now() + timedelta(seconds=until_s),
    )


def test_workers_words_are_put_together() -> None:
    """Since the first and until the last of them; how many say so, and how many were heard."""
    clock = HandClock()
    known, first = KnownPauses(clock), pause(clock)
    known.hear("wrk_1", [first])
    clock.moment += timedelta(seconds=5)
    second = pause(clock, until_s=60)
    known.hear("wrk_2", [second, pause(clock, model=None)])
    known.hear("wrk_3", [])
    report = known.report()
    assert report.workers == 3
    assert [(heard.pause.model_id, heard.workers) for heard in report.pauses] == [(None, 1), ("a/b", 2)]
    merged = report.pauses[1].pause
    assert (merged.since, merged.until) == (first.since, second.until)


def test_a_word_is_good_until_the_next_or_until_its_worker_is_silent() -> None:
    """What is well again is gone at once; what a dead worker said, in fifteen seconds."""
    clock = HandClock()
    known = KnownPauses(clock)
    known.hear("wrk_1", [pause(clock)])
    known.hear("wrk_2", [pause(clock)])
    known.hear("wrk_1", [])
    assert [heard.workers for heard in known.report().pauses] == [1]
    clock.moment += STALE_AFTER
    assert (known.report().workers, list(known.report().pauses)) == (0, [])


class Wire:
    """The broker, or one that is away."""

    def __init__(self, *, away: bool = False) -> None:
        self.sent: list[bytes] = []
        self.away = away

    async def publish(self, _subject: str, payload: bytes) -> None:
        """Send it."""
        if self.away:
            raise ConnectionError("away")
        self.sent.append(payload)


async def test_a_worker_says_all_that_it_leaves_alone() -> None:
    """Over the wire as it was said; a broker that is away stops no worker."""
    clock = HandClock()
    guard, wire = RetryAfterGuard(clock), Wire()
    tell = TellPausesHandler(ProviderGate((guard,)), NatsPauseBoard(wire), "wrk_1")  # type: ignore[arg-type]
    await tell()
    asked = Call("easel", ModelId("a/b"), GenerationId("gen_1"))
    guard.heard(asked, RunReport(RunState.FAILED, retryable=True, retry_after_s=20))
    await tell()
    assert [read(payload) for payload in wire.sent] == [("wrk_1", []), ("wrk_1", list(guard.pauses()))]
    (told,) = guard.pauses()
    assert (told.reason, told.until - told.since) == (PauseReason.ASKED_TO_WAIT, timedelta(seconds=20))
    clock.moment = told.until
    assert guard.pauses() == []
    away = NatsPauseBoard(Wire(away=True))  # type: ignore[arg-type]
    await TellPausesHandler(ProviderGate((guard,)), away, "wrk_1")()


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"[]", b'{"worker": "w", "pauses": [{}]}', b'{"worker": "w", "pauses": 5}', b"\xff"],
)
def test_what_is_no_word_is_not_heard(payload: bytes) -> None:
    """Whoever sent it."""
    kinds: tuple[Any, ...] = (ValueError, KeyError, TypeError, AttributeError)
    with pytest.raises(kinds):
        read(payload)


def test_a_reason_of_a_later_release_is_left_out() -> None:
    """The rest is heard."""
    strange = {"provider": "p", "model_id": None, "reason": "on strike", "since": "x", "until": "x"}
    told = json.dumps({"worker": "w", "pauses": [strange]}).encode()
    assert read(told) == ("w", [])
