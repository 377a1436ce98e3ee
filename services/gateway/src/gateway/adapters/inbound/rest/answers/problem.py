"""A refusal (RFC 9457)."""

from http import HTTPStatus
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, WithJsonSchema

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, shown
from gateway.adapters.inbound.rest.answers.price import Price

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:tintype:problem:"
FIELDS_MAX = 50
# As the service wrote it: a refusal is not refused for its form.
_A_MOMENT = WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00Z"]})


class InvalidField(Answer):
    """A field of the request and what is wrong with it."""

    field: Annotated[str, shown("limit")]
    """Its name, with dots for what is inside another."""
    detail: Annotated[str, shown("Input should be less than or equal to 100")]
    """What is wrong with it, for people."""


class Problem(Answer):
    """A refusal (RFC 9457)."""

    # What is not said is left out.
    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    type: Annotated[str, shown(f"{TYPE_PREFIX}not-found", format="uri")]
    """The reason, as a URI."""
    title: Annotated[str, shown("Not Found")]
    """The status in words."""
    status: Annotated[int, shown(404, minimum=400, maximum=599)]
    """The answer's status again."""
    detail: Annotated[str, shown("There is no such generation.")]
    """For people."""
    reason: Annotated[str, shown("NOT_FOUND")]
    """A stable word for programs."""
    trace_id: Annotated[str, shown("4bf92f3577b34da6a3ce929d0e0e4736", pattern="^[0-9a-f]{32}$")]
    """Tell it to whoever helps you."""
    errors: Annotated[
        list[InvalidField], Field(default_factory=list, json_schema_extra={"maxItems": FIELDS_MAX})
    ]
    """The fields that are wrong, where the request can be mended."""

    @classmethod
    def of(cls, status: int, *, reason: str, detail: str, trace_id: str, **more: Any) -> Self:
        """Make one; `more` are the members that not every problem has."""
        return cls(
            type=TYPE_PREFIX + reason.lower().replace("_", "-"),
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            reason=reason,
            trace_id=trace_id,
            **more,
        )


class TooFewCredits(Problem):
    """The account could not cover the generation: nothing was held and nothing ran."""

    balance: Annotated[Credits, shown(30)]
    """Credits available at `decided_at`."""
    required: Annotated[Credits, shown(75)]
    """Credits needed."""
    generation_id: Annotated[str | None, shown("gen_019324a1b2c37def8a9b0c1d2e3f4a5b")]
    """The rejected one."""
    decided_at: Annotated[str, _A_MOMENT] | None
    """When it was refused. A repeated key gets the first decision again."""


class CodeNeeded(Problem):
    """A refusal of a sign-in, `SECOND_FACTOR_REQUIRED` perhaps: nobody is signed in."""

    challenge: Annotated[str | None, Field(default=None, examples=["Yk3vEjRWeJq83v8TVnearA"])]
    """What ends the sign-in together with a code, for five minutes; only with `SECOND_FACTOR_REQUIRED`."""


class ChangedPrice(Problem):
    """A refusal to sell, `PRICE_CHANGED` perhaps: nothing was opened or changed."""

    price: Annotated[Price | None, Field(default=None)]
    """What it costs by now; only with `PRICE_CHANGED`."""
