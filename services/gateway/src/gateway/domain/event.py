"""Facts that concern one account, and how far a client has seen them."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.domain.credits import Balance
from gateway.domain.generation import GenerationStatus

_CURSOR = re.compile(r"L(\d{1,18})-G(\d{1,18})-B(\d{1,18})-S(\d{1,18})")


class Stream(StrEnum):
    """A sequence of facts with numbers of its own."""

    LEDGER = "LEDGER"
    GENERATION = "GENERATION"
    BILLING = "BILLING"


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The last number seen in each stream, and the sequence of the last balance shown.

    Written as `L12-G40-B3-S57`; it is the id of an event, so that a client resumes without gap or repeat.
    """

    ledger: int = 0
    generation: int = 0
    billing: int = 0
    balance: int = 0

    def __str__(self) -> str:
        return f"L{self.ledger}-G{self.generation}-B{self.billing}-S{self.balance}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Read a cursor; None for anything else, which starts afresh."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            return None
        ledger, generation, billing, balance = (int(number) for number in found.groups())
        return cls(ledger=ledger, generation=generation, billing=billing, balance=balance)

    def position(self, stream: Stream) -> int:
        """The last number seen in one stream."""
        return {
            Stream.LEDGER: self.ledger,
            Stream.GENERATION: self.generation,
            Stream.BILLING: self.billing,
        }[stream]

    def moved(self, stream: Stream, sequence: int) -> "Cursor":
        """The cursor after a fact of one stream."""
        match stream:
            case Stream.LEDGER:
                return replace(self, ledger=sequence)
            case Stream.GENERATION:
                return replace(self, generation=sequence)
            case Stream.BILLING:
                return replace(self, billing=sequence)


@dataclass(frozen=True, kw_only=True)
class BalanceChanged:
    """Credits moved; `reserved_credits` is set when they were set aside for `generation_id`."""

    balance: Balance
    generation_id: str | None = None
    reserved_credits: int | None = None


@dataclass(frozen=True, kw_only=True)
class GenerationMoved:
    """A generation came further; amounts are None where the fact does not say."""

    generation_id: str
    status: GenerationStatus
    progress: float
    reserved_credits: int | None = None
    charged_credits: int | None = None


@dataclass(frozen=True, kw_only=True)
class PaymentReceived:
    """Money arrived for a pack; its credits follow."""

    payment_id: str
    purchase_id: str
    pack_id: str
    credits: int
    amount_minor: int
    currency: str
    occurred_at: datetime


Fact = BalanceChanged | GenerationMoved | PaymentReceived


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A fact and where the stream stands after it; without a fact, only the position moved on."""

    cursor: Cursor
    fact: Fact | None = None


@dataclass(frozen=True, kw_only=True)
class GenerationUpdate:
    """What a client is told of a generation; `reserved_credits` is None where it could not be learnt."""

    generation_id: str
    status: GenerationStatus
    progress: float
    reserved_credits: int | None
    charged_credits: int
    refunded_credits: int


@dataclass(frozen=True, kw_only=True)
class ClientEvent:
    """One event for a client: its id and what to tell, or nothing but the id."""

    cursor: Cursor
    told: Balance | GenerationUpdate | PaymentReceived | None
