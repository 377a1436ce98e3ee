"""Plans by the API, as a client sends them: in JSON, where an interval is a word."""

import pytest
from gateway.domain.price import Price
from gateway_world import Door, assert_problem


async def test_a_plan_is_bought_for_an_interval(door: Door) -> None:
    """Each of the two; another word is refused by its field, and opens nothing."""
    await door.sign_up()
    for interval in ("month", "year"):
        bought = await door.http.post("/v1/checkout", json={"plan": "pro", "interval": interval})
        assert bought.status_code == 201, bought.text
    before = dict(door.world.billing.checkouts)
    refused = await door.http.post("/v1/checkout", json={"plan": "pro", "interval": "week"})
    problem = assert_problem(refused, 422, "INVALID_REQUEST")
    assert [error["field"] for error in problem["errors"]] == ["interval"]
    assert door.world.billing.checkouts == before


async def test_a_change_names_its_interval(door: Door) -> None:
    """It gets past the form: who has no plan is told so."""
    await door.sign_up()
    for interval in ("month", "year"):
        body = {"plan": "business", "interval": interval}
        answer = await door.http.post("/v1/subscription/change", json=body)
        assert answer.status_code in (404, 409), answer.text


async def test_what_was_expected_to_cost_something_else_is_refused_with_its_price(door: Door) -> None:
    """Of a pack, of a plan and of a change; nothing is opened and the key is good for the new one."""
    await door.sign_up()
    old, new = {"price_minor": 1000, "currency": "usd"}, {"price_minor": 1300, "currency": "usd"}
    door.world.billing.repriced |= dict.fromkeys(("starter", "pro:month", "business:month"), Price(**new))
    headers = {"Idempotency-Key": "k1"}
    refused = await door.http.post(
        "/v1/checkout", json={"pack": "starter", "expected_price": old}, headers=headers
    )
    assert assert_problem(refused, 409, "PRICE_CHANGED")["price"] == new
    assert door.world.billing.checkouts == {}
    body = {"pack": "starter", "expected_price": new}
    assert (await door.http.post("/v1/checkout", json=body, headers=headers)).status_code == 201
    plan = {"plan": "pro", "interval": "month"}
    refused = await door.http.post("/v1/checkout", json=plan | {"expected_price": old})
    assert assert_problem(refused, 409, "PRICE_CHANGED")["price"] == new
    opened = (await door.http.post("/v1/checkout", json=plan | {"expected_price": new})).json()["id"]
    door.world.billing.begin(opened)
    change = {"plan": "business", "interval": "month", "expected_price": old}
    refused = await door.http.post("/v1/subscription/change", json=change)
    assert assert_problem(refused, 409, "PRICE_CHANGED")["price"] == new
    assert (await door.http.get("/v1/subscription")).json()["plan_id"] == "pro"
    changed = await door.http.post("/v1/subscription/change", json=change | {"expected_price": new})
    assert changed.json()["plan_id"] == "business"


@pytest.mark.parametrize(
    "price",
    [{"price_minor": -1, "currency": "usd"}, {"price_minor": 1, "currency": "USD"}, {"price_minor": 1}],
)
async def test_what_is_no_price_is_no_expectation(door: Door, price: dict[str, object]) -> None:
    """It is refused by its field."""
    await door.sign_up()
    refused = await door.http.post("/v1/checkout", json={"pack": "starter", "expected_price": price})
    (error,) = assert_problem(refused, 422, "INVALID_REQUEST")["errors"]
    assert error["field"].startswith("expected_price.")
    assert door.world.billing.checkouts == {}
