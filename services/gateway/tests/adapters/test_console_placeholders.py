"""What is seen where a picture is about to be."""

import base64
import io
import re
from dataclasses import replace

import blurhash
import pytest
from gateway.adapters.inbound.console.placeholders import placeholder, sized_placeholder
from gateway.domain.generation import GenerationStatus
from gateway_world import HTML, PASSWORD, SKETCH, Door, enter
from PIL import Image

HASHED = "LxH14G2ZwxW=mtWWjtf7g0fjfQfj"
TALL = blurhash.encode([[[20 * row, 90, 200 - 20 * row]] * 3 for row in range(8)], 3, 4)


async def made(door: Door, **output: str | None) -> str:
    """A picture of Ada's, with what is told of its file."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 100)
    form = {"model": SKETCH, "prompt": "a heron", "csrf_token": csrf}
    assert (await door.http.post("/generate", data=form, headers=HTML)).status_code == 303
    (job,) = door.world.generations.jobs
    ended = door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    (file,) = ended.outputs
    door.world.generations.jobs[job] = replace(ended, outputs=(replace(file, **output),))
    return job


def test_a_placeholder_is_a_picture_of_its_own() -> None:
    """A dozen pixels across in a format that is read anywhere, the longer side where the hash has it."""
    for hashed, size in ((HASHED, (12, 9)), (TALL, (9, 12))):
        url = placeholder(hashed)
        assert url is not None
        kind, _, body = url.partition(",")
        assert kind == "data:image/bmp;base64"
        with Image.open(io.BytesIO(base64.b64decode(body))) as image:
            assert (image.format, image.size) == ("BMP", size)
            expected = blurhash.decode(hashed, *size)
            top_left, last = image.getpixel((0, 0)), image.getpixel((size[0] - 1, size[1] - 1))
            assert (list(top_left), list(last)) == (expected[0][0], expected[-1][-1])


def test_a_placeholder_keeps_the_place_of_its_picture() -> None:
    """Where the picture says alone how large it is; without a size there is nothing to keep."""
    url = sized_placeholder(HASHED, 640, 360)
    assert url is not None
    kind, _, body = url.partition(",")
    svg = base64.b64decode(body).decode()
    assert kind == "data:image/svg+xml;base64"
    assert 'width="640" height="360"><image href="data:image/bmp;base64,' in svg
    assert sized_placeholder(HASHED, 0, 0) is None
    assert sized_placeholder(None, 640, 360) is None


@pytest.mark.exhaustive
@pytest.mark.parametrize("hashed", [None, "", "L", "LxH14", "L" * 99, "\u00e9" * 28, '"><script>'])
def test_what_is_no_hash_has_no_picture(hashed: str | None) -> None:
    """The page is shown without."""
    assert placeholder(hashed) is None


async def test_a_page_shows_it_under_the_picture(door: Door) -> None:
    """In a tile and in the viewer, without a style, a script or a name of its own."""
    job = await made(door)
    for path, kind in (("/generate", "bmp"), ("/library", "bmp"), (f"/library/{job}", "svg+xml")):
        page = (await door.http.get(path)).text
        (under,) = re.findall(r'<img class="under"[^>]*>', page)
        assert f'src="data:image/{kind};base64,' in under
        assert 'alt=""' in under
        assert "style=" not in page


async def test_a_picture_without_one_is_shown_alone(door: Door) -> None:
    """As all pictures from before, and those that can be seen through."""
    job = await made(door, blurhash=None)
    for path in ("/library", f"/library/{job}"):
        page = (await door.http.get(path)).text
        assert 'class="under"' not in page
        assert "https://media.example/" in page


async def test_programs_are_given_the_hash(door: Door) -> None:
    """To draw it in their own way; null where there is none."""
    job = await made(door)
    form = {"email": "ada@example.com", "password": PASSWORD}
    token = await door.http.post("/v1/auth/login", json=form)
    bearer = {"Authorization": f"Bearer {token.json()['access_token']}"}
    told = (await door.http.get(f"/v1/generations/{job}", headers=bearer)).json()
    assert told["outputs"][0]["blurhash"] == HASHED
