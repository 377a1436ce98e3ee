"""The base of request bodies: unknown fields are refused, and nothing is echoed."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.subscription import BillingInterval

Email = Annotated[
    str, Field(min_length=3, max_length=320, description="An email address.", examples=["ada@example.com"])
]
Password = Annotated[
    str,
    Field(
        min_length=1, max_length=1024, description="A password.", examples=["correct horse battery staple"]
    ),
]
Token = Annotated[
    str,
    Field(
        min_length=1,
        max_length=4096,
        description="A token that was given or mailed, whole.",
        examples=["rt_q83vEjRWeJq83v8TVnearA"],
    ),
]
Url = Annotated[str, Field(max_length=2048)]
# A word of JSON is a text: a strict body would take nothing but the member itself.
Interval = Annotated[BillingInterval, Field(strict=False, examples=["month"])]


class Body(BaseModel):
    """A JSON object with known fields of the exact types."""

    model_config = ConfigDict(
        extra="forbid", strict=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )
