"""Whether chats were charged once: what generations were worth, and what the ledger took."""

import time
from dataclasses import dataclass

import psycopg

from bench.path.cases import WrongWork
from bench.path.stack import BenchStack

# A charge follows its fact, which follows the chat.
CHARGED_WITHIN_S = 60.0
_CHATS = """
    SELECT count(*) FILTER (WHERE status = 'succeeded'),
        count(*) FILTER (WHERE status <> 'succeeded'),
        coalesce(sum(credits_charged), 0)
    FROM generations WHERE is_interactive
"""
_CHARGES = (
    "SELECT count(DISTINCT transaction_id), coalesce(sum(revenue), 0) FROM entries WHERE kind = 'charge'"
)


@dataclass(frozen=True, kw_only=True)
class Books:
    """All chats so far; while they run nobody else may be charged."""

    chats: int
    others: int
    credits: int
    charges: int
    charged: int

    @classmethod
    def read(cls, stack: BenchStack) -> "Books":
        """Look into both databases."""
        chats, others, worth = _row(stack, "tintype_generation", _CHATS)
        charges, charged = _row(stack, "tintype_ledger", _CHARGES)
        return cls(chats=chats, others=others, credits=worth, charges=charges, charged=charged)

    def since(self, before: "Books") -> "Books":
        """Return what was added."""
        return Books(
            **{name: getattr(self, name) - getattr(before, name) for name in self.__dataclass_fields__}
        )


def require_charged(stack: BenchStack, before: Books, *, chats: int, told: int | None = None) -> None:
    """Raise WrongWork unless so many chats were charged since, each once, as their clients were told."""
    deadline = time.monotonic() + CHARGED_WITHIN_S
    while (found := Books.read(stack).since(before)).charges < chats and time.monotonic() < deadline:
        time.sleep(0.2)
    worth = found.credits if told is None else told
    meant = Books(chats=chats, others=0, credits=worth, charges=chats, charged=worth)
    if found != meant:
        raise WrongWork(f"there should be {meant}, and there is {found}")


def _row(stack: BenchStack, database: str, query: str) -> tuple[int, ...]:
    with psycopg.connect(stack.admin_dsn(database), autocommit=True) as admin:
        row = admin.execute(query.encode()).fetchone()
    if row is None:
        raise WrongWork(f"{database} says nothing")
    return tuple(int(value) for value in row)
