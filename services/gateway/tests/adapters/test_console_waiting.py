"""What a page says to somebody who waits: how long a model takes, places in the queue, time that is left."""

import re
from dataclasses import replace

from gateway.domain.generation import QUEUE_COUNTED_MAX, GenerationStatus
from gateway_world import HTML, SKETCH, Door, ask_for, enter


async def started(door: Door, csrf: str, prompt: str = "a heron") -> str:
    """Start a picture by the form and return its id."""
    form = {"model": SKETCH, "prompt": prompt, "csrf_token": csrf}
    assert (await door.http.post("/generate", data=form, headers=HTML)).status_code == 303
    return list(door.world.generations.jobs)[-1]


async def entered(door: Door) -> str:
    """Ada with credits, and the token of her pages."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 5_000)
    return csrf


def words(html: str) -> str:
    """What is read of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


async def test_a_model_says_how_long_it_takes(door: Door) -> None:
    """In the chooser, where it is known."""
    await entered(door)
    door.world.generations.medians_s = {SKETCH: 7.6}
    page = words((await door.http.get("/generate")).text)
    assert "5 credits an image · about 8 s" in page
    assert page.count("about") == 2  # what is chosen, and the same in the list
    door.world.generations.medians_s = {SKETCH: 200, "local/motion": 0.2}
    page = words((await door.http.get("/generate")).text)
    assert "about 3 min" in page
    assert "about 1 s" in page


async def test_a_job_that_waits_shows_its_place(door: Door) -> None:
    """Until a worker has it; far behind, nobody counts."""
    csrf = await entered(door)
    first, second = await started(door, csrf), await started(door, csrf, "a crane")
    assert "next in the queue" in words((await door.http.get(f"/library/{first}/card")).text)
    assert "1 before it" in words((await door.http.get(f"/library/{second}/card")).text)
    assert "1 before it" in words((await door.http.get(f"/library/{second}")).text)
    door.world.generations.start(first)
    assert "next in the queue" in words((await door.http.get(f"/library/{second}/card")).text)
    assert "in the queue" not in words((await door.http.get(f"/library/{first}/card")).text)
    await ask_for(door, *(f"heron {number}" for number in range(QUEUE_COUNTED_MAX)))
    last = await started(door, csrf, "the last heron")
    assert "more than 100 before it" in words((await door.http.get(f"/library/{last}/card")).text)


async def test_a_job_that_waits_at_its_provider_shows_its_place_there(door: Door) -> None:
    """In place of a time that does not run yet; the page asks for it again as for one that waits here."""
    csrf = await entered(door)
    job = await started(door, csrf)
    door.world.generations.medians_s = {SKETCH: 7.6}
    running = door.world.generations.start(job)
    door.world.generations.jobs[job] = replace(running, queue_position=3)
    card = (await door.http.get(f"/library/{job}/card")).text
    assert "2 before it" in words(card)
    assert "data-place" in card
    assert "left" not in words(card)
    assert (await door.http.get(f"/v1/generations/{job}")).json()["queue_position"] == 3
    door.world.generations.jobs[job] = running
    assert "data-place" not in (await door.http.get(f"/library/{job}/card")).text


async def test_a_job_that_runs_shows_what_is_left(door: Door) -> None:
    """Never less than nothing: past its time it takes longer than usual."""
    csrf = await entered(door)
    job = await started(door, csrf)
    door.world.generations.start(job)
    assert "left" not in words((await door.http.get(f"/library/{job}/card")).text)
    door.world.generations.medians_s = {SKETCH: 8}
    door.clock.pass_(seconds=3)
    card = (await door.http.get(f"/library/{job}/card")).text
    assert "about 5 s left" in words(card)
    assert 'data-left-s="5.0"' in card
    door.clock.pass_(seconds=60)
    card = words((await door.http.get(f"/library/{job}/card")).text)
    assert "taking longer than usual" in card
    assert "left" not in card
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    card = words((await door.http.get(f"/library/{job}/card")).text)
    assert "longer" not in card


async def test_programs_are_told_the_same(door: Door) -> None:
    """Place, time and median of the REST answers; null where there is none."""
    await door.sign_up(welcome_credits=100)
    job = (await door.generate()).json()
    assert (job["queue_position"], job["expected_ready_at"]) == (1, None)
    door.world.generations.start(job["id"])
    door.world.generations.medians_s = {SKETCH: 8}
    running = (await door.http.get(f"/v1/generations/{job['id']}")).json()
    assert (running["queue_position"], running["expected_ready_at"]) == (None, "2030-01-02T03:04:13Z")
    models = {model["id"]: model for model in (await door.http.get("/v1/models")).json()["data"]}
    assert models[SKETCH]["median_duration_s"] == 8
    assert models["local/motion"]["median_duration_s"] is None
