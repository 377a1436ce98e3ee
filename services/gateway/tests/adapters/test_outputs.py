"""Texts by their signed addresses: whole, in part, again, saved, and never as a page of ours."""

import hashlib

import pytest
from gateway.ports.output_contents import OutputContent
from gateway_world import Door, assert_problem

TEXT = "<script>alert('fox')</script> \u72d0".encode()
SHA256 = hashlib.sha256(TEXT).hexdigest()
URL = "/v1/outputs/out_1/content?signature=s"


@pytest.fixture
def kept(door: Door) -> Door:
    """Somebody who is not signed in, and an output that generation keeps."""
    door.world.output_contents.contents["out_1", "s"] = OutputContent(
        content=TEXT, media_type="text/plain; charset=utf-8", sha256=SHA256, file_name="tintype-1.txt"
    )
    return door


async def test_whoever_has_the_address_reads_it(kept: Door) -> None:
    """As what it is, whatever is written in it: no browser runs or frames it."""
    read = await kept.http.get(URL)
    assert (read.status_code, read.content) == (200, TEXT)
    assert read.headers["content-type"] == "text/plain; charset=utf-8"
    assert read.headers["etag"] == f'"{SHA256}"'
    assert read.headers["accept-ranges"] == "bytes"
    assert read.headers["cache-control"] == "private, no-cache"
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "content-disposition" not in read.headers


async def test_it_is_saved_under_its_name(kept: Door) -> None:
    """Where the address says so."""
    saved = await kept.http.get(f"{URL}&download=true")
    assert (saved.content, saved.headers["content-disposition"]) == (
        TEXT,
        'attachment; filename="tintype-1.txt"',
    )


async def test_its_head_says_the_same(kept: Door) -> None:
    """Without the bytes."""
    whole, head = await kept.http.get(URL), await kept.http.head(URL)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", TEXT[:1]),
        ("bytes=2-", TEXT[2:]),
        ("bytes=-3", TEXT[-3:]),
        ("bytes=-999", TEXT),
        ("bytes=1-999", TEXT[1:]),
    ],
)
async def test_a_part_is_read(kept: Door, asked: str, part: bytes) -> None:
    """With where it is in the whole; of another version than the client has, everything."""
    read = await kept.http.get(URL, headers={"range": asked})
    assert (read.status_code, read.content) == (206, part)
    start = TEXT.index(part) if part != TEXT else 0
    assert read.headers["content-range"] == f"bytes {start}-{start + len(part) - 1}/{len(TEXT)}"
    same = await kept.http.get(URL, headers={"range": asked, "if-range": f'"{SHA256}"'})
    assert (same.status_code, same.content) == (206, part)
    other = await kept.http.get(URL, headers={"range": asked, "if-range": '"x"'})
    assert (other.status_code, other.content) == (200, TEXT)


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,3-4", "bytes=5-2", "bytes=-", "bytes=a-b", "lines=1-2", "\u00b2"]
)
async def test_what_is_no_range_is_passed_over(kept: Door, asked: str) -> None:
    """Everything is answered, as RFC 9110 has it."""
    read = await kept.http.get(URL, headers={"range": asked.encode("latin-1")})
    assert (read.status_code, read.content) == (200, TEXT)


@pytest.mark.parametrize("asked", [f"bytes={len(TEXT)}-", "bytes=-0", "bytes=999-1000"])
async def test_what_is_after_the_end_is_refused(kept: Door, asked: str) -> None:
    """With how much there is."""
    refused = await kept.http.get(URL, headers={"range": asked})
    assert_problem(refused, 416, "RANGE_NOT_SATISFIABLE")
    assert refused.headers["content-range"] == f"bytes */{len(TEXT)}"


async def test_whoever_has_it_is_sent_nothing(kept: Door) -> None:
    """By its tag."""
    answer = await kept.http.get(URL, headers={"if-none-match": f'"{SHA256}"', "range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(
    "url",
    [
        "/v1/outputs/out_1/content?signature=t",
        "/v1/outputs/out_2/content?signature=s",
        "/v1/outputs/out_1/content?signature=",
    ],
)
async def test_nobody_else_reads_it(kept: Door, url: str) -> None:
    """The answer says nothing of whether there is one: clients ask for another address."""
    assert_problem(await kept.http.get(url), 403, "ADDRESS_ENDED")


async def test_what_is_gone_is_gone(kept: Door) -> None:
    """Whoever has its address is told so."""
    kept.world.output_contents.gone.add(("out_1", "s"))
    assert_problem(await kept.http.get(URL), 404, "OUTPUT_NOT_FOUND")


@pytest.mark.parametrize("query", ["", "?signature=" + "x" * 2_049])
async def test_an_address_without_a_signature_is_none(kept: Door, query: str) -> None:
    """Nor one with more than any signature has."""
    assert_problem(await kept.http.get(f"/v1/outputs/out_1/content{query}"), 422, "INVALID_REQUEST")
