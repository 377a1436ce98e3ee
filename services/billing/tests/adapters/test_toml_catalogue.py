"""The catalogue's file, and what a bad one is told."""

from pathlib import Path

import pytest
from billing.adapters.outbound.toml_catalogue import SHIPPED, BadCatalogueError, load_catalogue
from billing.domain.identifiers import PlanId
from billing.domain.standing import BillingInterval


def test_the_shipped_catalogue_has_three_packs_in_order() -> None:
    """What packs grant and how they are displayed come together."""
    packs = load_catalogue(None).packs
    assert [(pack.title, pack.credits, pack.price_minor) for pack in packs] == [
        ("Starter", 1000, 1000),
        ("Builder", 2500, 2500),
        ("Production", 5000, 5000),
    ]


def test_the_shipped_catalogue_has_three_plans_in_order() -> None:
    """Credits are those of a month; the free one has no price, the others one an interval, under a name."""
    catalogue = load_catalogue(None)
    assert [(plan.plan_id, plan.title, plan.credits, plan.trial_days) for plan in catalogue.plans] == [
        ("free", "Free", 500, 0),
        ("pro", "Pro", 3000, 0),
        ("business", "Business", 6000, 0),
    ]
    prices = [price for plan in catalogue.plans for price in plan.prices]
    assert [(price.price_name, price.price_minor, price.currency) for price in prices] == [
        ("tintype_pro_month", 2900, "usd"),
        ("tintype_pro_year", 29000, "usd"),
        ("tintype_business_month", 5900, "usd"),
        ("tintype_business_year", 59000, "usd"),
    ]
    pro = catalogue.find_plan(PlanId("pro"))
    assert pro is not None
    assert pro.price(BillingInterval.YEAR) == prices[1]
    assert catalogue.plans[0].price(BillingInterval.MONTH) is None
    assert catalogue.find_plan(PlanId("free")) == catalogue.plans[0]
    assert catalogue.find_plan(PlanId("gold")) is None


def test_a_plan_says_what_it_opens(tmp_path: Path) -> None:
    """In the order of the file; one that says nothing opens nothing."""
    assert load_catalogue(None).plans[0].entitlements == ()
    path = tmp_path / "catalogue.toml"
    opens = 'credits = 500\nentitlements = ["premium", "early_access"]\n'
    path.write_text(SHIPPED.read_text().replace("credits = 500\n", opens, 1))
    assert load_catalogue(path).plans[0].entitlements == ("premium", "early_access")


MANY = "abcdefghijklmnopqrstu"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("credits = 1000", "credits = -1", "packs.starter.credits"),
        ('currency = "usd"', 'currency = "dollars"', "currency"),
        ('pack = "starter"', 'pack = "gold"', "exactly one display"),
        ("credits = 1000", "credits = 1000\nbonus = 5", "bonus"),
        ("[packs.starter]", "[packs.starter", "catalogue.toml"),
        ("credits = 500\n", "credits = 0\n", "plans.free.credits"),
        *(
            ("credits = 500\n", f"credits = 500\nentitlements = {words}\n", "plans.free.entitlements")
            for words in ('["Premium"]', '[""]', f'["{"a" * 33}"]', '["a\\n"]', '["a", "a"]', [*MANY])
        ),
        ('plan = "free"', 'plan = "gold"', "exactly one plan_display"),
        ("price_minor = 2900\n", "price_minor = 0\n", "plans.pro.month.price_minor"),
        ('price_minor = 29000\ncurrency = "usd"', 'price_minor = 29000\ncurrency = "eur"', "same currency"),
        ("[plans.pro.year]", "[plans.pro.week]", "plans.pro.week"),
        ("credits = 500\n", "credits = 500\ntrial_days = 7\n", "trial_days needs a price"),
        ("credits = 3000\n", "credits = 3000\ntrial_days = 400\n", "plans.pro.trial_days"),
        (
            "price_minor = 2900\n",
            'price_minor = 2900\nprice_name = "tintype_starter"\n',
            "'tintype_starter' is used 2 times",
        ),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    """The error says where it is wrong."""
    path = tmp_path / "catalogue.toml"
    path.write_text(SHIPPED.read_text().replace(old, new, 1))
    with pytest.raises(BadCatalogueError, match=named):
        load_catalogue(path)
