"""Prices an input and promises the price for a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from generation.domain.documents import digest
from generation.domain.identifiers import AccountId, ModelId, QuoteId
from generation.domain.pricing import PriceLine
from generation.domain.quote import Quote
from generation.ports.catalogue import Catalogue
from generation.ports.clock import Clock
from generation.ports.input_checker import InputChecker
from generation.ports.quote_signer import QuoteSigner


@dataclass(frozen=True)
class SignedQuote:
    """What a user gets: the quote id is the signed quote itself."""

    quote_id: QuoteId
    credits: int
    expires_at: datetime
    breakdown: str
    lines: tuple[PriceLine, ...]


@dataclass(frozen=True, kw_only=True)
class CreateQuote:
    """The input that is to be priced."""

    account_id: AccountId
    model_id: ModelId
    input: Mapping[str, Any]


@dataclass(frozen=True)
class CreateQuoteHandler:
    """Stores nothing. Raises UnknownModel and InvalidInput."""

    catalogue: Catalogue
    checker: InputChecker
    signer: QuoteSigner
    clock: Clock
    ttl_s: int = 900

    def __call__(self, command: CreateQuote) -> SignedQuote:
        model = self.catalogue.model(command.model_id)
        checked = self.checker.checked(model, command.input)
        price = model.tariff.price(checked)
        expires_at = (self.clock.now() + timedelta(seconds=self.ttl_s)).replace(microsecond=0)
        quote = Quote(
            account_id=command.account_id,
            model_id=command.model_id,
            input_sha256=digest(checked),
            credits=price.credits,
            expires_at=expires_at,
        )
        return SignedQuote(self.signer.sign(quote), price.credits, expires_at, price.breakdown, price.lines)
