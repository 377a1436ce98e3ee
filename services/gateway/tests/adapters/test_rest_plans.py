"""Plans by the API, as a client sends them: in JSON, where an interval is a word."""

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
