"""`/admin/providers` and its call: which providers workers leave alone, and when nobody knows."""

import re
from datetime import timedelta

from gateway.domain.identifiers import ModelId
from gateway.domain.provider_pause import PauseReport, ProviderPause
from gateway.domain.user import Role
from gateway_world import SKETCH, Door
from staff import become, enter, get


def left_alone(door: Door) -> None:
    """Two workers leave a model alone, one of them its whole provider."""
    now = door.clock.now()
    said = [
        ProviderPause(
            provider="local",
            model_id=model_id,
            reason=reason,
            since=now - timedelta(minutes=2),
            until=now + timedelta(minutes=1),
            workers=workers,
        )
        for model_id, reason, workers in ((ModelId(SKETCH), "failing", 2), (None, "on strike", 1))
    ]
    door.world.usage_log.said = PauseReport(workers=2, pauses=said)


async def test_pauses_are_told_with_their_models(door: Door) -> None:
    """Of a model there, of a provider there; and how many workers were heard."""
    await door.sign_up()
    await become(door, Role.SUPPORT)
    before = (await door.http.get("/v1/admin/providers")).json()
    assert before["workers"] == 0
    assert all(not model["pauses"] for provider in before["data"] for model in provider["models"])
    left_alone(door)
    said = (await door.http.get("/v1/admin/providers")).json()
    assert said["workers"] == 2
    (local,) = [provider for provider in said["data"] if provider["provider"] == "local"]
    assert [(pause["reason"], pause["workers"]) for pause in local["pauses"]] == [("on strike", 1)]
    paused = {model["model"]: model["pauses"] for model in local["models"]}
    (pause,) = paused.pop(SKETCH)
    assert (pause["reason"], pause["workers"]) == ("failing", 2)
    assert pause["since"] < pause["until"]
    assert not any(paused.values())


async def test_the_page_says_when_nobody_knows(door: Door) -> None:
    """A provider is not called well because no worker speaks."""
    await enter(door, Role.SUPPORT)
    silent = await get(door, "/admin/providers")
    assert "No worker said anything" in silent.text
    assert "asked as usual" not in silent.text
    left_alone(door)
    page = await get(door, "/admin/providers")
    for said in ("it fails: jobs wait or go elsewhere", "on strike", "2 workers were heard"):
        assert said in page.text
    door.world.usage_log.said = PauseReport(workers=1, pauses=[])
    assert "asked as usual" in (await get(door, "/admin/providers")).text


async def test_on_a_phone_each_row_has_the_same_columns(door: Door) -> None:
    """Narrow pages leave as many out of every row, so that what is left stays in its column."""
    await enter(door, Role.SUPPORT)
    left_alone(door)
    page = await get(door, "/admin/providers")
    rows = re.findall(r"<tr>(.*?)</tr>", page.text, re.DOTALL)
    cells = [re.findall(r"<t[hd][ >][^>]*", row) for row in rows]
    assert len(rows) > 2
    assert {(len(row), sum("optional" in cell for cell in row)) for row in cells} == {(4, 2)}
    assert "colspan" not in page.text
