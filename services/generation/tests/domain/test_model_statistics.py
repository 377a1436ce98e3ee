"""What is told of how a model fared."""

from generation.domain.identifiers import ModelId
from generation.domain.model_statistics import ModelStatistics, RunCount, RunStatistics, told

SKETCH = ModelId("local/sketch")


def count(provider: str | None, runs: int, succeeded: int, median_s: float | None = 2.0) -> RunCount:
    """Tries of one model."""
    return RunCount(SKETCH, provider, runs, succeeded, median_s)


def test_a_share_and_a_median_are_told() -> None:
    """Over all providers, and of each."""
    assert told([count(None, 20, 15), count("a", 10, 10, 1.5), count("b", 10, 5, 4.0)]) == {
        SKETCH: ModelStatistics(
            RunStatistics(0.75, 2.0), {"a": RunStatistics(1.0, 1.5), "b": RunStatistics(0.5, 4.0)}
        )
    }


def test_too_few_tries_say_nothing() -> None:
    """They would tell of somebody's own: neither of a model, nor of one of its providers."""
    assert told([count(None, 4, 4), count("a", 4, 4)]) == {}
    assert told([count(None, 5, 1), count("a", 4, 1), count("b", 1, 0)]) == {
        SKETCH: ModelStatistics(RunStatistics(0.2, None), {})
    }
    assert told([]) == {}
