"""When a provider is asked no more, when it is tried, and when it is asked again."""

from datetime import timedelta
from typing import Any

import pytest
from generation.adapters.outbound.circuit_breakers import CircuitGuard, account_told, circuit_told
from generation.adapters.outbound.memory_meter import MemoryMeter
from generation.application.judge_provider import account_is_well, provider_is_well
from generation.domain.generation import Failure
from generation.domain.identifiers import GenerationId, ModelId
from generation.domain.provider_pause import PauseReason
from generation.ports.media_provider import RunReport, RunState
from generation.ports.provider_guard import Call
from generation_house import HandClock

FAILED = RunReport(RunState.FAILED, retryable=True)
MADE = RunReport(RunState.SUCCEEDED)
TROUBLE = RunReport(RunState.FAILED, retryable=True, account_trouble=True)
REFUSED = RunReport(RunState.FAILED, failure=Failure("CONTENT_REFUSED", "no"))
MOMENT = timedelta(microseconds=1)


def call(number: int = 0, *, provider: str = "easel", model: str = "a/b") -> Call:
    """A job's."""
    return Call(provider, ModelId(model), GenerationId(f"gen_{number}"))


class Circuits:
    """Circuits of models, by a clock that is moved by hand."""

    def __init__(self) -> None:
        self.clock, self.meter = HandClock(), MemoryMeter()
        self.guard = self.made()

    def made(self) -> CircuitGuard:
        """What is looked at here."""
        return CircuitGuard(
            self.clock,
            of=lambda call: (call.provider, call.model_id),
            is_well=provider_is_well,
            failures_max=5,
            tell=circuit_told(self.meter),
            reason=PauseReason.FAILING,
        )

    def pause_s(self, asked: Call | None = None) -> float | None:
        """How long nobody may ask."""
        until = self.guard.closed_until(asked or call())
        return (until - self.clock.now()).total_seconds() if until else None

    def enters(self, number: int) -> bool:
        """Whether a job got in, which asks now if it may."""
        if self.guard.closed_until(call(number)) is not None:
            return False
        self.guard.enter(call(number))
        return True

    def ends(self, report: RunReport, *numbers: int) -> None:
        """These jobs end so."""
        for number in numbers:
            self.guard.heard(call(number), report)

    def opened(self) -> None:
        """Five jobs fail."""
        self.ends(FAILED, 1, 2, 3, 4, 5)


class Accounts(Circuits):
    """Circuits of our accounts."""

    def made(self) -> CircuitGuard:
        return CircuitGuard(
            self.clock,
            of=lambda call: call.provider,
            is_well=account_is_well,
            failures_max=1,
            tell=account_told(self.meter),
            reason=PauseReason.ACCOUNT,
        )


@pytest.fixture
def circuits() -> Circuits:
    """Everything is well."""
    return Circuits()


@pytest.fixture
def accounts() -> Accounts:
    """Everything is paid."""
    return Accounts()


def test_five_jobs_that_fail_in_a_row_open_a_circuit(circuits: Circuits) -> None:
    """Four do not, and one that ends well begins the count anew; operators are told once."""
    circuits.ends(FAILED, 1, 2, 3, 4)
    circuits.ends(MADE, 5)
    circuits.ends(FAILED, 1, 2, 3, 4)
    assert (circuits.pause_s(), circuits.meter.circuits) == (None, [])
    circuits.ends(FAILED, 5, 6)
    assert circuits.pause_s() == 30
    assert circuits.meter.circuits == [("easel", "a/b", True)]
    assert circuits.meter.troubles == []


def test_neighbours_are_not_touched(circuits: Circuits) -> None:
    """Another model of the same provider, and the same model at another provider."""
    circuits.opened()
    assert circuits.pause_s(call(provider="easel", model="a/c")) is None
    assert circuits.pause_s(call(provider="fresco")) is None


def test_one_job_alone_opens_nothing(circuits: Circuits) -> None:
    """However often it tries: what is wrong may be the job."""
    circuits.ends(FAILED, *[1] * 20)
    assert circuits.pause_s() is None
    circuits.ends(FAILED, 2, 3, 4)
    assert circuits.pause_s() is None
    circuits.ends(FAILED, 5)
    assert circuits.pause_s() == 30


def test_what_is_the_jobs_own_counts_for_nothing(circuits: Circuits) -> None:
    """Neither against the provider, nor for it."""
    circuits.ends(FAILED, 1, 2, 3, 4)
    circuits.ends(REFUSED, *range(5, 25))
    assert circuits.pause_s() is None
    circuits.ends(FAILED, 25)
    assert circuits.pause_s() == 30


def test_one_job_tries_when_the_pause_is_over(circuits: Circuits) -> None:
    """Exactly one, at its moment; it closes the circuit, and the next trouble is a first one again."""
    circuits.opened()
    circuits.clock.moment += timedelta(seconds=30) - MOMENT
    assert not circuits.enters(6)
    circuits.clock.moment += MOMENT
    assert [circuits.enters(number) for number in (6, 7, 8)] == [True, False, False]
    circuits.ends(MADE, 6)
    assert [circuits.enters(number) for number in (7, 8)] == [True, True]
    assert circuits.meter.circuits == [("easel", "a/b", True), ("easel", "a/b", False)]
    circuits.ends(FAILED, 1, 2, 3, 4)
    assert circuits.pause_s() is None
    circuits.ends(FAILED, 5)
    assert circuits.pause_s() == 30


def test_a_try_that_fails_doubles_the_pause_up_to_a_bound(circuits: Circuits) -> None:
    """Nobody is told again."""
    circuits.opened()
    for number, pause_s in enumerate((30, 60, 120, 240, 300, 300)):
        assert circuits.pause_s() == pause_s
        circuits.clock.forward(seconds=pause_s)
        assert circuits.enters(number)
        circuits.ends(FAILED, number)
    assert circuits.meter.circuits == [("easel", "a/b", True)]


@pytest.mark.parametrize("report", [FAILED, MADE], ids=["failed", "made"])
def test_what_ends_late_changes_nothing(circuits: Circuits, report: RunReport) -> None:
    """It began before the trouble, or with it: only a try decides."""
    circuits.opened()
    circuits.clock.forward(seconds=10)
    circuits.ends(report, *range(10, 20))
    assert circuits.pause_s() == 20
    circuits.clock.forward(seconds=20)
    assert circuits.enters(6)
    circuits.ends(report, *range(20, 30))
    assert circuits.pause_s() == 30
    assert circuits.meter.circuits == [("easel", "a/b", True)]


def test_a_try_that_tells_nothing_costs_a_pause(circuits: Circuits) -> None:
    """It was refused for what it asked: another may try, when its time has come, and either may decide."""
    circuits.opened()
    circuits.clock.forward(seconds=30)
    assert circuits.enters(6)
    circuits.ends(REFUSED, 6)
    assert circuits.pause_s() == 30
    circuits.clock.forward(seconds=30)
    assert [circuits.enters(number) for number in (7, 8)] == [True, False]
    circuits.clock.forward(seconds=30)
    assert circuits.enters(9)
    circuits.ends(MADE, 7)
    assert circuits.pause_s() is None


def test_looking_is_no_try(circuits: Circuits) -> None:
    """Whoever asks whether it is closed takes nobody's turn."""
    circuits.opened()
    circuits.clock.forward(seconds=30)
    assert [circuits.pause_s() for _ in range(3)] == [None] * 3
    assert circuits.enters(6)


def test_trouble_with_our_account_closes_a_provider_at_once(accounts: Accounts) -> None:
    """For all of its models, and no other; operators are told once, until it is over."""
    accounts.ends(TROUBLE, 1, 2)
    assert accounts.pause_s() == accounts.pause_s(call(model="a/c")) == 30
    assert accounts.pause_s(call(provider="fresco")) is None
    accounts.clock.forward(seconds=30)
    assert accounts.enters(3)
    accounts.ends(TROUBLE, 3)
    assert accounts.pause_s() == 60
    assert accounts.meter.troubles == [("easel", True)]
    accounts.clock.forward(seconds=60)
    assert accounts.enters(4)
    accounts.ends(MADE, 4)
    assert accounts.pause_s() is None
    assert accounts.meter.troubles == [("easel", True), ("easel", False)]
    assert accounts.meter.circuits == []


@pytest.mark.parametrize(("asked_s", "expected"), [(29, 30), (31, 31), (1000, 1000), (None, 30)])
def test_a_provider_may_ask_for_a_longer_pause(
    accounts: Accounts, asked_s: float | None, expected: float
) -> None:
    """Never for a shorter one."""
    asked: dict[str, Any] = {"account_trouble": True, "retry_after_s": asked_s}
    accounts.ends(RunReport(RunState.FAILED, retryable=True, **asked), 1)
    assert accounts.pause_s() == expected


@pytest.mark.parametrize(
    ("report", "opens"),
    [(MADE, True), (REFUSED, True), (FAILED, False), (RunReport(RunState.CANCELLED), False)],
    ids=["made", "refused for what was asked", "try again", "stopped"],
)
def test_an_account_is_well_once_a_request_was_dealt_with(
    accounts: Accounts, report: RunReport, opens: bool
) -> None:
    """Whatever became of it; of an account that is well there is no news."""
    accounts.ends(report, 1)
    assert accounts.meter.troubles == []
    accounts.ends(TROUBLE, 1)
    accounts.clock.forward(seconds=30)
    assert accounts.enters(2)
    accounts.ends(report, 2)
    assert (accounts.pause_s() is None) == opens
    assert accounts.meter.troubles == [("easel", True), *([("easel", False)] if opens else [])]


def test_what_is_left_alone_is_told_until_it_is_well(circuits: Circuits, accounts: Accounts) -> None:
    """Since when and until when; while one tries, too; of an account every model."""
    circuits.ends(FAILED, 1, 2, 3, 4)
    assert list(circuits.guard.pauses()) == []
    began = circuits.clock.now()
    circuits.ends(FAILED, 5)
    (pause,) = circuits.guard.pauses()
    assert (pause.provider, pause.model_id, pause.reason) == ("easel", "a/b", PauseReason.FAILING)
    assert (pause.since, pause.until) == (began, began + timedelta(seconds=30))
    circuits.clock.moment = pause.until
    assert circuits.enters(6)
    circuits.ends(FAILED, 6)
    (longer,) = circuits.guard.pauses()
    assert (longer.since, longer.until) == (began, circuits.clock.now() + timedelta(seconds=60))
    circuits.clock.moment = longer.until
    assert circuits.enters(7)
    circuits.ends(MADE, 7)
    assert list(circuits.guard.pauses()) == []
    accounts.ends(TROUBLE, 1)
    (whole,) = accounts.guard.pauses()
    assert (whole.provider, whole.model_id, whole.reason) == ("easel", None, PauseReason.ACCOUNT)
