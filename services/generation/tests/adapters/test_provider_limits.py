"""How much a provider is asked for at a time."""

from types import SimpleNamespace

import limits.storage.memory
import pytest
from generation.adapters.outbound import provider_limits
from generation.adapters.outbound.provider_limits import LimitGuard, Limits, LimitSettings, limits_in
from generation.adapters.outbound.providers.registry import ChosenProvider
from generation.domain.identifiers import GenerationId, ModelId
from generation.ports.provider_guard import Call
from generation_house import HandClock
from limits import parse
from pydantic import ValidationError


def call(number: int, *, provider: str = "easel", model: str = "a/b") -> Call:
    """A job's."""
    return Call(provider, ModelId(model), GenerationId(f"gen_{number}"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    """The service's clock, which the library goes by as well."""
    moved = HandClock()
    by_hand = SimpleNamespace(time=lambda: moved.now().timestamp())
    monkeypatch.setattr(limits.storage.memory, "time", by_hand)
    monkeypatch.setattr(provider_limits, "time", by_hand)
    return moved


def test_so_many_runs_at_once(clock: HandClock) -> None:
    """Of all models together; the next one looks again, and finds a place when a run has left."""
    guard = LimitGuard({"easel": Limits(runs_max=2)}, clock)
    for number, model in ((1, "a/b"), (2, "a/c")):
        assert guard.closed_until(call(number, model=model)) is None
        guard.enter(call(number, model=model))
    until = guard.closed_until(call(3))
    assert until is not None
    assert (until - clock.now()).total_seconds() == provider_limits.LOOK_AGAIN_S
    assert guard.closed_until(call(3, provider="fresco")) is None
    guard.left(call(3))
    assert guard.closed_until(call(3)) == until
    guard.left(call(1))
    guard.left(call(1))
    assert guard.closed_until(call(3)) is None


def test_a_run_that_was_begun_elsewhere_has_its_place(clock: HandClock) -> None:
    """Past the limit too: it is there, whoever began it."""
    guard = LimitGuard({"easel": Limits(runs_max=1)}, clock)
    guard.resumed(call(1))
    guard.resumed(call(2))
    guard.left(call(1))
    assert guard.closed_until(call(3)) is not None
    guard.left(call(2))
    assert guard.closed_until(call(3)) is None


def test_so_many_submits_in_a_time(clock: HandClock) -> None:
    """The next one at the moment when the first leaves the window; looking costs nothing."""
    guard = LimitGuard({"easel": Limits(rate=parse("2/minute"))}, clock)
    for number in (1, 2):
        assert guard.closed_until(call(number)) is None
        assert guard.closed_until(call(number)) is None
        guard.enter(call(number))
        guard.left(call(number))
        clock.forward(seconds=10)
    until = guard.closed_until(call(3))
    assert until is not None
    assert (until - clock.now()).total_seconds() == pytest.approx(40)
    assert guard.closed_until(call(3, provider="fresco")) is None
    clock.forward(seconds=41)
    assert guard.closed_until(call(3)) is None
    guard.enter(call(3))
    assert guard.closed_until(call(4)) is not None


def test_without_a_word_nothing_is_limited(clock: HandClock) -> None:
    """As many runs as there are jobs."""
    guard = LimitGuard({"easel": Limits()}, clock)
    for number in range(1000):
        assert guard.closed_until(call(number)) is None
        guard.enter(call(number))


def test_every_provider_has_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under its own name, whatever its folder says of it."""
    monkeypatch.setenv("GENERATION_DRAWER_RUNS_MAX", "3")
    monkeypatch.setenv("GENERATION_DRAWER_RATE", "60/minute")
    settings = ChosenProvider("drawer", "local").settings_class()()
    assert limits_in(settings) == Limits(3, parse("60/minute"))
    assert limits_in(ChosenProvider("local", "local").settings_class()()) == Limits()


@pytest.mark.parametrize(("name", "value"), [("rate", "often"), ("rate", ""), ("runs_max", 0)])
def test_a_limit_that_is_none_ends_the_start(name: str, value: object) -> None:
    """With the setting's name."""
    with pytest.raises(ValidationError, match=name):
        LimitSettings.model_validate({name: value})
