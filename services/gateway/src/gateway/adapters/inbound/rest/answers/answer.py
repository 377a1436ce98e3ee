"""The base of answers, and the kinds of values that they share."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """A JSON object that is made once; each field's docstring is its description.

    Bounds are in the schema alone: an answer that outgrows one is still the truth, and is sent.
    """

    model_config = ConfigDict(
        frozen=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )


def shown(*examples: Any, **schema: Any) -> Any:
    """Say in the schema what a value looks like and where its bounds are."""
    if schema:
        return Field(examples=list(examples), json_schema_extra=schema)
    return Field(examples=list(examples))


def in_utc(time: datetime) -> datetime:
    """The same moment, written with a Z."""
    return time.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(in_utc), shown("2026-01-31T12:00:00Z")]
"""RFC 3339 in UTC."""
Credits = Annotated[int, shown(5, minimum=0)]
"""Whole credits, never less than none."""
Minor = Annotated[int, shown(1000, minimum=0)]
"""Money in the currency's smallest unit."""
Currency = Annotated[str, shown("usd", pattern="^[a-z]{3}$")]
"""ISO 4217, in small letters."""
Sequence = Annotated[int, shown(12, minimum=0)]
GenerationId = Annotated[str, shown("gen_019324a1b2c37def8a9b0c1d2e3f4a5b")]
ReservationId = Annotated[str, shown("res_019324a1b2c37def8a9b0c1d2e3f4a5c")]
PaymentId = Annotated[str, shown("pi_3QabcdEXAMPLE")]
PackId = Annotated[str, shown("starter")]
PurchaseId = Annotated[str, shown("pay_019324a1b2c37def8a9b0c1d2e3f4a5d")]
ModelId = Annotated[str, shown("local/sketch")]
