"""What generations cost, summed."""

from dataclasses import dataclass

from generation.domain.identifiers import ModelId


@dataclass(frozen=True, kw_only=True)
class ModelUsage:
    """What one model cost in one period, counted from 0."""

    period: int
    model_id: ModelId
    credits: int
    generations: int
