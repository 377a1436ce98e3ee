"""What the viewer says of a job: what was asked for, its file, its attempts and its credits."""

import re
from dataclasses import replace

import pytest
from gateway.adapters.inbound.console.compare import input_rows
from gateway.domain.credits import Category
from gateway.domain.generation import Attempt, Failure, GenerationStatus
from gateway.domain.identifiers import ModelId
from gateway_world import HTML, SKETCH, Door, enter


async def made(door: Door, status: GenerationStatus = GenerationStatus.SUCCEEDED, **given: str) -> str:
    """A picture of Ada's that ended."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 100)
    form = {"model": SKETCH, "prompt": "a heron", "csrf_token": csrf, **given}
    assert (await door.http.post("/generate", data=form, headers=HTML)).status_code == 303
    (job,) = door.world.generations.jobs
    door.world.generations.finish(job, status)
    return job


def facts(page: str) -> dict[str, str]:
    """The list of facts."""
    (found,) = re.findall(r'<dl class="facts num">(.*?)</dl>', page, re.DOTALL)
    return dict(re.findall(r"<dt>([^<]*)</dt><dd[^>]*>([^<]*)</dd>", found))


async def test_what_was_asked_for_has_the_names_of_its_form(door: Door) -> None:
    """In the form's order; neither the prompt, which is the heading, nor what was left empty."""
    job = await made(door, output_count="1", ratio="16:9")
    jobs, models = door.world.generations.jobs, door.world.generations
    asked = jobs[job].input | {"system": "", "simulate": "none", "style": "wet plate"}
    jobs[job] = replace(jobs[job], input=asked)
    sketch = next(model for model in await models.models() if model.model_id == SKETCH)
    sketch.input_schema["properties"]["output_count"]["title"] = "Images"
    try:
        shown = facts((await door.http.get(f"/library/{job}")).text)
    finally:
        del sketch.input_schema["properties"]["output_count"]["title"]
    asked_for = [name for name in shown if name not in ("Model", "Made", "Took", "Seed")]
    assert asked_for == ["Ratio", "Images", "Style"]
    assert (shown["Model"], shown["Images"], shown["Ratio"]) == (sketch.title, "1", "16:9")


def test_what_is_compared_is_what_somebody_asked_for() -> None:
    """By the form of whichever has the field; neither what both left empty nor how a test was told to end."""
    left = {"prompt": "a heron", "system": "", "ratio": "1:1", "simulate": "none"}
    right = {"prompt": "a heron", "max_tokens": 9, "simulate": "fail"}
    rows = {row.label: (row.values, row.differs) for row in input_rows(left, right, models=(None, None))}
    assert rows == {
        "Prompt": (("a heron", "a heron"), False),
        "Ratio": (("1:1", ""), True),
        "Max tokens": (("", "9"), True),
    }


async def test_a_model_that_is_gone_leaves_what_was_asked_for(door: Door) -> None:
    """By its id, and fields by their names as words."""
    job = await made(door, output_count="1")
    jobs = door.world.generations.jobs
    jobs[job] = replace(jobs[job], model_id=ModelId("gone/model"))
    shown = facts((await door.http.get(f"/library/{job}")).text)
    assert (shown["Model"], shown["Output count"]) == ("gone/model", "1")


async def test_a_file_is_called_what_people_call_it(door: Door) -> None:
    """Not by its media type; one that nobody has a name for keeps it."""
    job = await made(door)
    jobs = door.world.generations.jobs
    for media_type, called in (("image/webp", "WebP"), ("text/plain; charset=utf-8", "Text"), ("a/b", "a/b")):
        output = replace(jobs[job].outputs[0], media_type=media_type)
        jobs[job] = replace(jobs[job], outputs=(output,))
        page = (await door.http.get(f"/library/{job}")).text
        (caption,) = re.findall(r"<figcaption>(.*?)</figcaption>", page, re.DOTALL)
        assert caption.strip().startswith(called)


async def test_what_came_to_nothing_says_so_in_its_place(door: Door) -> None:
    """A failure its reason, a job that was stopped that it was; what has a file shows that."""
    job = await made(door, GenerationStatus.FAILED)
    jobs = door.world.generations.jobs
    failure = Failure(reason="CONTENT_REFUSED", detail="")
    jobs[job] = replace(jobs[job], failure=failure, outputs=())
    stage = re.compile(r'<section class="stage" data-empty.*?</section>', re.DOTALL)
    (shown,) = stage.findall((await door.http.get(f"/library/{job}")).text)
    assert "The model refused it." in shown
    jobs[job] = replace(jobs[job], status=GenerationStatus.CANCELLED, failure=None)
    (shown,) = stage.findall((await door.http.get(f"/library/{job}")).text)
    assert "Stopped before it was done." in shown
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    assert not stage.findall((await door.http.get(f"/library/{job}")).text)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("failed", "fallido"), ("succeeded", "terminado"), ("", "en marcha"), ("new", "en marcha")],
)
async def test_attempts_are_in_the_persons_language(door: Door, outcome: str, said: str) -> None:
    """However they ended."""
    job = await made(door)
    jobs = door.world.generations.jobs
    attempt = Attempt(
        attempt_id="att_1", provider="lab", outcome=outcome, detail="", started_at=None, finished_at=None
    )
    jobs[job] = replace(jobs[job], attempts=(attempt,))
    page = (await door.http.get(f"/library/{job}", headers={"Accept-Language": "es"})).text
    assert f"<li>lab: {said}</li>" in page


async def test_where_credits_came_from_is_said_as_on_the_billing_page(door: Door) -> None:
    """A gift is given, a purchase bought; what was held of it is no more than that, whatever was charged."""
    job = await made(door)
    ledger = door.world.ledger
    (held,) = ledger.lots.values()
    for category, said in ((Category.PROMOTIONAL, "given"), (Category.PAID, "bought")):
        held[:] = [replace(lot, category=category) for lot in held]
        page = (await door.http.get(f"/library/{job}")).text
        assert f"<dt>Held from</dt><dd>5 {said}</dd>" in page
