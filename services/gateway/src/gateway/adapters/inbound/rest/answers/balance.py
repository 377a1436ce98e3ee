"""What an account can spend."""

from collections.abc import Mapping
from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, Moment, Sequence, shown
from gateway.domain import credits as domain


class CreditsByCategory(Answer):
    """Available credits by what they are."""

    subscription: Annotated[Credits, shown(0)]
    """From a plan's allocation; spent first."""
    promotional: Annotated[Credits, shown(485)]
    """Given; spent before what was paid for."""
    paid: Annotated[Credits, shown(500)]
    """From purchases."""

    @classmethod
    def of(cls, by_category: Mapping[domain.Category, int]) -> Self:
        """Show every category, those without credits too."""
        return cls(**{category.value: by_category.get(category, 0) for category in domain.Category})


class Balance(Answer):
    """What an account can spend, what is held for running jobs, and what it can spend later."""

    available: Annotated[Credits, shown(985)]
    """Credits that can be spent now."""
    held: Annotated[Credits, shown(15)]
    """Credits set aside for generations that have not ended."""
    debt: Annotated[Credits, shown(0)]
    """Credits owed after money went back; the next grant pays them first."""
    by_category: CreditsByCategory
    """`available`, by what the credits are."""
    next_expiry: Moment | None
    """When the next available credits expire; null when none do."""
    upcoming: Annotated[Credits, shown(0)]
    """Credits that were granted and can't be spent yet."""
    next_effective: Moment | None
    """When the next of `upcoming` can be spent."""
    sequence: Sequence
    """Of two balances of an account, the one with the higher sequence is newer."""

    @classmethod
    def of(cls, balance: domain.Balance) -> Self:
        """Show a balance."""
        return cls(
            available=balance.available,
            held=balance.held,
            debt=balance.debt,
            by_category=CreditsByCategory.of(balance.by_category),
            next_expiry=balance.next_expiry,
            upcoming=balance.upcoming,
            next_effective=balance.next_effective,
            sequence=balance.sequence,
        )
