"""Previews: what a picture looks like before it is whole, for whoever waits for it, and kept by nobody."""

from dataclasses import dataclass

from generation.domain.counting import plural
from generation.domain.pricing import Price

PREVIEWS_MAX = 3


@dataclass(frozen=True)
class PreviewTerms:
    """A model's pictures can be shown while they are made; each preview costs so much beside the picture."""

    credits_each: int


@dataclass(frozen=True)
class Previews:
    """How many a job asked for, at most, and what each that is shown costs beside what is made."""

    most: int
    credits_each: int

    @property
    def credits(self) -> int:
        """What they cost at the most."""
        return self.most * self.credits_each

    def added_to(self, price: Price) -> Price:
        """Return the price with all of them, in words alone: nobody is quoted it line by line."""
        if not self.credits:
            return price
        added = f"{plural(self.most, 'preview')} × {plural(self.credits_each, 'credit')}"
        return Price(
            credits=price.credits + self.credits, units=price.units, breakdown=f"{price.breakdown}, {added}"
        )

    def charge(self, price: Price, *, delivered_units: int, shown: int) -> int:
        """Return what is charged of a price with all of them: what was delivered, and what was shown."""
        made = Price(credits=price.credits - self.credits, units=price.units, breakdown=price.breakdown)
        return made.charge(delivered_units=delivered_units) + min(shown, self.most) * self.credits_each
