"""A person's picture by the API and in the console: sent in, read, shown, taken away, and theirs alone."""

import io
import zipfile

import pytest
from gateway.adapters.inbound.middleware import AVATAR_BODY_MAX_BYTES
from gateway_world import HTML, ORIGIN, PASSWORD, Door, assert_problem, enter

URL, PAGE, SHOWN = "/v1/me/avatar", "/account/avatar", "/account/avatar.webp"
PNG = {"content-type": "image/png"}
HERON = b"a heron"


async def test_a_picture_is_sent_read_and_deleted(rich: Door) -> None:
    """The profile says which it is; it takes the place of an address, and another takes its own."""
    await rich.http.patch("/v1/me", json={"avatar_url": "https://example.com/a.png"})
    sent = await rich.http.put(URL, content=HERON, headers=PNG)
    assert sent.status_code == 200, sent.text
    me = (await rich.http.get("/v1/me")).json()
    assert sent.json() == me
    assert me["avatar_url"] is None
    read = await rich.http.get(URL)
    assert (read.status_code, read.headers["content-type"]) == (200, "image/webp")
    assert read.headers["etag"] == f'"{me["avatar_version"]}"'
    assert read.headers["cache-control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= set(read.headers["vary"].split(", "))
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.content[:4] == b"RIFF"
    other = await rich.http.put(URL, files={"file": ("../x.svg", b"an egret", "text/html")})
    assert other.json()["avatar_version"] not in (None, me["avatar_version"])
    for _ in range(2):
        assert (await rich.http.delete(URL)).status_code == 204
        assert_problem(await rich.http.get(URL), 404, "AVATAR_NOT_FOUND")
    assert (await rich.http.get("/v1/me")).json()["avatar_version"] is None


async def test_whoever_has_it_is_sent_nothing(rich: Door) -> None:
    """By its tag, weak or among others; by another one it is sent."""
    await rich.http.put(URL, content=HERON, headers=PNG)
    tag = (await rich.http.get(URL)).headers["etag"]
    for asked in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = await rich.http.get(URL, headers={"if-none-match": asked})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    for asked in ('"x"', tag.strip('"'), ""):
        assert (await rich.http.get(URL, headers={"if-none-match": asked})).status_code == 200


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("body", "kind", "status", "reason"),
    [
        (b"", "image/png", 422, "UNUSABLE_MEDIA"),
        (b"no picture", "image/png", 422, "UNUSABLE_MEDIA"),
        (HERON, "application/json", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (HERON, "text/html", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (HERON, "multipart/form-data; boundary=x", 400, "MALFORMED_MULTIPART"),
        (bytes(5 * 1024 * 1024 + 1), "image/png", 413, "UPLOAD_TOO_LARGE"),
        (bytes(AVATAR_BODY_MAX_BYTES + 1), "image/png", 413, "BODY_TOO_LARGE"),
    ],
)
async def test_what_is_refused_changes_nothing(
    rich: Door, body: bytes, kind: str, status: int, reason: str
) -> None:
    """The picture of before stays."""
    await rich.http.put(URL, content=HERON, headers=PNG)
    before = (await rich.http.get(URL)).content, (await rich.http.get("/v1/me")).json()
    assert_problem(await rich.http.put(URL, content=body, headers={"content-type": kind}), status, reason)
    assert ((await rich.http.get(URL)).content, (await rich.http.get("/v1/me")).json()) == before


async def test_an_export_has_it(rich: Door) -> None:
    """As it is kept; without one there is no such file, and nothing is missing."""
    for has_one in (False, True):
        if has_one:
            await rich.http.put(URL, content=HERON, headers=PNG)
        answer = await rich.http.get("/v1/me/export")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            assert ("avatar.webp" in archive.namelist()) is has_one
            if has_one:
                assert archive.read("avatar.webp") == (await rich.http.get(URL)).content
            assert b'"missing": []' in archive.read("manifest.json")


async def test_it_is_sent_in_shown_and_taken_away_on_pages(door: Door) -> None:
    """It stands in the bar and on the account's page, from our own address."""
    csrf = await enter(door)
    before = (await door.http.get("/account")).headers["content-security-policy"]
    files = {"picture": ("me.png", HERON, "image/png")}
    sent = await door.http.post(PAGE, data={"csrf_token": csrf}, files=files, headers=HTML)
    assert (sent.status_code, sent.headers["location"]) == (303, "/account?note=saved")
    (user,) = door.world.identity.users.values()
    shown = f'src="{SHOWN}?v={user.avatar_version}"'
    for path, times in (("/library", 1), ("/account", 2)):
        page = await door.http.get(path)
        assert page.text.count(shown) == times
        assert page.headers["content-security-policy"] == before
    picture = await door.http.get(f"{SHOWN}?v={user.avatar_version}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/webp")
    assert picture.headers["cache-control"] == "private, max-age=3600"
    assert (await door.http.get(f"{SHOWN}?v=x")).headers["cache-control"] == "private, no-cache"
    gone = await door.http.post(f"{PAGE}/remove", data={"csrf_token": csrf}, headers=HTML)
    assert gone.headers["location"] == "/account?note=saved"
    page = await door.http.get("/account")
    assert 'class="avatar' not in page.text
    assert "Remove picture" not in page.text
    assert (await door.http.get(SHOWN)).status_code == 404
    assert (await door.http.get(PAGE)).headers["location"] == "/account"


@pytest.mark.parametrize(
    ("sent", "language", "said"),
    [
        ({"picture": ("", b"", "image/png")}, "en", "Choose a picture first."),
        ({"picture": ("me.svg", b"no picture", "image/png")}, "en", "the picture can&#39;t be decoded"),
        ({"picture": ("me.svg", b"no picture", "image/png")}, "es", "Este archivo no se puede usar"),
        ({"picture": ("me.png", bytes(5 * 1024 * 1024 + 1), "image/png")}, "es", "demasiado grande"),
        ({"other": ("me.png", HERON, "image/png")}, "es", "Elige primero una imagen."),
    ],
)
async def test_a_refusal_stands_beside_the_field(
    door: Door, sent: dict[str, tuple[str, bytes, str]], language: str, said: str
) -> None:
    """On the page as it was; nothing changes."""
    csrf = await enter(door)
    files = {"picture": ("me.png", HERON, "image/png")}
    await door.http.post(PAGE, data={"csrf_token": csrf}, files=files, headers=HTML)
    before = door.state()
    headers = HTML | {"accept-language": language}
    answer = await door.http.post(PAGE, data={"csrf_token": csrf}, files=sent, headers=headers)
    assert answer.status_code in (413, 422)
    field = answer.text[answer.text.index('id="picture"') :][:600]
    assert 'aria-invalid="true"' in field
    assert said in field
    assert '<a href="/account" aria-current="page"' in answer.text
    assert door.state() == before


async def test_no_other_site_changes_it(door: Door) -> None:
    """Without the form's token, from elsewhere, and signed out: nothing is kept."""
    csrf = await enter(door)
    files = {"picture": ("me.png", HERON, "image/png")}
    for data, headers in (({}, HTML), ({"csrf_token": csrf}, {"Origin": "https://evil.example"})):
        for path in (PAGE, f"{PAGE}/remove"):
            assert (await door.http.post(path, data=data, files=files, headers=headers)).status_code == 403
    await door.http.post("/logout", data={"csrf_token": csrf}, headers=HTML)
    for path in (PAGE, f"{PAGE}/remove"):
        answer = await door.http.post(path, data={"csrf_token": csrf}, files=files, headers=HTML)
        assert answer.headers["location"].startswith("/login")
    for path in (PAGE, SHOWN):
        assert (await door.http.get(path)).headers["location"].startswith("/login")
    assert not door.world.identity.avatars


async def test_it_is_nobody_elses(rich: Door) -> None:
    """Another person reads and takes away their own, which they have none of."""
    await rich.http.put(URL, content=HERON, headers=PNG)
    kept = dict(rich.world.identity.avatars)
    eve = {"email": "eve@example.com", "password": PASSWORD}
    token = (await rich.http.post("/v1/auth/signup", json=eve, headers={"Origin": ORIGIN})).json()
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert_problem(await rich.http.get(URL, headers=bearer), 404, "AVATAR_NOT_FOUND")
    assert (await rich.http.delete(URL, headers=bearer)).status_code == 204
    assert rich.world.identity.avatars == kept
