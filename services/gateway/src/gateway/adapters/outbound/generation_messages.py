"""Generation's messages as our own objects."""

from tintype.generation.v1 import generation_pb2 as pb

from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.wire import members
from gateway.domain.generation import (
    Attempt,
    Failure,
    Generation,
    GenerationStatus,
    Modality,
    Model,
    Output,
    Pricing,
    Quote,
)

# To users a job whose credits are being reserved is queued already.
STATUSES = members(pb.GenerationStatus, GenerationStatus, RESERVING=GenerationStatus.QUEUED)
MODALITIES = members(pb.Modality, Modality)


model = reader(
    pb.Model,
    Model,
    values={"modality": MODALITIES.__getitem__, "pricing": reader(pb.Pricing, Pricing)},
)
quote = reader(pb.CreateQuoteResponse, Quote)
generation = reader(
    pb.Generation,
    Generation,
    values={
        "modality": MODALITIES.__getitem__,
        "status": STATUSES.__getitem__,
        "outputs": reader(pb.Output, Output),
        "failure": reader(pb.Failure, Failure),
        "attempts": reader(pb.Attempt, Attempt),
    },
)
