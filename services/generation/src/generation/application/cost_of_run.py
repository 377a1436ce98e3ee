"""Says what a run cost us."""

from dataclasses import dataclass

from generation.application.start_generation import Job
from generation.domain.cost import Cost, CostSource
from generation.domain.errors import UnknownModel
from generation.ports.catalogue import Catalogue
from generation.ports.media_provider import RunReport, RunState


@dataclass(frozen=True)
class RunCosts:
    """A provider's own word counts, whatever became of the run; else what the catalogue says it costs there.

    By the catalogue a run costs what it made, whether or not we could use that, and one that failed at the
    provider's costs nothing that anybody knows of.
    """

    catalogue: Catalogue

    def of(self, job: Job, report: RunReport) -> Cost | None:
        """Return what the attempt's run cost; None where nobody says."""
        if report.cost_usd_micros is not None:
            return Cost(report.cost_usd_micros, CostSource.REPORTED)
        if report.state is not RunState.SUCCEEDED:
            return None
        try:
            rate = self.catalogue.model(job.generation.model_id).at(job.attempt.provider).cost
        except UnknownModel:
            return None
        if rate is None:
            return None
        usd_micros = rate.of(
            job.generation.input, made_count=len(report.outputs), usage_units=report.usage_units
        )
        return None if usd_micros is None else Cost(usd_micros, CostSource.CONFIGURED)
