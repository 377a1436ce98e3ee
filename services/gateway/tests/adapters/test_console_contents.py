"""What pages show of things: texts, pictures of people, and what is left of what was deleted."""

import re
from dataclasses import replace

import httpx
import pytest
from gateway.adapters.inbound.console.avatar import origin_of
from gateway.adapters.outbound.http_text_outputs import HttpTextOutputs
from gateway.adapters.outbound.media_store import MediaStore
from gateway.adapters.outbound.memory.output_contents import MemoryOutputContents
from gateway.domain.generation import GenerationStatus, Output
from gateway.ports.output_contents import OutputContent
from gateway.ports.text_outputs import Excerpt
from gateway_world import HTML, SKETCH, Door, enter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

EVIL = '<script>alert("x")</script>\n<img src=x onerror=alert(1)> & "quoted"\n漢字 😀'
STORE = "https://media.example"


async def text_job(door: Door, text: str | None, *, media_type: str = "text/plain") -> str:
    """A job of Ada's that came out as a text; None is one that the store can't say now."""
    await enter(door)
    (user,) = door.world.identity.users.values()
    door.world.ledger.grant(user.user_id, 100)
    csrf = re.search(r'name="csrf_token" value="([^"]*)"', (await door.http.get("/account")).text)
    assert csrf
    form = {"csrf_token": csrf.group(1), "model": SKETCH, "prompt": "tell me"}
    assert (await door.http.post("/generate", data=form, headers=HTML)).status_code == 303
    (job,) = door.world.generations.jobs
    done = door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    stored = (text or "x" * 50).encode()
    output = replace(
        done.outputs[0], media_type=media_type, size_bytes=len(stored), width=0, height=0, thumbnail_url=None
    )
    door.world.generations.jobs[job] = replace(done, outputs=(output,))
    if text is not None:
        door.world.texts.texts[output.output_id] = text
    return job


@pytest.mark.parametrize(
    "media_type", ["text/plain", "text/markdown; charset=utf-8", "text/html", "application/json"]
)
async def test_a_text_is_shown_as_a_text(door: Door, media_type: str) -> None:
    """Card and page show what was written, whatever it is: nothing of it becomes part of the page."""
    job = await text_job(door, EVIL, media_type=media_type)
    for path in ("/library", f"/library/{job}", f"/library/{job}/card"):
        page = (await door.http.get(path)).text
        assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in page, path
        assert "漢字 😀" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


async def test_a_long_text_is_shown_in_part(door: Door) -> None:
    """A page has a bound: it shows the beginning and says that the download has all."""
    job = await text_job(door, "漢" * 40_000)
    page = (await door.http.get(f"/library/{job}")).text
    assert "Only the beginning is shown" in page
    assert 20_000 < page.count("漢") < 22_000
    assert (await door.http.get("/library")).text.count("漢") < 400


async def test_a_text_that_is_away_breaks_no_page(door: Door) -> None:
    """Without the store there is the page, its download, and a word about it."""
    job = await text_job(door, None)
    page = await door.http.get(f"/library/{job}")
    assert page.status_code == 200
    assert "can&#39;t be shown" in page.text or "can't be shown" in page.text
    assert "download=1" in page.text
    assert (await door.http.get("/library")).status_code == 200


OUTPUT = Output(
    output_id="out_1",
    media_type="text/plain",
    size_bytes=9,
    width=0,
    height=0,
    duration_s=0.0,
    sha256="",
    url=f"{STORE}/b/k?X-Signature=s",
    download_url="",
    expires_at=None,  # type: ignore[arg-type]
)


class Store:
    """An object store that is asked by HTTP."""

    def __init__(self, content: bytes, *, status: int = 200, knows_ranges: bool = True) -> None:
        self.content = content
        self.status = status
        self.knows_ranges = knows_ranges
        self.asked: list[Request] = []
        self.contents = MemoryOutputContents()

    async def answer(self, request: Request) -> Response:
        """Answer a GET, in part where a part is asked for."""
        self.asked.append(request)
        wanted = re.fullmatch(r"bytes=0-(\d+)", request.headers["range"])
        assert wanted
        part = self.content[: int(wanted[1]) + 1] if self.knows_ranges else self.content
        return Response(part, status_code=self.status, media_type="text/plain")

    def texts(self, *, origin: str | None = STORE, inside: str | None = None) -> HttpTextOutputs:
        """The adapter in front of it."""
        transport = httpx.ASGITransport(Starlette(routes=[Route("/{path:path}", self.answer)]))
        client = httpx.AsyncClient(transport=transport)
        return HttpTextOutputs(client, MediaStore(origin, inside), self.contents)


@pytest.mark.parametrize("knows_ranges", [True, False])
async def test_texts_are_read_in_bounded_parts(knows_ranges: bool) -> None:
    """Only as much as is shown, cut between characters; an answer without ranges is cut here."""
    content = "漢字".encode() * 10
    store = Store(content, knows_ranges=knows_ranges)
    output = replace(OUTPUT, size_bytes=len(content))
    part = await store.texts().read(output, size_max_bytes=8)
    assert part is not None
    assert (part.text, part.is_whole) == ("漢字", False)
    whole = await store.texts().read(output, size_max_bytes=1_000)
    assert whole is not None
    assert (whole.text, whole.is_whole) == ("漢字" * 10, True)
    broken = await Store(b"a\xff\xfeb").texts().read(replace(OUTPUT, size_bytes=4), size_max_bytes=10)
    assert broken is not None
    assert broken.text == "a\ufffd\ufffdb"


async def test_a_text_that_generation_keeps_is_read_there() -> None:
    """By its signature, in the same bounded parts; the store is not asked, also where it is gone."""
    store, kept = Store(b"stored"), replace(OUTPUT, size_bytes=6, signature="s")
    assert await store.texts().read(kept, size_max_bytes=10) is None
    store.contents.contents["out_1", "s"] = OutputContent(
        content="漢字".encode(), media_type="text/plain", sha256="", file_name=""
    )
    for size_bytes, text, is_whole in ((6, "漢字", True), (4, "漢", False)):
        read = await store.texts().read(kept, size_max_bytes=size_bytes)
        assert read == Excerpt(text=text, is_whole=is_whole)
    assert store.asked == []


async def test_texts_come_from_the_store_alone() -> None:
    """No other address is asked, and a store that is found elsewhere is asked by the name that was signed."""
    store = Store(b"a")
    for url in (
        "https://evil.example/b/k",
        "https://media.example.evil/b",
        "file:///etc/passwd",
        "http://[x",
    ):
        assert await store.texts().read(replace(OUTPUT, url=url), size_max_bytes=10) is None
    assert await store.texts(origin=None).read(OUTPUT, size_max_bytes=10) is None
    assert store.asked == []
    assert await store.texts(inside="http://seaweedfs:8603").read(OUTPUT, size_max_bytes=10) is not None
    (asked,) = store.asked
    assert asked.headers["host"] == "media.example"
    assert asked.url.query == "X-Signature=s"


@pytest.mark.parametrize("status", [403, 404, 500, 302])
async def test_a_store_that_refuses_gives_no_text(status: int) -> None:
    """What an error says is nobody's text."""
    assert await Store(b"<Error/>", status=status).texts().read(OUTPUT, size_max_bytes=10) is None


@pytest.fixture
async def pictured(door: Door) -> Door:
    """Ada, who has a picture."""
    await enter(door)
    (user,) = door.world.identity.users.values()
    door.world.identity.users[user.user_id] = replace(
        user, avatar_url='https://pictures.example:8443/a"b.png?x=1;y=2'
    )
    return door


@pytest.mark.parametrize("path", ["/library", "/generate", "/billing", "/account"])
async def test_the_avatar_is_shown(pictured: Door, path: str) -> None:
    """On every page, escaped; the content policy allows its origin and nothing more."""
    page = await pictured.http.get(path)
    assert 'src="https://pictures.example:8443/a&#34;b.png?x=1;y=2"' in page.text
    policy = page.headers["content-security-policy"]
    assert "img-src 'self' data: https://media.example https://pictures.example:8443;" in policy
    assert policy.count("pictures.example") == 1


async def test_without_a_picture_there_is_none(door: Door) -> None:
    """No broken picture, and the policy stays as it is."""
    await enter(door)
    page = await door.http.get("/account")
    assert 'class="avatar' not in page.text
    assert "img-src 'self' data: https://media.example;" in page.headers["content-security-policy"]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "url",
    [
        "", "http://a.example/x", "https://a.example;script-src *", "https://user@a.example/x", "https://[::1/x",
        "https://a.example, b", "https://*.example/x", "javascript:alert(1)", "https:///x", "https://a b/x",
        "data:image/png;base64,x",
    ],
)  # fmt: skip
def test_no_picture_widens_the_policy(url: str) -> None:
    """An address that a policy could not name exactly is no picture."""
    assert origin_of(url) is None


async def test_history_leads_to_what_was_deleted(door: Door) -> None:
    """The history's link to a deleted job says what it was and cost; a stranger's is not found."""
    job = await text_job(door, "a text")
    del door.world.generations.jobs[job]
    history = await door.http.get("/billing")
    links = set(re.findall(r'href="(/library/gen_[0-9a-f]+)"', history.text))
    assert links == {f"/library/{job}"}
    page = await door.http.get(f"/library/{job}", headers=HTML)
    assert page.status_code == 200
    assert "<h1>Deleted</h1>" in page.text
    assert "<dt>Charged</dt><dd>5</dd>" in page.text
    door.http.cookies.clear()
    form = {"email": "bob@example.com", "password": "correct horse battery"}
    assert (await door.http.post("/signup", data=form, headers=HTML)).status_code == 303
    assert (await door.http.get(f"/library/{job}", headers=HTML)).status_code == 404


@pytest.mark.parametrize(
    ("charged", "said", "in_spanish"),
    [
        (1, "1 credit", "1 crédito"),
        (2, "2 credits", "2 créditos"),
        (1_000, "1,000 credits", "1.000 créditos"),
    ],
)
async def test_one_credit_is_one(door: Door, charged: int, said: str, in_spanish: str) -> None:
    """Beside a picture, in both languages."""
    job = await text_job(door, "a text")
    door.world.generations.jobs[job] = replace(door.world.generations.jobs[job], credits_charged=charged)
    for language, words in (("en", said), ("es", in_spanish)):
        page = (await door.http.get(f"/library/{job}/card", headers={"Accept-Language": language})).text
        assert re.search(rf"\b{re.escape(words)}(?!s)", page), words
