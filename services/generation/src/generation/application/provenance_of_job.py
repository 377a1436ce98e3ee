"""Says where what a job makes comes from."""

from collections.abc import Collection
from dataclasses import dataclass

from generation.application.start_generation import Job
from generation.domain.errors import UnknownModel
from generation.domain.input_media import media_fields
from generation.domain.provenance import Provenance, digital_source
from generation.ports.catalogue import Catalogue


@dataclass(frozen=True)
class ProvenanceTeller:
    """`untrained` are providers whose programs were trained on nothing."""

    catalogue: Catalogue
    untrained: Collection[str] = ()

    def of(self, job: Job) -> Provenance:
        """Return what a file of this attempt may tell of itself."""
        generation = job.generation
        try:
            fields = media_fields(self.catalogue.model(generation.model_id).input_schema)
        except UnknownModel:
            fields = []
        return Provenance(
            model_id=generation.model_id,
            source=digital_source(
                is_trained=job.attempt.provider not in self.untrained,
                from_media=any(generation.input.get(field.name) for field in fields),
            ),
        )
