"""What a tile says of a job that has no picture, and where in the studio it stands."""

import re
from dataclasses import replace

import pytest
from gateway.domain.generation import Failure, GenerationStatus
from gateway_world import HTML, SKETCH, Door, enter

ASKED = re.compile(r'<p class="asked" dir="auto">([^<]*)</p>')


async def entered(door: Door) -> str:
    """Ada with credits, and the token of her pages."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 5_000)
    return csrf


async def started(door: Door, csrf: str, prompt: str, **given: str) -> str:
    """Start a picture by the form and return its id."""
    form = {"model": SKETCH, "prompt": prompt, "csrf_token": csrf, **given}
    assert (await door.http.post("/generate", data=form, headers=HTML)).status_code == 303
    return list(door.world.generations.jobs)[-1]


def failed(door: Door, job: str, failure: Failure) -> None:
    """Let a job fail, with what its provider said."""
    door.world.generations.finish(job, GenerationStatus.FAILED)
    jobs = door.world.generations.jobs
    jobs[job] = replace(jobs[job], failure=failure, outputs=())


async def test_what_has_no_picture_says_what_it_was(door: Door) -> None:
    """Waiting, running, failed or cancelled, by its prompt; what has a picture says it over that."""
    csrf = await entered(door)
    waiting, running, broken, stopped, done = [
        await started(door, csrf, f"a {what} heron")
        for what in ("waiting", "running", "broken", "stopped", "drawn")
    ]
    door.world.generations.start(running)
    failed(door, broken, Failure(reason="PROVIDER_FAILED", detail="it broke"))
    door.world.generations.finish(stopped, GenerationStatus.CANCELLED)
    door.world.generations.finish(done, GenerationStatus.SUCCEEDED)
    for address in ("/library", "/generate"):
        page = (await door.http.get(address)).text
        assert ASKED.findall(page) == [
            "a stopped heron",
            "a broken heron",
            "a running heron",
            "a waiting heron",
        ]
    card = (await door.http.get(f"/library/{waiting}/card")).text
    assert ASKED.findall(card) == ["a waiting heron"]


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Failure(reason="PROVIDER_FAILED", detail="error 7 in the sampler"), "The model failed at it."),
        (Failure(reason="CONTENT_REFUSED", detail="error 7 in the sampler"), "The model refused it."),
        (Failure(reason="UNHEARD_OF", detail="error 7 in the sampler"), "error 7 in the sampler"),
    ],
)
async def test_a_failure_is_said_in_words(door: Door, failure: Failure, said: str) -> None:
    """By its reason where that is known; its code is for programs. The viewer quotes what came back."""
    csrf = await entered(door)
    job = await started(door, csrf, "a heron")
    failed(door, job, failure)
    tile = (await door.http.get(f"/library/{job}/card")).text
    viewer = (await door.http.get(f"/library/{job}")).text
    for page in (tile, viewer):
        assert said in page
        assert failure.reason not in page
    assert "What came back: error 7 in the sampler" in viewer
    assert "You were not charged." in viewer


async def test_a_failure_without_words_quotes_nothing(door: Door) -> None:
    """There is nothing between the quotation and its end."""
    csrf = await entered(door)
    job = await started(door, csrf, "a heron")
    failed(door, job, Failure(reason="DEADLINE_EXCEEDED", detail=""))
    viewer = (await door.http.get(f"/library/{job}")).text
    assert "It took too long." in viewer
    assert "What came back" not in viewer


async def test_words_have_room_where_no_picture_will_come(door: Door) -> None:
    """A tall one that failed is as wide as its button; one that runs keeps the shape of its picture."""
    csrf = await entered(door)
    job = await started(door, csrf, "a heron", ratio="9:16")
    assert "tile ar-11" in (await door.http.get(f"/library/{job}/card")).text
    failed(door, job, Failure(reason="PROVIDER_FAILED", detail=""))
    assert "tile ar-20" in (await door.http.get(f"/library/{job}/card")).text


async def test_what_was_begun_today_stands_under_today(door: Door) -> None:
    """Running or ended, newest first; what still runs since yesterday stands under yesterday."""
    csrf = await entered(door)
    await started(door, csrf, "a late heron")
    door.clock.pass_(days=1)
    done = await started(door, csrf, "a heron")
    door.world.generations.finish(done, GenerationStatus.SUCCEEDED)
    await started(door, csrf, "a crane")
    page = (await door.http.get("/generate")).text
    feed = page[page.index('class="feed"') :]
    order = [
        feed.index(words)
        for words in (">Today", 'id="now"', "a crane", "a heron", ">Yesterday", "a late heron")
    ]
    assert order == sorted(order)
    assert feed.count(">Today") == 1


async def test_examples_stand_in_the_form_until_something_is_made(door: Door) -> None:
    """Where a phone shows them at once; each is a link that fills the form in without a script."""
    csrf = await entered(door)
    page = (await door.http.get("/generate")).text
    form = page[page.index('id="composer"') : page.index("</form>", page.index('id="composer"'))]
    (address, words), *_ = re.findall(r'<a href="([^"]+)" data-example="([^"]+)"', form)
    filled = (await door.http.get(address.replace("&amp;", "&"))).text
    assert f">{words}</textarea>" in filled
    await started(door, csrf, "a heron")
    assert "data-example" not in (await door.http.get("/generate")).text


@pytest.mark.parametrize("number", ["0", "4", "99"])
async def test_no_example_fills_in_nothing(door: Door, number: str) -> None:
    """A number that is none of ours leaves the form empty."""
    await entered(door)
    page = (await door.http.get(f"/generate?example={number}")).text
    assert "></textarea>" in page
