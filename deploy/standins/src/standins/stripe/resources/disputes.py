"""Disputes: a cardholder opens them on the hosted page; here they are answered."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from standins.stripe import disputes
from standins.stripe.dispute_document import EVIDENCE_FIELDS
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import StripeError
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Metadata, Parameters, merged
from standins.stripe.store import Document

resource = Resource()

Evidence = Annotated[
    dict[str, Annotated[str, Field(max_length=20_000)]],
    Field(max_length=len(EVIDENCE_FIELDS), default_factory=dict),
]


class DisputeUpdate(Parameters):
    """Evidence; it goes to the bank at once unless it is only staged."""

    evidence: Evidence
    metadata: Metadata
    submit: bool | None = None


class DisputeList(ListParameters):
    """Filters of the list."""

    charge: str | None = None
    payment_intent: str | None = None


@resource.operation("GET", "/v1/disputes/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a dispute."""
    return call.change.require("dispute", call.id, status=404)


@resource.operation("POST", "/v1/disputes/{id}", DisputeUpdate)
def update(call: Call[DisputeUpdate]) -> Document:
    """Add evidence and send it to the bank."""
    params = call.params
    dispute = call.change.require("dispute", call.id, status=404)
    for name in params.evidence:
        if name not in EVIDENCE_FIELDS:
            message = f"Received unknown parameter: evidence[{name}]"
            raise StripeError(message, code="parameter_unknown", param=f"evidence[{name}]", executed=False)
    if params.evidence:
        disputes.require_open(dispute)
    staged = call.change.update(
        dispute,
        "charge.dispute.updated",
        evidence={**dispute["evidence"], **params.evidence},
        metadata=merged(dispute["metadata"], params.metadata),
    )
    has_evidence = any(staged["evidence"][name] for name in EVIDENCE_FIELDS)
    submits = params.submit or (params.submit is None and params.evidence)
    return disputes.submit(call.change, staged) if submits and has_evidence else staged


@resource.operation("POST", "/v1/disputes/{id}/close", Parameters)
def close(call: Call[Parameters]) -> Document:
    """Give in: the dispute is lost; an inquiry ends without any money moved."""
    dispute = call.change.require("dispute", call.id, status=404)
    disputes.require_open(dispute)
    inquiry = dispute["status"].startswith(disputes.INQUIRY)
    return (disputes.close_inquiry if inquiry else disputes.lose)(call.change, dispute)


@resource.operation("GET", "/v1/disputes", DisputeList)
def list_(call: Call[DisputeList]) -> Document:
    """List disputes."""
    where = {"charge": call.params.charge, "payment_intent": call.params.payment_intent}
    return page(call.change, "dispute", "/v1/disputes", call.params, where)
