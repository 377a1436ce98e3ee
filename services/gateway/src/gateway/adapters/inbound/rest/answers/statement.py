"""The statement as the ledger sealed it."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, PlainSerializer, WithJsonSchema

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, Sequence, shown
from gateway.domain import statement as domain

FORMAT: Literal["tintype.statement.v1"] = "tintype.statement.v1"
_SEAL = "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea"


def sealed_moment(time: datetime) -> str:
    """Write a time as it is hashed: UTC, always six digits."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


SealedMoment = Annotated[
    AwareDatetime,
    PlainSerializer(sealed_moment),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00.000000Z"]},
        mode="serialization",
    ),
]
Text = Annotated[str, shown("")]
Book = Annotated[int, shown(0)]


class StatementOpening(Answer):
    """The balances before the first line."""

    available: Credits
    held: Credits
    debt: Credits
    sequence: Sequence
    """Of the last line before the range."""
    hash: Annotated[str, shown(_SEAL)]
    """Seals that line; 64 zeros before the first one, empty while it is not sealed yet."""

    @classmethod
    def of(cls, opening: domain.StatementOpening) -> Self:
        """Show where it begins."""
        return cls(
            available=opening.available,
            held=opening.held,
            debt=opening.debt,
            sequence=opening.sequence,
            hash=opening.hash,
        )


class StatementLine(Answer):
    """A movement between books that sums to zero; what is not there is an empty text.

    Without its `hash` it is exactly what was hashed: every field, in this order.
    """

    account_id: Annotated[str, shown("usr_019324a1b2c37def8a9b0c1d2e3f4a5e")]
    """Whose line it is."""
    entry_id: Annotated[str, shown("ent_019324a1b2c37def8a9b0c1d2e3f4a5f")]
    """The entry's id."""
    transaction_id: Annotated[str, shown("txn_019324a1b2c37def8a9b0c1d2e3f4a64")]
    """What was written together has one id."""
    sequence: Sequence
    kind: Annotated[str, shown("grant")]
    """What the line records."""
    category: Annotated[str, shown("paid")]
    """What the credits are: subscription, promotional or paid."""
    available: Annotated[Book, shown(1000)]
    """The signed change of what can be spent; the other books of the account follow."""
    held: Book
    """The change of what is held."""
    world: Annotated[Book, shown(-1000)]
    """The change of what came from outside."""
    revenue: Book
    """The change of what was earned."""
    breakage: Book
    """The change of what expired."""
    debt: Book
    """The change of what is owed."""
    adjustment: Book
    """The change by decisions of people."""
    balance_after: Annotated[int, shown(1000)]
    """Available credits after the line."""
    held_after: Annotated[int, shown(0)]
    """Held credits after the line."""
    request_id: Annotated[str, shown("payment:pi_3QabcdEXAMPLE")]
    """What asked for it; nothing is done twice for one."""
    grant_id: Annotated[str, shown("grt_019324a1b2c37def8a9b0c1d2e3f4a62")]
    """The grant that it moved credits of."""
    reservation_id: Text
    """The reservation that it opened or settled."""
    reference: Text
    """What it was for, such as the generation's id."""
    payment_id: Annotated[str, shown("pi_3QabcdEXAMPLE")]
    """The payment that brought the credits or took them back."""
    actor: Annotated[str, shown("billing")]
    """Who asked for it."""
    reason: Text
    """Why, where a person or a rule decided."""
    metadata: Annotated[dict[str, str], shown({})]
    """What the asker noted."""
    created_at: SealedMoment
    """UTC, always with six digits."""
    hash: Annotated[str, shown(_SEAL)]
    """Seals this line and every one before it; empty while it is not sealed yet."""

    @classmethod
    def of(cls, line: domain.StatementLine) -> Self:
        """Show a line."""
        return cls(**vars(line))


class StatementClosing(Answer):
    """The balances after the last line."""

    available: Credits
    held: Credits
    debt: Credits
    sequence: Sequence
    """Of the last line."""
    hash: Annotated[str, shown(_SEAL)]
    """Of the last line that is sealed."""
    lines: Annotated[int, shown(1, minimum=0)]
    """How many lines there are."""
    unsealed: Annotated[int, shown(0, minimum=0)]
    """How many of them are not sealed yet."""

    @classmethod
    def of(cls, closing: domain.StatementClosing) -> Self:
        """Show where it ends."""
        return cls(**vars(closing))


class Statement(Answer):
    """A range of an account's lines, sealed: anyone can verify it offline."""

    format: Literal["tintype.statement.v1"]
    """What the file is, and how it is verified."""
    account_id: Annotated[str, shown("usr_019324a1b2c37def8a9b0c1d2e3f4a5e")]
    """Whose statement it is."""
    since: Annotated[SealedMoment | None, Field(serialization_alias="from")]
    """Where the range begins; null for the account's beginning."""
    until: Annotated[SealedMoment | None, Field(serialization_alias="to")]
    """Before which it ends; null for now."""
    opening: StatementOpening
    lines: list[StatementLine]
    """Oldest first, all of them."""
    closing: StatementClosing
