"""The catalogue at the prices that the payment processor asks."""

from dataclasses import replace

import pytest
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.domain.catalogue import Catalogue
from billing.domain.processor_price import ProcessorPrice
from billing.domain.standing import BillingInterval

CATALOGUE = load_catalogue(None)
STARTER, BUILDER, PRODUCTION = CATALOGUE.packs
FREE, PRO, BUSINESS = CATALOGUE.plans
PRICE = ProcessorPrice(
    price_name="tintype_starter", article_id="prod_1", price_minor=1100, currency="eur", is_on_sale=True
)


def at(*prices: ProcessorPrice) -> Catalogue:
    """The catalogue as shipped, where these are known."""
    return CATALOGUE.at_prices({price.price_name: price for price in prices})


def test_a_price_that_is_known_is_shown_instead() -> None:
    """Of that pack alone, and nothing else of it changes."""
    assert at().packs == CATALOGUE.packs
    assert at(PRICE).packs == (replace(STARTER, price_minor=1100, currency="eur"), BUILDER, PRODUCTION)
    assert at(PRICE).plans == CATALOGUE.plans


@pytest.mark.parametrize(
    "bad",
    [
        {"is_on_sale": False},
        {"price_minor": 0},
        {"interval": BillingInterval.MONTH},
    ],
)
def test_what_can_not_be_sold_keeps_no_other_from_it(bad: dict[str, object]) -> None:
    """Withdrawn, for nothing, or again and again where it should be once."""
    assert at(replace(PRICE, **bad)).packs == (BUILDER, PRODUCTION)  # type: ignore[arg-type]


def test_a_plan_keeps_the_intervals_that_are_on_sale() -> None:
    """Without any it is not on offer, and never a free one; the free one stays."""
    month, year = PRO.prices
    monthly = replace(
        PRICE, price_name=month.price_name, price_minor=3100, currency="jpy", interval=BillingInterval.MONTH
    )
    gone = replace(PRICE, price_name=year.price_name, interval=BillingInterval.YEAR, is_on_sale=False)
    shown = replace(PRO, prices=(replace(month, price_minor=3100, currency="jpy"),))
    assert at(monthly, gone).plans == (FREE, shown, BUSINESS)
    # Paid by the year under the name of the month.
    wrong = replace(monthly, interval=BillingInterval.YEAR)
    assert at(wrong, gone).plans == (FREE, BUSINESS)
    assert at(wrong).plans == (FREE, replace(PRO, prices=(year,)), BUSINESS)


def test_the_names_of_all_prices() -> None:
    """Of packs, and of each interval of plans."""
    assert CATALOGUE.price_names == (
        *(pack.price_name for pack in CATALOGUE.packs),
        "tintype_pro_month",
        "tintype_pro_year",
        "tintype_business_month",
        "tintype_business_year",
    )
