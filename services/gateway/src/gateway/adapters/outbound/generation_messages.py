"""Generation's messages as our own objects."""

from collections.abc import Callable
from datetime import date

from tintype.generation.v1 import generation_pb2 as pb

from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.wire import members
from gateway.domain.collection import Collection
from gateway.domain.generation import (
    Attempt,
    Failure,
    Generation,
    GenerationStatus,
    Modality,
    Model,
    ModelStatistics,
    Output,
    PriceLine,
    PriceTier,
    Pricing,
    ProviderStatistics,
    Quote,
    RunStatistics,
)
from gateway.domain.identifiers import OutputId
from gateway.domain.output_path import content_path
from gateway.domain.share import Share, Shared
from gateway.domain.upload import AwaitedUpload, Upload
from gateway.domain.usage import AttemptOutcome, AttemptUsage, ModelUsage, UsageGroup

# To users a job whose credits are being reserved is queued already.
STATUSES = members(pb.GenerationStatus, GenerationStatus, RESERVING=GenerationStatus.QUEUED)
MODALITIES = members(pb.Modality, Modality)


_runs = reader(pb.RunStatistics, RunStatistics)
_statistics = reader(
    pb.ModelStatistics,
    ModelStatistics,
    values={
        "overall": _runs,
        "providers": reader(pb.ProviderStatistics, ProviderStatistics, values={"runs": _runs}),
    },
)
model = reader(
    pb.Model,
    Model,
    values={
        "last_day": _statistics,
        "modality": MODALITIES.__getitem__,
        "pricing": reader(
            pb.Pricing,
            Pricing,
            values={"per_units": lambda units: units or 1, "tiers": reader(pb.PriceTier, PriceTier)},
        ),
    },
)
quote = reader(pb.CreateQuoteResponse, Quote, values={"lines": reader(pb.PriceLine, PriceLine)})
usage = reader(pb.ModelUsage, ModelUsage)
attempt_usage = reader(pb.AttemptUsage, AttemptUsage, values={"outcome": AttemptOutcome})
usage_group = reader(pb.UsageGroup, UsageGroup, values={"day": date.fromisoformat})


def status_value(status: GenerationStatus) -> pb.GenerationStatus.ValueType:
    """Return the contract's word for a status."""
    return pb.GenerationStatus.Value(f"GENERATION_STATUS_{status.name}")


def modality_value(modality: Modality | None) -> pb.Modality.ValueType:
    """Return the contract's word for what comes out; unspecified for None."""
    return pb.Modality.Value(f"MODALITY_{modality.name}") if modality else pb.MODALITY_UNSPECIFIED


upload = reader(pb.Upload, Upload)
awaited_upload = reader(pb.AwaitUploadResponse, AwaitedUpload, unread={"replayed"})
share = reader(pb.Share, Share)


class WithOutputs:
    """Reads what has outputs. Those that generation keeps itself are served here, at `origin`."""

    def __init__(self, origin: str = "") -> None:
        output = _outputs_at(origin)
        self.generation = reader(
            pb.Generation,
            Generation,
            values={
                "modality": MODALITIES.__getitem__,
                "status": STATUSES.__getitem__,
                "outputs": output,
                "failure": reader(pb.Failure, Failure),
                "attempts": reader(pb.Attempt, Attempt),
            },
        )
        self.collection = reader(pb.Collection, Collection, values={"cover": output})
        self.shared = reader(
            pb.GetSharedResponse,
            Shared,
            values={"modality": MODALITIES.__getitem__, "outputs": output},
        )


def _outputs_at(origin: str) -> Callable[..., Output]:
    def here(output: pb.Output) -> str:
        return f"{origin}{content_path(OutputId(output.output_id))}?signature={output.signature}"

    return reader(
        pb.Output,
        Output,
        derived={
            "url": lambda output: here(output) if output.signature else output.url,
            "download_url": lambda output: (
                f"{here(output)}&download=true" if output.signature else output.download_url
            ),
        },
    )
