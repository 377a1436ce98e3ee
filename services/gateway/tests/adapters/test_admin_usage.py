"""What everybody's generations came to, for people with a role."""

from gateway.domain.generation import ModelStatistics, ProviderStatistics, RunStatistics
from gateway.domain.user import Role
from gateway_world import Door, assert_problem
from staff import become, spend

USAGE = "/v1/admin/usage"


async def test_what_is_left_is_put_together(door: Door) -> None:
    """By day, model and provider, or by what is asked for, within the days that are asked for."""
    spend(door, 15)
    await become(door, Role.SUPPORT)
    (whole,) = (await door.http.get(USAGE)).json()["data"]
    assert (whole["day"], whole["model"], whole["provider"]) == ("2030-01-02", "local/sketch", "local")
    assert (whole["attempts"], whole["credits"], whole["revenue_usd_micros"]) == (1, 15, 150_000)
    assert whole["margin_usd_micros"] == 150_000
    (by_model,) = (await door.http.get(f"{USAGE}?group_by=model")).json()["data"]
    assert (by_model["day"], by_model["model"], by_model["provider"]) == (None, "local/sketch", None)
    assert (await door.http.get(f"{USAGE}?from=2030-01-03T00:00:00Z")).json()["data"] == []
    backwards = await door.http.get(f"{USAGE}?from=2030-01-03T00:00:00Z&to=2030-01-02T00:00:00Z")
    assert_problem(backwards, 422, "INVALID_REQUEST")
    assert_problem(await door.http.get(f"{USAGE}?group_by=job"), 422, "INVALID_REQUEST")


async def test_providers_say_how_they_fared(door: Door) -> None:
    """Each with each of its models; too few tries say nothing."""
    runs = RunStatistics(success_rate=0.5, median_duration_s=7.5)
    told = ModelStatistics(providers=(ProviderStatistics(provider="local", runs=runs),))
    door.world.generations.last_days["local/sketch"] = told
    await become(door, Role.SUPPORT)
    data = (await door.http.get("/v1/admin/providers")).json()["data"]
    (local,) = [each for each in data if each["provider"] == "local"]
    fared = {model["model"]: (model["success_rate"], model["median_duration_s"]) for model in local["models"]}
    assert fared["local/sketch"] == (0.5, 7.5)
    assert {each for name, each in fared.items() if name != "local/sketch"} == {(None, None)}
