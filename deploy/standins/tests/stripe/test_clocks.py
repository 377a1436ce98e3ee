"""Test clocks: who is on one lives by its time."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from .billing import Subscriber, price
from .conftest import StandIn

DAY_S = 86_400
START = 1_800_000_000


def test_a_clock_moves_when_it_is_advanced(standin: StandIn) -> None:
    """It is advancing first and ready later; its customers are made at its time."""
    sdk = standin.sdk.v1
    clock = sdk.test_helpers.test_clocks.create({"frozen_time": START, "name": "a year"})
    assert (clock.status, clock.frozen_time) == ("ready", START)
    assert sdk.customers.create({"test_clock": clock.id}).created == START
    moving = sdk.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START + DAY_S})
    assert moving.status == "advancing"
    assert moving.status_details.advancing is not None
    assert moving.status_details.advancing.target_frozen_time == START + DAY_S
    standin.inbox.wait_for_type("test_helpers.test_clock.ready")
    arrived = sdk.test_helpers.test_clocks.retrieve(clock.id)
    assert (arrived.status, arrived.frozen_time) == ("ready", START + DAY_S)
    assert sdk.customers.create({"test_clock": clock.id}).created == START + DAY_S
    assert sdk.customers.create().created < START


@pytest.mark.parametrize("target", [START, START - 1, START + 3 * 365 * DAY_S])
def test_a_clock_goes_neither_back_nor_too_far(standin: StandIn, target: int) -> None:
    """Two years at once at most; the refusal leaves it where it stood."""
    clocks = standin.sdk.v1.test_helpers.test_clocks
    clock = clocks.create({"frozen_time": START})
    with pytest.raises(stripe.InvalidRequestError):
        clocks.advance(clock.id, {"frozen_time": target})
    assert (clocks.retrieve(clock.id).status, clocks.retrieve(clock.id).frozen_time) == ("ready", START)


def test_who_lives_by_a_clock_is_listed_with_it_alone(standin: StandIn) -> None:
    """Lists of customers and subscriptions leave them out, unless the clock or the customer is named."""
    sdk = standin.sdk.v1
    plan = price(standin, 1000)
    ada = Subscriber.join(standin)
    mine = ada.subscribe(plan).id
    params: Any = {
        "payment_method": "pm_card_visa",
        "invoice_settings": {"default_payment_method": "pm_card_visa"},
    }
    beside = sdk.customers.create(params).id
    other = sdk.subscriptions.create({"customer": beside, "items": [{"price": plan.id}]}).id
    assert [each.id for each in sdk.customers.list().data] == [beside]
    assert [each.id for each in sdk.customers.list({"test_clock": ada.clock}).data] == [ada.customer]
    assert [each.id for each in sdk.subscriptions.list({"status": "all"}).data] == [other]
    assert [each.id for each in sdk.subscriptions.list({"test_clock": ada.clock}).data] == [mine]
    assert [each.id for each in sdk.subscriptions.list({"customer": ada.customer}).data] == [mine]


def test_a_clock_takes_its_customers_with_it(standin: StandIn) -> None:
    """Deleting it deletes them, and nobody else."""
    sdk = standin.sdk.v1
    clock = sdk.test_helpers.test_clocks.create({"frozen_time": START})
    on_it, beside = sdk.customers.create({"test_clock": clock.id}), sdk.customers.create()
    assert sdk.test_helpers.test_clocks.delete(clock.id).deleted
    assert [each.id for each in sdk.customers.list().data] == [beside.id]
    assert sdk.customers.retrieve(on_it.id).deleted
    with pytest.raises(stripe.InvalidRequestError):
        sdk.test_helpers.test_clocks.retrieve(clock.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such test_helpers"):
        sdk.customers.create({"test_clock": clock.id})
