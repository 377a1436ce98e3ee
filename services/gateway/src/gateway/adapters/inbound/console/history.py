"""What a person may ask the balance's history for, in their words."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.domain.credits import EntryFilter, EntryKind


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One filter: its word in addresses, what it is called, and the lines that it lets through."""

    word: str
    title: str
    kinds: tuple[EntryKind, ...]

    @property
    def lines(self) -> EntryFilter:
        """Which lines of the statement."""
        return EntryFilter(kinds=self.kinds)


EVERYTHING = Choice(word="", title=gettext_noop("Everything"), kinds=())
CHOICES: Mapping[str, Choice] = {
    choice.word: choice
    for choice in (
        EVERYTHING,
        Choice(word="spent", title=gettext_noop("Spent"), kinds=(EntryKind.CHARGE,)),
        Choice(word="added", title=gettext_noop("Added"), kinds=(EntryKind.GRANT, EntryKind.ADJUST)),
        Choice(word="returned", title=gettext_noop("Returned"), kinds=(EntryKind.REFUND,)),
        Choice(
            word="lost",
            title=gettext_noop("Expired or taken back"),
            kinds=(EntryKind.EXPIRE, EntryKind.CLAWBACK, EntryKind.RESET),
        ),
    )
}


def chosen(word: str | None) -> Choice:
    """Return the choice of that word; an unknown one filters nothing."""
    return CHOICES.get(word or "", EVERYTHING)
