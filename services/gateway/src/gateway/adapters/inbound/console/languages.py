"""The console's languages: texts from gettext's catalogues; numbers, money and times as written there.

English is what stands in the code. Any other language is a file of `texts/`, compiled when the service
starts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.core import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from fastapi import Request

from gateway.domain.money import amount_of

LANGUAGE_COOKIE = "tintype_language"
TEXTS = Path(__file__).parent / "texts"
_ACCEPTED_LENGTH_MAX = 500


@dataclass(frozen=True, kw_only=True)
class Language:
    """One language; `name` is its own word for itself."""

    code: str
    name: str
    numbers: Locale
    dates: Locale
    day_pattern: str
    dated_pattern: str
    texts: NullTranslations

    def say(self, text: str) -> str:
        """Return one of our texts in this language; what has no translation stays as it is."""
        return self.texts.gettext(text) if text else text

    def number(self, number: float) -> str:
        """Write a number with its groups of digits."""
        return format_decimal(number, locale=self.numbers)

    def signed(self, number: int) -> str:
        """Write a change: +1,000 or -1,000; nothing changes by 0."""
        return ("+" if number > 0 else "") + self.number(number)

    def fixed(self, number: float, digits: int) -> str:
        """Write a number with so many digits after its point."""
        return format_decimal(
            number, format="#,##0" + ("." if digits else "") + "0" * digits, locale=self.numbers
        )

    def money(self, minor: int, currency: str) -> str:
        """Write an amount of minor units with the sign of its currency."""
        return format_currency(amount_of(minor, currency), currency.upper(), locale=self.numbers)

    def when(self, time: datetime, zone: tzinfo) -> str:
        """Write a time by a clock of that zone."""
        return format_datetime(time.astimezone(zone), "d MMM y, HH:mm", locale=self.dates)

    def day(self, day: date, *, with_year: bool) -> str:
        """Write a day without the clock."""
        return format_date(day, self.dated_pattern if with_year else self.day_pattern, locale=self.dates)

    def short_day(self, day: date) -> str:
        """Write a day in as little room as there is under a bar."""
        return format_date(day, "d MMM", locale=self.dates)

    def month(self, day: date) -> str:
        """Write the month of a day, and its year."""
        return format_date(day, "MMM y", locale=self.dates)

    def size(self, size_bytes: int) -> str:
        """Write a file's size."""
        if size_bytes < 1024:
            return f"{size_bytes} B"
        if size_bytes < 1024**2:
            return f"{self.fixed(size_bytes / 1024, 0)} KB"
        return f"{self.fixed(size_bytes / 1024**2, 1)} MB"


def gettext_noop(text: str) -> str:
    """Return the text as it is: it is marked for the catalogue here, and said where there is a language."""
    return text


def _texts(code: str) -> GNUTranslations:
    with (TEXTS / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


ENGLISH = Language(
    code="en",
    name="English",
    numbers=Locale("en", "US"),
    # Days before months, and hours to 24, for readers everywhere.
    dates=Locale("en", "GB"),
    day_pattern="d MMMM",
    dated_pattern="d MMMM y",
    texts=NullTranslations(),
)
SPANISH = Language(
    code="es",
    name="Español",
    numbers=Locale("es"),
    dates=Locale("es"),
    day_pattern="d 'de' MMMM",
    dated_pattern="d 'de' MMMM 'de' y",
    texts=_texts("es"),
)
LANGUAGES: Mapping[str, Language] = {language.code: language for language in (ENGLISH, SPANISH)}


def language_of(request: Request) -> Language:
    """Return the language that the person chose, else the one that the browser likes best, else English."""
    chosen = LANGUAGES.get(request.cookies.get(LANGUAGE_COOKIE, ""))
    return chosen or _accepted(request.headers.get("accept-language", ""))


def _accepted(header: str) -> Language:
    """Return the best known one of an `Accept-Language` (RFC 9110, 12.5.4), whose first wins among equals."""
    best, best_weight = ENGLISH, 0.0
    for each in header[:_ACCEPTED_LENGTH_MAX].split(","):
        tag, _, parameter = each.partition(";")
        language = LANGUAGES.get(tag.strip().lower().partition("-")[0])
        weight = _weight(parameter)
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
    # Neither infinity nor "not a number" is a weight.
    return weight if 0 <= weight <= 1 else 0.0
