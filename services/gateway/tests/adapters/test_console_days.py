"""Times by the person's own clock, and shapes of tiles."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from gateway.adapters.inbound.console.days import by_day
from gateway.adapters.inbound.console.shape import shape_class
from gateway.domain.generation import Generation, GenerationStatus, Modality
from gateway_world import HTML, Door, enter

PART = {"HX-Request": "true"}
NOW = datetime(2030, 3, 2, 3, 30, tzinfo=UTC)


async def made(door: Door) -> Generation:
    """One generation, queued."""
    csrf = await enter(door)
    (user_id,) = (user.user_id for user in door.world.identity.users.values())
    door.world.ledger.grant(user_id, 100)
    form = {"csrf_token": csrf, "model": "local/sketch", "prompt": "a heron", "ratio": "16:9"}
    await door.http.post("/generate", data=form, headers=HTML)
    (generation,) = door.world.generations.jobs.values()
    return generation


async def test_days_are_those_of_the_persons_clock(door: Door) -> None:
    """Half past three in the morning at Greenwich is yesterday evening in New York."""
    generation = await made(door)
    times = [
        NOW,
        datetime(2030, 3, 1, 12, tzinfo=UTC),
        datetime(2030, 2, 1, tzinfo=UTC),
        datetime(2029, 2, 1, tzinfo=UTC),
    ]
    jobs = [replace(generation, created_at=at, credits_charged=5) for at in times]
    titles = [(day.title, day.credits) for day in by_day(jobs, now=NOW, zone=UTC)]
    assert titles == [("Today", 5), ("Yesterday", 5), ("1 February", 5), ("1 February 2029", 5)]
    titles = [(day.title, day.credits) for day in by_day(jobs, now=NOW, zone=ZoneInfo("America/New_York"))]
    assert titles[:2] == [("Today", 10), ("31 January", 5)]
    assert by_day([], now=NOW, zone=UTC) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("America%2FNew_York", "1 Jan 2030, 22:04"),
        ("Asia%2FKolkata", "2 Jan 2030, 08:34"),
        (None, "2 Jan 2030, 03:04"),
        ("Mars%2FOlympus", "2 Jan 2030, 03:04"),
        ("..%2F..%2Fetc%2Fpasswd", "2 Jan 2030, 03:04"),
        ("America", "2 Jan 2030, 03:04"),
        ("x" * 4_000, "2 Jan 2030, 03:04"),
    ],
)
async def test_times_are_in_the_persons_zone(door: Door, told: str | None, shown: str) -> None:
    """As the browser told it; what is no zone is Greenwich, and no error."""
    generation = await made(door)
    if told is not None:
        door.http.cookies.set("tintype_zone", told)
    page = await door.http.get(f"/library/{generation.generation_id}", headers=HTML)
    assert page.status_code == 200
    assert shown in page.text


async def test_a_tile_has_its_shape_before_its_picture(door: Door) -> None:
    """As asked for, then as it came out; what is no shape is a square, and none is too wide for a row."""
    generation = await made(door)
    assert shape_class(generation) == str(round(20 * 16 / 9))
    done = door.world.generations.finish(generation.generation_id, GenerationStatus.SUCCEEDED)
    wide, tall = (
        replace(done, outputs=(replace(done.outputs[0], width=width, height=height),))
        for width, height in ((4_000, 100), (100, 4_000))
    )
    assert (shape_class(wide), shape_class(tall)) == ("60", "6")
    for odd in ("16:0", "a:b", "1", "", "1:2:3", "9" * 5_000 + ":1", "1:" + "9" * 400):
        assert shape_class(replace(generation, input={"ratio": odd})) == "20"
    assert shape_class(replace(generation, modality=Modality.TEXT)) == "20"


async def test_what_today_has_cost_is_a_part_of_the_studio(door: Door) -> None:
    """Nothing is said before anything was made, nor of another person's; signed out it leads to sign in."""
    csrf = await enter(door)
    assert (await door.http.get("/console/today", headers=PART)).text.strip() == ""
    (user_id,) = (user.user_id for user in door.world.identity.users.values())
    door.world.ledger.grant(user_id, 100)
    form = {"csrf_token": csrf, "model": "local/sketch", "prompt": "a heron"}
    await door.http.post("/generate", data=form, headers=HTML)
    (generation,) = door.world.generations.jobs.values()
    assert (await door.http.get("/console/today", headers=PART)).text.strip() == "0 credits"
    done = door.world.generations.finish(generation.generation_id, GenerationStatus.SUCCEEDED)
    door.world.generations.jobs[generation.generation_id] = replace(done, credits_charged=1_000)
    assert (await door.http.get("/console/today", headers=PART)).text.strip() == "1,000 credits"
    door.world.generations.jobs[generation.generation_id] = done
    cost = f"{done.credits_charged} credits"
    assert (await door.http.get("/console/today", headers=PART)).text.strip() == cost != "0 credits"
    door.http.cookies.clear()
    assert (await door.http.get("/console/today", headers=PART)).status_code == 401
    form = {"email": "bob@example.com", "password": "correct horse battery"}
    await door.http.post("/signup", data=form, headers=HTML)
    assert (await door.http.get("/console/today", headers=PART)).text.strip() == ""
