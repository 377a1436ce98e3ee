"""The base of answers, and the kinds of values that they share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Answer(BaseModel):
    """A JSON object that is made once; each field's docstring is its description.

    Bounds are in the schema alone: an answer that outgrows one is still the truth, and is sent.
    """

    model_config = ConfigDict(
        frozen=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )


# By identity: an annotation must be hashable, and examples need not be.
@dataclass(frozen=True, eq=False)
class Shown:
    """What a schema says of a value beside its type; a field's own docstring goes before `says`."""

    examples: tuple[Any, ...]
    says: str | None
    bounds: Mapping[str, Any]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add it to what was found out."""
        schema = handler(core_schema) | {"examples": list(self.examples)} | dict(self.bounds)
        return schema | {"description": self.says} if self.says else schema


def shown(*examples: Any, says: str | None = None, **bounds: Any) -> Shown:
    """Say in the schema what a value looks like, what it is and where its bounds are."""
    return Shown(examples, says, bounds)


def in_utc(time: datetime) -> datetime:
    """Return the same moment, written with a Z."""
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
CollectionId = Annotated[str, shown("col_019324a1b2c37def8a9b0c1d2e3f4a62", says="A collection's id.")]
UploadId = Annotated[str, shown("upl_019324a1b2c37def8a9b0c1d2e3f4a64", says="An upload's id.")]
PaymentId = Annotated[str, shown("pi_3QabcdEXAMPLE", says="The payment processor's id.")]
PackId = Annotated[str, shown("starter", says="A pack's id.")]
PlanId = Annotated[str, shown("free", says="A plan's id.")]
SubscriptionId = Annotated[
    str, shown("plan_019324a1b2c37def8a9b0c1d2e3f4a5d", says="The id of somebody's plan.")
]
PurchaseId = Annotated[str, shown("pay_019324a1b2c37def8a9b0c1d2e3f4a5d", says="A purchase's id.")]
ModelId = Annotated[str, shown("local/sketch", says="`<provider>/<name>`.")]
