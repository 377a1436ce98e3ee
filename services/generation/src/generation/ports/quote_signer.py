"""Quotes that a user can carry and can't change."""

from typing import Protocol

from generation.domain.identifiers import QuoteId
from generation.domain.quote import Quote


class QuoteSigner(Protocol):
    """Signs quotes and opens what it signed."""

    def sign(self, quote: Quote) -> QuoteId:
        """Return the quote as text, safe in a URL."""
        ...

    def open(self, signed: QuoteId) -> Quote:
        """Return the quote again, expired or not. Raises InvalidQuote when it was not signed here."""
        ...
