"""The catalogue's file, and what a bad one is told."""

from pathlib import Path

import pytest
from billing.adapters.outbound.toml_catalogue import SHIPPED, BadCatalogueError, load_catalogue
from billing.domain.identifiers import PlanId


def test_the_shipped_catalogue_has_three_packs_in_order() -> None:
    """What packs grant and how they are displayed come together."""
    packs = load_catalogue(None).packs
    assert [(pack.title, pack.credits, pack.price_minor) for pack in packs] == [
        ("Starter", 1000, 1000),
        ("Builder", 2500, 2500),
        ("Production", 5000, 5000),
    ]


def test_the_shipped_catalogue_has_a_free_plan() -> None:
    """Its credits are those of a month."""
    catalogue = load_catalogue(None)
    assert [(plan.plan_id, plan.title, plan.credits) for plan in catalogue.plans] == [("free", "Free", 500)]
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
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    """The error says where it is wrong."""
    path = tmp_path / "catalogue.toml"
    path.write_text(SHIPPED.read_text().replace(old, new, 1))
    with pytest.raises(BadCatalogueError, match=named):
        load_catalogue(path)
