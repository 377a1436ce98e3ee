"""A model's page: what it costs, who runs it, and how it fared of late."""

from dataclasses import replace

import pytest
from gateway.adapters.outbound.memory import models
from gateway.domain.generation import ModelStatistics, PriceTier, ProviderStatistics, RunStatistics
from gateway_world import HTML, Door, enter

SKETCH = "local/sketch"
FARED = ModelStatistics(
    overall=RunStatistics(success_rate=0.985, median_duration_s=7.6),
    providers=(
        ProviderStatistics(provider="local", runs=RunStatistics(success_rate=0.5)),
        ProviderStatistics(provider="gone", runs=RunStatistics(success_rate=1.0, median_duration_s=2.0)),
    ),
)


async def page(door: Door, model: str = SKETCH) -> str:
    """What it shows."""
    answer = await door.http.get(f"/models/{model}", headers=HTML)
    assert answer.status_code == 200
    return " ".join(answer.text.split())


async def test_where_nothing_ran_it_says_so(door: Door) -> None:
    """With the price and the providers all the same, to whoever comes."""
    shown = await page(door)
    assert "Too little was made with it on the last day" in shown
    assert "5 credits an image" in shown
    assert "local</td>" in shown
    assert shown.count("not known") == 2
    assert "succeed<" not in shown


async def test_it_shows_how_the_last_day_went(door: Door) -> None:
    """What is not known of a provider is not guessed, and who runs it no more is left out."""
    door.world.generations.last_days = {SKETCH: FARED}
    shown = await page(door)
    assert "98.5 % succeed · about 8 s" in shown
    assert "50 %" in shown
    assert shown.count("not known") == 1
    assert "gone" not in shown
    assert "Too little" not in shown


async def test_programs_are_told_the_same(door: Door) -> None:
    """Nothing is null, not nought."""
    nothing = {"success_rate": None, "median_duration_s": None}
    assert (await door.http.get(f"/v1/models/{SKETCH}")).json()["last_day"] == {**nothing, "providers": []}
    door.world.generations.last_days = {SKETCH: FARED}
    told = (await door.http.get(f"/v1/models/{SKETCH}")).json()["last_day"]
    assert (told["success_rate"], told["median_duration_s"]) == (0.985, 7.6)
    assert told["providers"][0] == {"provider": "local", "success_rate": 0.5, "median_duration_s": None}


async def test_tiers_are_listed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what all others cost; where there are none, there is no table of them."""
    assert "everything else" not in await page(door)
    tiers = (
        PriceTier(when="resolution 1080p", credits_per_unit=9),
        PriceTier(when="steps up to 4", credits_per_unit=2),
    )
    (sketch, *others) = models.MODELS
    tiered = replace(sketch, pricing=replace(sketch.pricing, tiers=tiers))
    monkeypatch.setattr(models, "MODELS", (tiered, *others))
    shown = await page(door)
    assert "from 2 credits an image" in shown
    assert "resolution 1080p</td><td>9<" in shown
    assert "everything else</td><td>5<" in shown


@pytest.mark.parametrize("path", ["local/nothing", "local/..%2f", "LOCAL/sketch"])
async def test_a_model_that_is_not_there_is_not_there(door: Door, path: str) -> None:
    """For people, by a page."""
    answer = await door.http.get(f"/models/{path}", headers=HTML)
    assert answer.status_code == 404
    assert "text/html" in answer.headers["content-type"]


async def test_it_is_found_from_the_list_of_prices(door: Door) -> None:
    """By whoever is signed in, and by whoever is not."""
    assert f'href="/models/{SKETCH}"' in (await door.http.get("/pricing", headers=HTML)).text
    await enter(door)
    assert f'href="/models/{SKETCH}"' in (await door.http.get("/pricing", headers=HTML)).text


@pytest.mark.parametrize("address", [f"/models/{SKETCH}", f"/generate?model={SKETCH}"])
async def test_a_stand_in_is_called_one(door: Door, address: str) -> None:
    """Where people look at a model and where they use it; of another's stand-in nothing is said."""
    await enter(door)
    for stand_ins, is_said in (({"other"}, False), ({"local"}, True)):
        door.world.generations.stand_ins = stand_ins
        shown = (await door.http.get(address, headers=HTML)).text
        assert ("A stand-in answers for local" in shown) is is_said
        # Without unfolding anything.
        assert (" · a stand-in</small>" in shown) is (is_said and address.startswith("/generate"))
        (told,) = [m for m in (await door.http.get("/v1/models")).json()["data"] if m["id"] == SKETCH]
        assert told["stand_ins"] == (["local"] if is_said else [])
