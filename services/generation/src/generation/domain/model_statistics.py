"""How a model fared of late, over everybody's tries; nobody's own can be told from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from generation.domain.attempt import Outcome
from generation.domain.identifiers import ModelId

# They say something of whoever runs the model; what was cancelled, or asks for what is not made, does not.
TELLING = frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.LOST})
NOT_TELLING = frozenset({"CONTENT_REFUSED"})
# Fewer would be a guess, and would tell of somebody's own jobs.
RUNS_MIN = 5


@dataclass(frozen=True)
class RunCount:
    """Tries of a model at one provider; None: at all of them."""

    model_id: ModelId
    provider: str | None
    runs: int
    succeeded: int
    # Of those that succeeded; None where none did.
    median_duration_s: float | None


@dataclass(frozen=True)
class RunStatistics:
    """What is told of them; None while too few were made."""

    success_rate: float | None = None
    median_duration_s: float | None = None


@dataclass(frozen=True)
class ModelStatistics:
    """A model's, over all providers and of each that made enough."""

    overall: RunStatistics = RunStatistics()
    providers: Mapping[str, RunStatistics] = field(default_factory=dict)


def told(counts: Iterable[RunCount]) -> dict[ModelId, ModelStatistics]:
    """Return what may be told, by model."""
    overall: dict[ModelId, RunStatistics] = {}
    providers: dict[ModelId, dict[str, RunStatistics]] = {}
    for count in counts:
        if count.runs < RUNS_MIN:
            continue
        if count.provider is None:
            overall[count.model_id] = _statistics(count)
        else:
            providers.setdefault(count.model_id, {})[count.provider] = _statistics(count)
    return {model: ModelStatistics(found, providers.get(model, {})) for model, found in overall.items()}


def _statistics(count: RunCount) -> RunStatistics:
    median_s = count.median_duration_s if count.succeeded >= RUNS_MIN else None
    return RunStatistics(success_rate=count.succeeded / count.runs, median_duration_s=median_s)
