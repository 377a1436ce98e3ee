"""What is kept for a time only: said before it goes, and afterwards."""

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.domain.generation import GenerationStatus
from gateway_world import HTML, SKETCH, Door, enter

UNTIL = datetime.fromisoformat("2030-02-01T12:00:00Z")


async def made(door: Door) -> str:
    """A picture of Ada's that is kept for a month."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 100)
    form = {"model": SKETCH, "prompt": "a heron", "csrf_token": csrf}
    assert (await door.http.post("/generate", data=form, headers=HTML)).status_code == 303
    (job,) = door.world.generations.jobs
    ended = door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    door.world.generations.jobs[job] = replace(ended, outputs_kept_until=UNTIL)
    return job


def expire(door: Door, job: str) -> None:
    """Its time is over."""
    kept = door.world.generations.jobs[job]
    gone = replace(kept, outputs=(), outputs_expired_at=UNTIL + timedelta(minutes=1))
    door.world.generations.jobs[job] = gone


async def test_it_is_said_before_it_happens(door: Door) -> None:
    """On its page, by the person's calendar; not of what is kept for good."""
    job = await made(door)
    page = (await door.http.get(f"/library/{job}")).text
    assert "Kept until" in page
    assert f'<time datetime="{UNTIL.isoformat()}">' in page
    kept = door.world.generations.jobs[job]
    door.world.generations.jobs[job] = replace(kept, outputs_kept_until=None)
    assert "Kept until" not in (await door.http.get(f"/library/{job}")).text


async def test_afterwards_it_is_said_what_became_of_it(door: Door) -> None:
    """On its page and in its tile, which is no failure; there is nothing to download or to share."""
    job = await made(door)
    expire(door, job)
    page = (await door.http.get(f"/library/{job}")).text
    assert "Its files were kept until" in page
    assert "Stopped before it was done." not in page
    assert "Download" not in page
    assert f"/library/{job}/share" not in page
    tiles = (await door.http.get("/library")).text
    assert "Its files are no longer kept." in tiles
    assert "data-failed" not in tiles


async def test_a_link_says_that_it_is_no_longer_kept(door: Door) -> None:
    """To whoever has it."""
    job = await made(door)
    account = door.world.generations.jobs[job].account_id
    _, token = await door.world.shares.create_share(
        account, door.world.generations.jobs[job].generation_id, lifetime_s=3_600, shows_prompt=False
    )
    expire(door, job)
    assert "What was shared here is no longer kept." in (await door.http.get(f"/s/{token}")).text


async def test_the_api_says_both(rich: Door) -> None:
    """Null for what is kept for good."""
    job = (await rich.generate()).json()["id"]
    ended = rich.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    body = (await rich.http.get(f"/v1/generations/{job}")).json()
    assert (body["outputs_kept_until"], body["outputs_expired_at"]) == (None, None)
    rich.world.generations.jobs[job] = replace(ended, outputs_kept_until=UNTIL)
    expire(rich, job)
    body = (await rich.http.get(f"/v1/generations/{job}")).json()
    assert (body["outputs_kept_until"], body["outputs_expired_at"]) == (
        "2030-02-01T12:00:00Z",
        "2030-02-01T12:01:00Z",
    )
    assert body["outputs"] == []
