"""A generation that is asked for, as the contract has it."""

from tintype.generation.v1 import generation_pb2 as pb

from generation.adapters.inbound import fields
from generation.application.create_generation import CreateGeneration
from generation.domain.identifiers import QuoteId


def asked_generation(request: pb.CreateGenerationRequest) -> CreateGeneration:
    """Return the command. Raises InvalidInput."""
    return CreateGeneration(
        account_id=fields.account_id(request.account_id),
        model_id=fields.model_id(request.model_id),
        input=fields.document(request.input, field="input"),
        quote_id=QuoteId(request.quote_id) if request.quote_id else None,
        provider_order=fields.provider_order(request.provider_order),
        metadata=fields.document(request.metadata, field="metadata"),
        idempotency_key=fields.idempotency_key(request.idempotency_key),
        key=fields.key_use(request.api_key) if request.HasField("api_key") else None,
    )
