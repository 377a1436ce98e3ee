"""Both clients read lists, models and balances; files go in, and come out."""

import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from client_world import LOST, PICTURE, Network, ask, names
from gateway.adapters.outbound.memory.uploads import NO_PICTURE
from gateway_world import SKETCH, Door
from tintype_client import (
    DownloadBroken,
    File,
    InvalidCall,
    Output,
    StoreRefused,
    Tintype,
    UnexpectedAnswer,
    UnusableMedia,
    UploadTooLarge,
    sending,
)
from tintype_client.decoding import decode

OUTPUT = {
    "id": "out_1", "media_type": "", "size_bytes": 1, "width": 1, "height": 1, "duration_s": None,
    "sha256": "", "url": "", "download_url": "", "thumbnail_url": None, "blurhash": None, "incomplete": None,
    "expires_at": "2030-01-01T00:00:00Z",
}  # fmt: skip


async def test_lists_are_gone_through_to_their_end(client: Any, network: Network) -> None:
    """Part after part, newest first, as filters say; none is fetched that nobody needs."""
    for number in range(5):
        await ask(client, "run", SKETCH, prompt=f"heron {number}")
    network.seen.clear()
    listed = await ask(client, "generations", page_size=2)
    assert [each.input["prompt"] for each in listed] == [f"heron {n}" for n in (4, 3, 2, 1, 0)]
    assert len(network.seen) == 3
    assert await ask(client, "generations", status=["failed"]) == []
    entries = await ask(client, "entries", kind=["charge", "grant"], page_size=2)
    assert [entry.kind for entry in entries] == ["charge"] * 5 + ["grant"]
    tries = await ask(client, "usage", page_size=2)
    assert [each.outcome for each in tries] == ["succeeded"] * 5


async def test_a_list_that_never_ends_is_left(client: Any, network: Network) -> None:
    """The same cursor twice is no list."""
    part = {"data": [], "next_cursor": "again"}
    network.trouble = [httpx.Response(200, json=part), httpx.Response(200, json=part)]
    with pytest.raises(UnexpectedAnswer, match="circle"):
        await ask(client, "uploads")
    assert len(network.seen) == 2


async def test_models_and_the_balance(client: Any) -> None:
    """What is on offer, and what can be spent on it."""
    models = await ask(client, "models")
    assert SKETCH in [model.id for model in models]
    model = await ask(client, "model", SKETCH)
    assert model.input_schema["properties"]["prompt"]["type"] == "string"
    assert model.pricing.credits_per_unit == 5
    balance = await ask(client, "balance")
    assert (balance.available, balance.held, balance.by_category.promotional) == (1000, 0, 1000)


@pytest.mark.exhaustive
@pytest.mark.parametrize("given", ["bytes", "path", "text", "file", "middle"])
async def test_a_file_is_sent_as_it_is(client: Any, door: Door, tmp_path: Path, given: str) -> None:
    """From memory, from a path, or from an open file: from where it stands to its end."""
    path = tmp_path / "heron.png"
    path.write_bytes(PICTURE * 9)
    opened = io.BytesIO(b"xxx" + PICTURE * 9)
    opened.seek(3)
    files: dict[str, Any] = {
        "bytes": PICTURE * 9, "path": path, "text": str(path), "file": io.BytesIO(PICTURE * 9),
        "middle": opened,
    }  # fmt: skip
    upload = await ask(client, "upload", files[given])
    assert door.world.uploads.contents[upload.id] == PICTURE * 9
    assert [each.id for each in await ask(client, "uploads")] == [upload.id]
    assert (await ask(client, "delete_upload", upload.id)) is None


@pytest.mark.parametrize("given", ["bytes", "file"])
async def test_a_lost_answer_makes_no_second_upload(
    client: Any, network: Network, door: Door, given: str
) -> None:
    """The file is read again from where it began."""
    network.trouble = [LOST, httpx.ConnectError("refused")]
    upload = await ask(client, "upload", PICTURE if given == "bytes" else io.BytesIO(PICTURE))
    assert list(door.world.uploads.kept) == [upload.id]
    assert [request.content for request in network.seen] == [PICTURE] * 3


async def test_a_large_file_goes_straight_to_the_store(
    client: Any, network: Network, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a form, without the key, as often as it takes; then it is completed."""
    monkeypatch.setattr(sending, "THROUGH_THE_API_BYTES_MAX", 100)
    path = tmp_path / "heron.png"
    path.write_bytes(PICTURE * 50_000)
    network.trouble = [LOST, None, LOST, httpx.Response(503), None, LOST]
    upload = await ask(client, "upload", path)
    assert door.world.uploads.contents[upload.id] == PICTURE * 50_000
    assert len(door.world.uploads.kept) == 1


async def test_the_store_refuses(client: Any, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its status, and without its address, which opens something."""
    monkeypatch.setattr(sending, "THROUGH_THE_API_BYTES_MAX", 1)
    network.stored = [httpx.Response(403, text="<Error><Key>secret</Key></Error>")]
    with pytest.raises(StoreRefused) as refused:
        await ask(client, "upload", PICTURE)
    assert refused.value.status == 403
    assert "media.example" not in str(refused.value)


async def test_what_can_not_be_used_is_refused(client: Any, door: Door, tmp_path: Path) -> None:
    """No picture, too large a one, a file that can't be wound back, one that is not there."""
    with pytest.raises(UnusableMedia):
        await ask(client, "upload", NO_PICTURE)
    with pytest.raises(UploadTooLarge):
        await ask(client, "upload", b"x" * 1_000_001)
    pipe = io.BytesIO(PICTURE)
    pipe.seekable = lambda: False  # type: ignore[method-assign]
    with pytest.raises(InvalidCall):
        await ask(client, "upload", pipe)
    with pytest.raises(FileNotFoundError):
        await ask(client, "upload", tmp_path / "nothing.png")
    assert not door.world.uploads.kept


async def test_a_file_that_shrinks_is_not_sent(client: Any, door: Door, tmp_path: Path) -> None:
    """Half of a picture is not passed off as one."""
    path = tmp_path / "heron.png"
    path.write_bytes(PICTURE * 2)
    source = sending.Source.of(path)
    path.write_bytes(PICTURE)
    with pytest.raises(InvalidCall, match="shorter"):
        list(source.pieces())


async def test_a_file_that_comes_out_wrong_is_fetched_again(
    client: Any, network: Network, tmp_path: Path
) -> None:
    """What is not what was made is never handed out, and never left on the disk."""
    (file,) = await ask(client, "run", SKETCH, prompt="a heron")
    network.stored = [httpx.Response(200, content=PICTURE[:5]), httpx.Response(503)]
    assert await ask(file, "read") == PICTURE
    network.stored = [httpx.Response(200, content=b"somebody else's")] * 5
    (tmp_path / "heron.png").write_bytes(b"before")
    with pytest.raises(DownloadBroken):
        await ask(file, "save", tmp_path / "heron.png")
    assert names(tmp_path) == ["heron.png"]
    assert (tmp_path / "heron.png").read_bytes() == b"before"


async def test_an_address_that_expired_is_asked_for_anew(client: Any, network: Network) -> None:
    """Once; a store that refuses the new one too is believed."""
    (file,) = await ask(client, "run", SKETCH, prompt="a heron")
    network.stored = [httpx.Response(403)]
    assert await ask(file, "read") == PICTURE
    network.stored = [httpx.Response(403), httpx.Response(403)]
    with pytest.raises(StoreRefused):
        await ask(file, "read")


async def test_media_stand_for_themselves(client: Any, network: Network, door: Door) -> None:
    """An upload, or an output, in an input."""
    (model,) = [
        each for each in await ask(client, "models")
        if any("x-media" in rule for rule in each.input_schema["properties"].values())
    ][:1]  # fmt: skip
    (field,) = [name for name, rule in model.input_schema["properties"].items() if "x-media" in rule][:1]
    upload = await ask(client, "upload", PICTURE)
    (made,) = await ask(client, "run", model.id, input={"prompt": "brighter", field: [upload]})
    again = await ask(client, "submit", model.id, input={"prompt": "darker", field: [made.output]})
    assert again.input[field] == [made.id]
    assert again.id in door.world.generations.jobs


async def test_nothing_shows_the_key(client: Any, token: str) -> None:
    """Neither a client nor a file nor what a file is made of; nor a signed address."""
    (file,) = await ask(client, "run", SKETCH, prompt="a heron")
    shown = repr((client, client._wire.access, file, file.output, file.generation))
    assert token not in shown
    assert "signature" not in shown
    upload = await ask(client, "upload", PICTURE)
    assert "media.example" not in repr(upload)
    assert isinstance(client, Tintype) or "AsyncTintype" in repr(client)


@pytest.mark.parametrize(
    ("media_type", "name"),
    [("image/png", "out_1.png"), ("image/webp", "out_1.webp"), ("audio/wav", "out_1.wav"), ("x/y", "out_1")],
)
def test_a_file_is_named_after_what_it_is(media_type: str, name: str) -> None:
    """The same on every machine; what nobody knows has no ending."""
    output = decode(Output, {**OUTPUT, "media_type": media_type})
    generation: Any = None
    assert File(output, generation, lambda *_: None).name == name
