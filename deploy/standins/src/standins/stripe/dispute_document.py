"""The shape of a dispute and of the balance transactions inside it."""

from __future__ import annotations

from standins.stripe.ids import new_id
from standins.stripe.store import Document

RESPONSE_DAYS = 9
FEE_MINOR = 1500

_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure"
    " cancellation_rebuttal customer_communication customer_email_address customer_name"
    " customer_purchase_ip customer_signature duplicate_charge_documentation duplicate_charge_explanation"
    " duplicate_charge_id product_description receipt refund_policy refund_policy_disclosure"
    " refund_refusal_explanation service_date service_documentation shipping_address shipping_carrier"
    " shipping_date shipping_documentation shipping_tracking_number uncategorized_file uncategorized_text"
)
EVIDENCE_FIELDS = _EVIDENCE.split()


def blank_dispute(charge: Document, *, amount: int, reason: str, now: int) -> Document:
    """Return a dispute of a charge that waits for an answer; nothing is withdrawn yet."""
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE_FIELDS), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + RESPONSE_DAYS * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "83",
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "83"},
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }


def balance_transaction(dispute: Document, amount: int, *, now: int) -> Document:
    """Money that a dispute moved: below zero when it was withdrawn."""
    fee = FEE_MINOR if amount < 0 else 0
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now,
        "balance_type": "payments",
        "created": now,
        "currency": dispute["currency"],
        "description": f"Chargeback {'withdrawal' if amount < 0 else 'reversal'} for {dispute['charge']}",
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [],
        "net": amount - fee,
        "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
        "source": dispute["id"],
        "status": "available",
        "type": "adjustment",
    }
