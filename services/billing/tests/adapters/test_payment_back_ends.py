"""Which payment back end is in use, and whose settings are read for it."""

from dataclasses import replace

import pytest
from billing.adapters.outbound.polar.processor import PolarProcessor
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.domain.catalogue import Catalogue
from billing.domain.identifiers import PlanId
from billing.settings import BillingSettings, CatalogueSettings
from chassis.settings import load_settings

OWN = {
    "BILLING_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nothing",
    "BILLING_NATS_URL": "nats://127.0.0.1:1",
    "BILLING_NATS_USER": "billing",
    "BILLING_NATS_PASSWORD": "unused",
    "BILLING_PUBLIC_URL": "http://127.0.0.1:8000",
}
STRIPE = {"BILLING_STRIPE_SECRET_KEY": "sk_test_unused", "BILLING_STRIPE_WEBHOOK_SECRET": "whsec_unused"}

POLAR = {
    "BILLING_PAYMENT_PROCESSOR": "polar",
    "BILLING_POLAR_ACCESS_TOKEN": "polar_oat_unused",
    "BILLING_POLAR_WEBHOOK_SECRET": "polar_whs_unused",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Billing's own settings, and no back end's."""
    for name in (*STRIPE, *POLAR):
        monkeypatch.delenv(name, raising=False)
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def give(environment: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    """Set them."""
    for name, value in settings.items():
        environment.setenv(name, value)


def test_stripe_is_in_use_unless_another_is_named(environment: pytest.MonkeyPatch) -> None:
    """And needs its key and its endpoint's secret; a command that takes no webhooks needs the key alone."""
    give(environment, STRIPE)
    settings = BillingSettings()
    assert isinstance(settings.processor(), StripeProcessor)
    assert settings.verifier()
    environment.delenv("BILLING_STRIPE_WEBHOOK_SECRET")
    assert isinstance(CatalogueSettings().processor(), StripeProcessor)


def test_what_the_one_in_use_lacks_is_named(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is opened, as every other setting is."""
    environment.setenv("BILLING_STRIPE_SECRET_KEY", "sk_test_unused")
    with pytest.raises(SystemExit) as ended:
        load_settings(BillingSettings)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "missing in the environment: BILLING_STRIPE_WEBHOOK_SECRET\n"


def test_polar_needs_nothing_of_stripe(environment: pytest.MonkeyPatch) -> None:
    """One setting, and Polar's own: it sells packs, and no plans."""
    give(environment, POLAR)
    settings = BillingSettings()
    processor = settings.processor()
    assert isinstance(processor, PolarProcessor)
    assert not processor.sells_plans
    assert settings.verifier()


def test_what_polar_can_not_do_stops_the_start(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """More than one of a pack on a page: one line says so."""
    give(environment, {**POLAR, "BILLING_QUANTITY_MAX": "5"})
    with pytest.raises(SystemExit) as ended:
        load_settings(BillingSettings)
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "BILLING_QUANTITY_MAX: value error, polar sells one of a pack on a page: it can only be 1\n"
    )


@pytest.mark.parametrize("is_given", [False, True])
@pytest.mark.parametrize("sells_plans", [False, True])
def test_plans_on_offer_are_those_that_people_can_have(sells_plans: bool, is_given: bool) -> None:
    """Those at a price where they are sold, the free one where everybody begins with it; packs anyway."""
    catalogue = load_catalogue(None)
    free = catalogue.plans[0] if is_given else None
    offered = catalogue.offered(sells_plans=sells_plans, free_plan=free)
    wanted = ["free"] * is_given + ["pro", "business"] * sells_plans
    assert [plan.plan_id for plan in offered.plans] == wanted
    assert offered.packs == catalogue.packs


def test_a_free_plan_that_is_not_the_one_that_is_given_is_not_on_offer() -> None:
    """An earlier one of the catalogue, which somebody may still have."""
    free, *_ = load_catalogue(None).plans
    catalogue = Catalogue((), (free, replace(free, plan_id=PlanId("hobby"))))
    offered = catalogue.offered(sells_plans=True, free_plan=catalogue.plans[1])
    assert [plan.plan_id for plan in offered.plans] == ["hobby"]


def test_there_is_no_other(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that no folder has stops the start."""
    give(environment, {**STRIPE, "BILLING_PAYMENT_PROCESSOR": "barter"})
    with pytest.raises(SystemExit):
        load_settings(BillingSettings)
    assert capsys.readouterr().err.startswith("BILLING_PAYMENT_PROCESSOR: input should be ")
