"""What the payment processor is answered."""

from typing import Annotated, Literal

from gateway.adapters.inbound.rest.answers.answer import Answer, shown


class WebhookReceipt(Answer):
    """The event is stored."""

    received: Literal[True] = True
    """Nothing more needs to be sent."""
    duplicate: Annotated[bool, shown(False)]
    """Whether it was stored before."""
