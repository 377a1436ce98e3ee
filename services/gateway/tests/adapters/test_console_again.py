"""What was made once, made again: just so, or otherwise."""

from gateway.domain.generation import GenerationStatus
from gateway_world import HTML, SKETCH, Door, enter


async def made(door: Door, **given: str) -> str:
    """A picture of Ada's."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 100)
    form = {"model": SKETCH, "prompt": "a heron", "csrf_token": csrf, **given}
    assert (await door.http.post("/generate", data=form, headers=HTML)).status_code == 303
    (job,) = door.world.generations.jobs
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    return job


async def test_again_keeps_all_and_a_remix_leaves_out_the_seed(door: Door) -> None:
    """The rest of the form is as it was."""
    job = await made(door, seed="4711", ratio="16:9")
    again = (await door.http.get(f"/generate?again={job}")).text
    remix = (await door.http.get(f"/generate?again={job}&remix=1")).text
    assert 'value="4711"' in again
    assert "4711" not in remix
    for page in (again, remix):
        assert ">a heron</textarea>" in page
        assert 'value="16:9" checked' in page


async def test_only_what_has_a_seed_can_be_remixed(door: Door) -> None:
    """Without one, making it again is a remix already."""
    job = await made(door)
    assert "remix=1" not in (await door.http.get(f"/library/{job}")).text


async def test_a_viewer_says_what_it_cost(door: Door) -> None:
    """In a whole sentence's words, and offers to look closely."""
    job = await made(door, seed="1")
    page = (await door.http.get(f"/library/{job}")).text
    assert "it cost 5 credits" in page
    assert f"/generate?again={job}&amp;remix=1" in page
    for words in ("Smaller", "Larger"):
        assert f'aria-label="{words}"' in page


async def test_nobody_elses_is_remixed(door: Door) -> None:
    """For others there is no such generation."""
    job = await made(door, seed="1")
    door.http.cookies.clear()
    form = {"email": "eve@example.com", "password": "correct horse battery"}
    await door.http.post("/signup", data=form, headers=HTML)
    assert (await door.http.get(f"/generate?again={job}&remix=1")).status_code == 404
