"""Many downloaded as one ZIP: what is in it, what it says is missing, and what it never holds."""

import io
import zipfile
from dataclasses import replace

import httpx
import pytest
from gateway.adapters.inbound.console import selection
from gateway.adapters.outbound.http_output_files import HttpOutputFiles
from gateway.adapters.outbound.media_store import MediaStore
from gateway.adapters.outbound.memory.output_contents import MemoryOutputContents
from gateway.domain.generation import GenerationStatus, Modality, Output
from gateway.ports.output_contents import OutputContent
from gateway.ports.output_files import OutputUnreadable
from gateway_world import ORIGIN, Door, csrf_of, enter

FROM_HERE = {"Origin": ORIGIN}
STORE = "https://media.example"


async def made(door: Door, prompt: str, *parts: bytes | None, media_type: str = "image/png") -> str:
    """A job of the person who is signed in, whose file is in the store in these parts."""
    form = {"model": "local/sketch", "prompt": prompt, "key": f"{len(door.world.generations.jobs)}"}
    form["csrf_token"] = csrf_of(door)
    assert (await door.http.post("/generate", data=form, headers=FROM_HERE)).status_code == 303
    job = next(reversed(door.world.generations.jobs))
    done = door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    output = replace(
        done.outputs[0], media_type=media_type, size_bytes=sum(len(part or b"") for part in parts)
    )
    door.world.generations.jobs[job] = replace(done, outputs=(output,))
    if parts:
        door.world.output_files.files[output.output_id] = parts
    return job


async def entered(door: Door) -> str:
    """Sign in with plenty of credits; returns the CSRF token."""
    csrf = await enter(door)
    (user,) = door.world.identity.users.values()
    door.world.ledger.grant(user.user_id, 100_000)
    return csrf


async def download(door: Door, csrf: str, *jobs: str) -> httpx.Response:
    """The bar's Download."""
    form = {"csrf_token": csrf, "deed": "download", "generation": list(jobs)}
    return await door.http.post("/library/selected", data=form, headers=FROM_HERE)


def unpacked(answer: httpx.Response) -> dict[str, bytes]:
    """The files of a ZIP, each with its checksum checked."""
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_files_have_names_that_a_person_understands(door: Door) -> None:
    """The day and the prompt; two of one prompt are told apart, and no name leaves its folder."""
    csrf = await entered(door)
    jobs = [
        await made(door, "A fox, crossing: fresh snow!", b"one", b"two"),
        await made(door, "a fox crossing fresh snow", b"three"),
        await made(door, "../../etc/passwd\x00", b"four", media_type="text/plain; charset=utf-8"),
        await made(door, "雪の狐", b"five", media_type="video/mp4"),
    ]
    answer = await download(door, csrf, *jobs)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="tintype-2030-01-02.zip"'
    assert answer.headers["cache-control"] == "no-store"
    assert unpacked(answer) == {
        "2030-01-02 A fox crossing fresh snow.png": b"onetwo",
        "2030-01-02 a fox crossing fresh snow (2).png": b"three",
        "2030-01-02 etc passwd.txt": b"four",
        "2030-01-02 雪の狐.mp4": b"five",
    }


async def test_one_that_can_not_be_read_breaks_no_other(door: Door) -> None:
    """It is left out, or ends where it broke off, and a text says so."""
    csrf = await entered(door)
    jobs = [
        await made(door, "whole", b"one"),
        await made(door, "gone"),
        await made(door, "broken", b"half", None),
        await made(door, "last", b"two"),
    ]
    files = unpacked(await download(door, csrf, *jobs))
    problems = files.pop("problems.txt").decode().splitlines()
    assert files == {
        "2030-01-02 whole.png": b"one",
        "2030-01-02 broken.png": b"half",
        "2030-01-02 last.png": b"two",
    }
    assert problems == [
        "2030-01-02 gone.png: could not be read whole (it is not in the store)",
        "2030-01-02 broken.png: could not be read whole (it broke off)",
    ]


async def test_nobody_elses_is_in_it(door: Door) -> None:
    """Another's ids among one's own are passed over; alone they are nothing to download."""
    await entered(door)
    hers = await made(door, "hers", b"secret")
    door.http.cookies.clear()
    form = {"email": "eve@example.com", "password": "correct horse battery"}
    assert (await door.http.post("/signup", data=form, headers=FROM_HERE)).status_code == 303
    eve = next(user for user in door.world.identity.users.values() if user.email == "eve@example.com")
    door.world.ledger.grant(eve.user_id, 1_000)
    csrf = csrf_of(door)
    own = await made(door, "own", b"mine")
    assert unpacked(await download(door, csrf, hers, own)) == {"2030-01-02 own.png": b"mine"}
    alone = await download(door, csrf, hers)
    assert alone.headers["location"] == "/library?note=nothing-to-download"
    assert "nothing to download" in (await door.http.get(alone.headers["location"])).text


async def test_too_much_is_refused_before_it_begins(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the byte; the page says what to do."""
    csrf = await entered(door)
    jobs = [await made(door, "first", b"12345"), await made(door, "second", b"12345")]
    monkeypatch.setattr(selection, "DOWNLOAD_MAX_BYTES", 10)
    assert (await download(door, csrf, *jobs)).status_code == 200
    monkeypatch.setattr(selection, "DOWNLOAD_MAX_BYTES", 9)
    refused = await download(door, csrf, *jobs)
    assert refused.headers["location"] == "/library?note=too-large"
    assert "Select fewer" in (await door.http.get(refused.headers["location"])).text


def stored(door: Door, url: str = f"{STORE}/x?signature=s") -> Output:
    """An output at an address."""
    return replace(door.world.generations._output(Modality.IMAGE), url=url)


@pytest.mark.parametrize("inside", [None, "http://store.inside:9000"])
async def test_files_are_read_from_the_store_alone(door: Door, inside: str | None) -> None:
    """By the host that was signed, wherever it is connected to; never from another address."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"whole"))

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    files = HttpOutputFiles(client, MediaStore(STORE, inside), MemoryOutputContents())
    async with files.open(stored(door)) as parts:
        assert b"".join([part async for part in parts]) == b"whole"
    assert str(asked[0].url) == f"{inside or STORE}/x?signature=s"
    assert asked[0].headers["host"] == "media.example"
    for elsewhere in ("https://evil.example/x", "https://media.example.evil/x", "file:///etc/passwd"):
        with pytest.raises(OutputUnreadable):
            async with files.open(stored(door, elsewhere)):
                pass
    assert len(asked) == 1


async def test_texts_that_generation_keeps_are_read_there(door: Door) -> None:
    """Whole, by their signatures; one that is gone is no file, and the store is never asked."""

    def away(_: httpx.Request) -> httpx.Response:
        raise AssertionError

    contents = MemoryOutputContents()
    client = httpx.AsyncClient(transport=httpx.MockTransport(away))
    files, kept = (
        HttpOutputFiles(client, MediaStore(STORE, None), contents),
        replace(stored(door), signature="s"),
    )
    with pytest.raises(OutputUnreadable, match="Forbidden"):
        async with files.open(kept):
            pass
    contents.contents[kept.output_id, "s"] = OutputContent(
        content=b"whole", media_type="text/plain", sha256="", file_name=""
    )
    async with files.open(kept) as parts:
        assert [part async for part in parts] == [b"whole"]


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_a_store_that_refuses_is_no_file(door: Door, status: int) -> None:
    """Nor is one that does not answer."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    files = HttpOutputFiles(
        httpx.AsyncClient(transport=transport), MediaStore(STORE, None), MemoryOutputContents()
    )
    with pytest.raises(OutputUnreadable, match=str(status)):
        async with files.open(stored(door)):
            pass

    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    files = HttpOutputFiles(
        httpx.AsyncClient(transport=httpx.MockTransport(away)),
        MediaStore(STORE, None),
        MemoryOutputContents(),
    )
    with pytest.raises(OutputUnreadable, match="ConnectError"):
        async with files.open(stored(door)):
            pass
