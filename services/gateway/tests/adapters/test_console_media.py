"""Pictures in the studio's form: with a script that sends them one by one, and without one."""

import html
from dataclasses import replace
from typing import Any

import httpx
import pytest
from gateway.adapters.inbound.console.languages import ENGLISH, SPANISH
from gateway.adapters.inbound.console.media_words import ABSENT, said
from gateway.domain.generation import GenerationStatus
from gateway.domain.page import LIMIT_MAX
from gateway_world import HTML, SKETCH, Door, ask_for, enter, hidden

EDIT = "local/edit"
MEGABYTE = 1024 * 1024


async def entered(door: Door) -> dict[str, str]:
    """The fields of an edit that Ada may pay for, without its pictures."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 100)
    return {"model": EDIT, "prompt": "make it blue", "csrf_token": csrf, "key": "k"}


def picture(content: bytes = b"a heron") -> tuple[str, tuple[str, bytes, str]]:
    """A file of the form."""
    return ("images-file", ("heron.png", content, "image/png"))


async def send(door: Door, form: dict[str, Any], *files: Any) -> httpx.Response:
    """Press the button, without a script."""
    return await door.http.post("/generate", data=form, files=list(files) or None, headers=HTML)


async def test_the_form_has_a_place_for_pictures(door: Door) -> None:
    """A plain input of files, and a form that can carry them; other models' forms have neither."""
    await enter(door)
    page = (await door.http.get(f"/generate?model={EDIT}")).text
    assert 'enctype="multipart/form-data"' in page
    assert 'type="file" name="images-file"' in page
    assert 'data-most="3"' in page
    assert "Choose up to 3 pictures" in page
    page = (await door.http.get(f"/generate?model={SKETCH}")).text
    assert "multipart/form-data" not in page
    assert 'type="file"' not in page


async def test_a_form_without_a_script_brings_its_files(door: Door) -> None:
    """They are sent in first; the same button pressed twice is one file and one job."""
    form = await entered(door)
    for _ in range(2):
        answer = await send(door, form, picture(), picture(b"a wolf"))
        assert answer.status_code == 303, answer.text
    (job,) = door.world.generations.jobs.values()
    assert job.input["images"] == list(door.world.uploads.kept)
    assert list(door.world.uploads.contents.values()) == [b"a heron", b"a wolf"]


async def test_ids_that_a_script_put_there_are_the_input(door: Door) -> None:
    """In their order; a file input that is empty brings nothing."""
    form = await entered(door)
    await send(door, form | {"key": "a"}, picture(), picture(b"a wolf"))
    ids = list(door.world.uploads.kept)[::-1]
    answer = await send(door, form | {"images": ids, "images-file": ""})
    assert answer.status_code == 303, answer.text
    assert list(door.world.generations.jobs.values())[-1].input["images"] == ids
    assert len(door.world.uploads.kept) == 2


async def test_what_is_no_picture_is_said_at_the_field(door: Door) -> None:
    """What was written and chosen stays; nothing runs."""
    form = await entered(door)
    page = await send(door, form, picture(), picture(b"no picture"))
    assert page.status_code == 422
    assert door.world.generations.jobs == {}
    assert "make it blue</textarea>" in page.text
    (kept,) = door.world.uploads.kept
    assert f'name="images" value="{kept}" checked' in page.text
    assert f"https://media.example/uploads/{kept}.thumbnail" in page.text
    assert 'id="images-help" class="field-error"' in page.text


async def test_what_is_missing_or_anothers_is_said_at_the_field(door: Door) -> None:
    """An id that is none of one's own is as one that never was."""
    form = await entered(door)
    theirs, _ = await door.world.uploads.create_upload("usr_other", _pieces(b"x"), idempotency_key="k")
    for named in (theirs.upload_id, "upl_" + "0" * 32, "<script>"):
        page = await send(door, form | {"images": [named]})
        assert page.status_code == 422
        assert "none of your uploads" in page.text
        assert "<script>" not in page.text.partition("</head>")[2].replace("<script src", "")
    assert (await send(door, form)).status_code == 422
    assert (await send(door, form | {"images": [theirs.upload_id] * 4})).status_code == 422
    assert door.world.generations.jobs == {}
    assert "https://media.example" not in page.text.partition("<body")[2]


async def test_a_price_does_not_wait_for_pictures(door: Door) -> None:
    """It is there from the first moment, and follows the form."""
    form = await entered(door)
    page = await door.http.post("/generate/quote", data=form | {"output_count": "2"}, headers=HTML)
    assert "12" in page.text


async def test_another_sites_form_brings_nothing(door: Door) -> None:
    """Without the session's token no file is sent in."""
    form = await entered(door)
    for forged in ({"csrf_token": "x"}, {"csrf_token": ""}):
        assert (await send(door, form | forged, picture())).status_code == 403
    assert door.world.uploads.kept == {}


async def test_files_are_counted(door: Door) -> None:
    """More than a form may bring is refused before any is read."""
    form = await entered(door)
    too_much = [picture(bytes(33 * MEGABYTE)), picture(bytes(33 * MEGABYTE))]
    answer = await send(door, form, *too_much)
    assert answer.status_code == 413
    assert door.world.uploads.kept == {}


async def test_what_was_made_is_used_as_input(door: Door) -> None:
    """The viewer leads to a form that has it, with its picture; the model can be changed and keeps it."""
    form = await entered(door)
    await send(door, form | {"model": SKETCH})
    (job,) = door.world.generations.jobs
    finished = door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    output = finished.outputs[0]
    assert f"/generate?use={output.output_id}" in (await door.http.get(f"/library/{job}")).text
    page = (await door.http.get(f"/generate?use={output.output_id}")).text
    assert hidden(await door.http.get(f"/generate?use={output.output_id}"), "model") == EDIT
    assert f'name="images" value="{output.output_id}" checked' in page
    page = (await door.http.get("/generate?use=%3Cscript%3E")).text
    assert "%3Cscript" not in page


async def test_a_tile_leads_to_a_form_that_has_its_picture(door: Door) -> None:
    """As the page of it does; what was made long ago is shown in the form, too."""
    form = await entered(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 10_000)
    await send(door, form | {"model": SKETCH})
    (job,) = door.world.generations.jobs
    output = door.world.generations.finish(job, GenerationStatus.SUCCEEDED).outputs[0]
    assert f"/generate?use={output.output_id}" in (await door.http.get("/library", headers=HTML)).text
    await ask_for(door, *(f"heron {number}" for number in range(LIMIT_MAX + 5)))
    page = (await door.http.get(f"/generate?use={output.output_id}")).text
    assert f'src="{output.thumbnail_url}"' in page


async def test_a_film_is_chosen_where_a_film_is_taken(door: Door) -> None:
    """The form asks for one by its kinds; a film that was made leads there."""
    form = await entered(door)
    page = (await door.http.get("/generate?model=local/refilm")).text
    assert "Choose a film" in page
    assert 'accept="video/mp4,video/webm"' in page
    door.world.ledger.grant(next(iter(door.world.identity.users)), 1_000)
    await send(door, form | {"model": SKETCH})
    (job,) = door.world.generations.jobs
    finished = door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    film = replace(finished.outputs[0], media_type="video/mp4", thumbnail_url=None)
    door.world.generations.jobs[job] = replace(finished, outputs=(film,))
    address = f"/generate?use={film.output_id}&amp;kind=video"
    assert address in (await door.http.get(f"/library/{job}")).text
    page = (await door.http.get(html.unescape(address))).text
    assert f'name="video" value="{film.output_id}" checked' in page
    assert f'<img src="{film.url}"' not in page


@pytest.mark.parametrize(
    ("detail", "spoken"),
    [
        (ABSENT, "no es ninguno de tus archivos subidos"),
        (
            "is of the type image/png; this field takes a video",
            "es de tipo image/png; este campo admite un vídeo",
        ),
        (
            "is of the type video/mp4; this field takes an image",
            "es de tipo video/mp4; este campo admite una imagen",
        ),
        ("is a mystery", "is a mystery"),
    ],
)
def test_why_a_file_can_not_be_used_is_said_in_the_readers_language(detail: str, spoken: str) -> None:
    """What nobody foresaw stays as it came."""
    assert said(SPANISH, detail).startswith(spoken)
    assert said(ENGLISH, detail) == detail


async def _pieces(content: bytes) -> Any:
    yield content
