"""What is known of a noun reaches clients, or is named here as kept from them."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from gateway.adapters.inbound.rest.answers.answer import Answer
from gateway.adapters.inbound.rest.answers.balance import Balance
from gateway.adapters.inbound.rest.answers.checkout import Checkout
from gateway.adapters.inbound.rest.answers.entry import Entry
from gateway.adapters.inbound.rest.answers.explanation import Attempt, Lot
from gateway.adapters.inbound.rest.answers.generation import Generation
from gateway.adapters.inbound.rest.answers.model import Model
from gateway.adapters.inbound.rest.answers.output import Output
from gateway.adapters.inbound.rest.answers.pack import Pack
from gateway.adapters.inbound.rest.answers.purchase import Purchase
from gateway.adapters.inbound.rest.answers.quote import Quote
from gateway.adapters.inbound.rest.answers.user import User
from gateway.adapters.outbound import billing_messages, generation_messages, grpc_identity, ledger_messages
from tintype.billing.v1 import billing_pb2 as billing
from tintype.generation.v1 import generation_pb2 as generation
from tintype.identity.v1 import identity_pb2 as identity
from tintype.ledger.v1 import ledger_pb2 as ledger

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
JOB = generation_messages.WithOutputs().generation(
    generation.Generation(
        modality=generation.MODALITY_IMAGE,
        status=generation.GENERATION_STATUS_QUEUED,
        outputs=[generation.Output()],
        attempts=[generation.Attempt()],
    )
)
MODEL = generation_messages.model(generation.Model(modality=generation.MODALITY_IMAGE))
CHECKOUT = billing.Checkout(status=billing.CHECKOUT_STATUS_OPEN)
LOT = ledger_messages.pinned_lot(ledger.PinnedLot(category=ledger.CATEGORY_PAID))


class Watched:
    """An object, and which of its fields were looked at."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole
        self.seen: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.seen.add(name)
        return getattr(self._whole, name)


@pytest.mark.parametrize(
    ("show", "noun", "kept"),
    [
        # The account is the caller's own; the explanation shows what was held, and the attempts.
        (Generation.of, JOB, {"account_id", "reservation_id", "attempts"}),
        # It is a part of the addresses.
        (Output.of, JOB.outputs[0], {"signature"}),
        (Attempt.of, JOB.attempts[0], set()),
        (Model.of, MODEL, set()),
        (Quote.of, generation_messages.quote(generation.CreateQuoteResponse()), set()),
        # What a person who is welcomed gets is promised on pages alone.
        (Balance.of, ledger_messages.balance(ledger.Balance()), {"welcome_credits"}),
        (Entry.of, ledger_messages.entry(ledger.Entry(kind=ledger.ENTRY_KIND_GRANT)), set()),
        (Lot.of, LOT, set()),
        (Pack.of, billing_messages.pack(billing.Pack()), set()),
        (Checkout.of, billing_messages.checkout(CHECKOUT), set()),
        (Purchase.of, billing_messages.purchase(billing.Purchase()), set()),
        (User.of, grpc_identity.user_of(identity.User()), set()),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "__dataclass_fields__") else "",
)
def test_nothing_is_left_out_unsaid(show: Callable[[Any], Answer], noun: Any, kept: set[str]) -> None:
    """Each field of ours is looked at by the answer, but for those that are kept."""
    watched = Watched(noun)
    show(watched)
    assert {field.name for field in fields(noun)} - watched.seen == kept
