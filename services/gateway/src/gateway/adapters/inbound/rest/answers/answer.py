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


def shown(*examples: Any, says: str | None = None, **schema: Any) -> Any:
    """Say in the schema what a value looks like, what it is and where its bounds are."""
    described: dict[str, Any] = {"examples": list(examples)}
    # What is not given here stays as the value's kind has it.
    if says:
        described["description"] = says
    if schema:
        described["json_schema_extra"] = schema
    return Field(**described)


def in_utc(time: datetime) -> datetime:
    """The same moment, written with a Z."""
    return time.astimezone(UTC)


Moment = Annotated[
    AwareDatetime, AfterValidator(in_utc), shown("2026-01-31T12:00:00Z", says="RFC 3339 in UTC.")
]
Credits = Annotated[int, shown(5, says="Whole credits.", minimum=0)]
Minor = Annotated[int, shown(1000, says="Money in the currency's smallest unit.", minimum=0)]
Currency = Annotated[str, shown("usd", says="ISO 4217, in small letters.", pattern="^[a-z]{3}$")]
Sequence = Annotated[
    int, shown(12, says="The number of the account's entry that came last, counted from 1.", minimum=0)
]
GenerationId = Annotated[str, shown("gen_019324a1b2c37def8a9b0c1d2e3f4a5b", says="A generation's id.")]
ReservationId = Annotated[str, shown("res_019324a1b2c37def8a9b0c1d2e3f4a5c", says="A reservation's id.")]
PaymentId = Annotated[str, shown("pi_3QabcdEXAMPLE", says="The payment processor's id.")]
PackId = Annotated[str, shown("starter", says="A pack's id.")]
PurchaseId = Annotated[str, shown("pay_019324a1b2c37def8a9b0c1d2e3f4a5d", says="A purchase's id.")]
ModelId = Annotated[str, shown("local/sketch", says="`<provider>/<name>`.")]
