"""Sharing by a link over ports in memory: who may, what a link shows, and what it never does."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import structlog
from gateway.adapters.inbound.problems import loggable
from gateway.domain.errors import Unavailable
from gateway.domain.generation import GenerationStatus
from gateway.domain.share import Shared
from gateway_world import HTML, ORIGIN, SKETCH, Door, assert_problem, enter, make_door

UNKNOWN = "x" * 43
HOUR_S = 3_600
PRIVATE = {"x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer", "cache-control": "no-store"}


async def made(door: Door) -> str:
    """A picture of Ada's, made by a program of hers."""
    await door.sign_up(welcome_credits=100)
    job: str = (await door.generate()).json()["id"]
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    return job


async def linked(door: Door, job: str, **more: object) -> httpx.Response:
    """Ask for a link that works for an hour."""
    return await door.http.post(f"/v1/generations/{job}/shares", json={"expires_in_s": HOUR_S, **more})


async def opened(door: Door, url: str) -> httpx.Response:
    """Follow a link as a stranger: no cookie, no token."""
    transport = httpx.ASGITransport(door.app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as stranger:
        return await stranger.get(url, headers={"Accept": "text/html"})


def assert_ended(page: httpx.Response) -> None:
    """The page of every link that leads nowhere."""
    assert page.status_code == 404
    assert "This link has ended" in page.text
    assert "media.example" not in page.text
    assert "a heron" not in page.text
    assert {name: page.headers[name] for name in PRIVATE} == PRIVATE


async def test_a_link_shows_what_came_out_to_anybody(door: Door) -> None:
    """Without an account, for no search engine, and without the prompt."""
    job = await made(door)
    answer = await linked(door, job)
    assert answer.status_code == 201
    url = answer.json()["url"]
    assert re.fullmatch(rf"{ORIGIN}/s/[A-Za-z0-9_-]{{43}}", url)
    page = await opened(door, url)
    assert page.status_code == 200
    assert re.search(r'<img src="https://media\.example/out_', page.text)
    assert "a heron" not in page.text
    assert '<meta name="robots" content="noindex, nofollow">' in page.text
    assert {name: page.headers[name] for name in PRIVATE} == PRIVATE
    assert "set-cookie" not in page.headers


async def test_the_page_names_nobody(door: Door) -> None:
    """Neither its owner, nor the job, nor the link itself: nothing on it leads further."""
    job = await made(door)
    (user,) = door.world.identity.users.values()
    url = (await linked(door, job, shows_prompt=True)).json()["url"]
    page = (await opened(door, url)).text
    for secret in (user.email, user.user_id, job, url.rpartition("/")[2]):
        assert secret not in page
    assert "<form" not in page


async def test_the_prompt_is_shown_if_its_owner_chose_so(door: Door) -> None:
    """Written as a text, whatever it is."""
    job = await made(door)
    jobs = door.world.generations.jobs
    jobs[job] = replace(jobs[job], input={"prompt": "<b>a heron</b>"})
    page = await opened(door, (await linked(door, job, shows_prompt=True)).json()["url"])
    assert "&lt;b&gt;a heron&lt;/b&gt;" in page.text
    assert "<b>a heron" not in page.text


async def test_links_are_listed_and_withdrawn(door: Door) -> None:
    """The link itself is told once; withdrawn, it leads nowhere, and its page has no address of a file."""
    job = await made(door)
    first, second = (await linked(door, job)).json(), (await linked(door, job, shows_prompt=True)).json()
    listed = (await door.http.get(f"/v1/generations/{job}/shares")).json()
    assert [share["id"] for share in listed["data"]] == [second["id"], first["id"]]
    assert first["url"] not in str(listed)
    for _ in range(2):
        gone = await door.http.delete(f"/v1/generations/{job}/shares/{first['id']}")
        assert gone.status_code == 204
    assert_ended(await opened(door, first["url"]))
    assert (await opened(door, second["url"])).status_code == 200


async def test_every_end_looks_the_same(door: Door) -> None:
    """Expired, withdrawn, deleted, never made, misspelt: one page, to the letter."""
    job = await made(door)
    withdrawn, expiring, deleted = [(await linked(door, job)).json()["url"] for _ in range(3)]
    (*_, oldest) = (await door.http.get(f"/v1/generations/{job}/shares")).json()["data"]
    await door.http.delete(f"/v1/generations/{job}/shares/{oldest['id']}")
    pages = [await opened(door, address) for address in (withdrawn, f"/s/{UNKNOWN}", "/s/short")]
    assert (await opened(door, expiring)).status_code == 200
    door.clock.pass_(seconds=HOUR_S)
    pages.append(await opened(door, expiring))
    door.clock.pass_(seconds=-60)
    assert (await opened(door, deleted)).status_code == 200
    del door.world.generations.jobs[job]
    pages.append(await opened(door, deleted))
    assert len(pages) == 5
    for page in pages:
        assert_ended(page)
    assert len({page.text for page in pages}) == 1


async def test_nobody_elses_is_shared(door: Door) -> None:
    """By program or by form, Bob finds no such generation, and nothing of Ada's changes."""
    job = await made(door)
    share = (await linked(door, job)).json()
    await door.sign_up("bob@example.com")
    links = dict(door.world.shares.links)
    assert_problem(await linked(door, job), 404, "NOT_FOUND")
    assert_problem(await door.http.get(f"/v1/generations/{job}/shares"), 404, "NOT_FOUND")
    gone = await door.http.delete(f"/v1/generations/{job}/shares/{share['id']}")
    assert_problem(gone, 404, "NOT_FOUND")
    del door.http.headers["Authorization"]
    form = {"email": "eve@example.com", "password": "correct horse battery"}
    assert (await door.http.post("/signup", data=form, headers=HTML)).status_code == 303
    csrf = re.search(r'name="csrf_token" value="([^"]*)"', (await door.http.get("/account")).text)
    assert csrf
    for path in ("share", f"shares/{share['id']}/withdraw"):
        answer = await door.http.post(
            f"/library/{job}/{path}", data={"csrf_token": csrf[1], "expires_in_s": "3600"}, headers=HTML
        )
        assert answer.status_code == 404
    assert door.world.shares.links == links


@pytest.mark.parametrize("body", [{}, {"expires_in_s": 60}, {"expires_in_s": None}, {"expires_in_s": 10**9}])
async def test_no_link_works_for_ever(door: Door, body: dict[str, object]) -> None:
    """A lifetime is chosen, and of those on offer."""
    job = await made(door)
    answer = await door.http.post(f"/v1/generations/{job}/shares", json=body)
    assert_problem(answer, 422, "INVALID_REQUEST")
    assert door.world.shares.links == {}


async def test_what_has_no_output_is_not_shared(door: Door) -> None:
    """And one link too many is refused."""
    await door.sign_up(welcome_credits=100)
    job = (await door.generate()).json()["id"]
    assert_problem(await linked(door, job), 409, "NOTHING_TO_SHARE")
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    for _ in range(20):
        assert (await linked(door, job)).status_code == 201
    assert_problem(await linked(door, job), 409, "TOO_MANY_SHARES")


async def test_guessing_has_a_limit_of_its_own() -> None:
    """By address: it is not the one on reading."""
    door = make_door(rates="2/minute")
    answers = [await opened(door, f"/s/{UNKNOWN}") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert '"shared"' in answers[-1].headers["RateLimit-Policy"]
    assert (await opened(door, "/pricing")).status_code == 200


@contextmanager
def logged() -> Iterator[list[str]]:
    """All that is logged meanwhile, at any level."""
    with structlog.testing.capture_logs() as lines:
        said: list[str] = []
        yield said
    said.extend(map(repr, lines))


async def test_no_log_has_a_token(door: Door) -> None:
    """Neither of a link that works, nor of one that ended, nor when something of ours breaks on its page."""
    job = await made(door)

    with logged() as said:
        url = (await linked(door, job)).json()["url"]
        token = url.rpartition("/")[2]
        await opened(door, url)
        await opened(door, f"/s/{UNKNOWN}")
        object.__setattr__(door.app.state.deps, "shares", Broken())
        failed = await opened(door, url)
    assert failed.status_code == 500
    assert any("unexpected error" in line for line in said)
    assert token not in "".join(said)
    assert UNKNOWN not in "".join(said)


class Broken:
    """Links behind which something is wrong."""

    async def shared(self, token: str) -> Shared:
        """Fail as no port says it may."""
        raise RuntimeError("a bug")


def test_a_path_is_logged_without_what_opens_something() -> None:
    """Others as they are."""
    assert loggable(f"/s/{UNKNOWN}") == "/s/{token}"
    assert loggable("/static/console.css") == "/static/console.css"


async def test_a_service_that_is_away_ends_no_link(door: Door) -> None:
    """The page says that it can't be told now, and not that the link has ended."""
    job = await made(door)
    url = (await linked(door, job)).json()["url"]
    object.__setattr__(door.app.state.deps, "shares", Away())
    page = await opened(door, url)
    assert page.status_code == 503
    assert "This link has ended" not in page.text


class Away:
    """Links of a service that does not answer."""

    async def shared(self, token: str) -> Shared:
        """Refuse."""
        raise Unavailable("The generation service is not available right now.")


async def test_a_person_shares_by_forms_alone(door: Door) -> None:
    """Makes a link, reads it once, sees it listed without it, and withdraws it."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 100)
    form = {"model": SKETCH, "prompt": "a heron", "csrf_token": csrf}
    await door.http.post("/generate", data=form, headers=HTML)
    (job,) = door.world.generations.jobs
    before = await door.http.get(f"/library/{job}/share")
    assert "it can be shared" in before.text
    assert "share-2" not in before.text
    assert f'href="/library/{job}/share"' not in (await door.http.get(f"/library/{job}")).text
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    assert f'href="/library/{job}/share"' in (await door.http.get(f"/library/{job}")).text
    page = await door.http.post(
        f"/library/{job}/share",
        data={"csrf_token": csrf, "expires_in_s": str(HOUR_S), "shows_prompt": "on"},
        headers=HTML,
    )
    found = re.search(rf'<code id="share-link"[^>]*>({ORIGIN}/s/[\w-]{{43}})</code>', page.text)
    assert found
    assert "a heron" in (await opened(door, found[1])).text
    again = await door.http.get(f"/library/{job}/share")
    assert found[1] not in again.text
    assert "with the prompt" in again.text
    withdrawal = re.search(rf'action="(/library/{job}/shares/shr_\w+/withdraw)"', again.text)
    assert withdrawal
    answer = await door.http.post(withdrawal[1], data={"csrf_token": csrf}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/library/{job}/share?note=withdrawn")
    assert_ended(await opened(door, found[1]))


async def test_a_forged_form_shares_nothing(door: Door) -> None:
    """Another site's, or one without the page's token."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 100)
    form = {"model": SKETCH, "prompt": "a heron", "csrf_token": csrf}
    await door.http.post("/generate", data=form, headers=HTML)
    (job,) = door.world.generations.jobs
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    for given, origin in (("guess", ORIGIN), (csrf, "https://evil.example")):
        answer = await door.http.post(
            f"/library/{job}/share",
            data={"csrf_token": given, "expires_in_s": "3600"},
            headers={"Accept": "text/html", "Origin": origin},
        )
        assert answer.status_code == 403
    assert door.world.shares.links == {}


async def test_a_dialog_gets_the_part_alone(door: Door) -> None:
    """With a refusal said in it, where there is one."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 100)
    form = {"model": SKETCH, "prompt": "a heron", "csrf_token": csrf}
    await door.http.post("/generate", data=form, headers=HTML)
    (job,) = door.world.generations.jobs
    asked = {**HTML, "HX-Request": "true"}
    refused = await door.http.post(f"/library/{job}/share", data={"csrf_token": csrf}, headers=asked)
    assert "Only what came out can be shared." in refused.text
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    part = await door.http.post(f"/library/{job}/share", data={"csrf_token": csrf}, headers=asked)
    assert part.text.lstrip().startswith('<section class="stack share" id="share-links">')
    assert "leads nowhere now" not in part.text
    (link,) = door.world.shares.links.values()
    gone = await door.http.post(
        f"/library/{job}/shares/{link[2].share_id}/withdraw", data={"csrf_token": csrf}, headers=asked
    )
    assert gone.status_code == 200
    assert "Links that work" not in gone.text
    assert "Withdrawn. The link leads nowhere now." in gone.text
    assert door.world.shares.links == {}


@pytest.mark.parametrize("asked", ["9" * 5_000, "", "-1", "60", "many"])
async def test_a_time_that_is_not_on_offer_is_a_week(door: Door, asked: str) -> None:
    """Whatever a form that was changed says, of whatever length."""
    csrf = await enter(door)
    (user_id,) = (user.user_id for user in door.world.identity.users.values())
    door.world.ledger.grant(user_id, 100)
    form = {"csrf_token": csrf, "model": SKETCH, "prompt": "a heron", "key": "k1"}
    await door.http.post("/generate", data=form, headers=HTML)
    (job,) = door.world.generations.jobs
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    answer = await door.http.post(
        f"/library/{job}/share", data={"csrf_token": csrf, "expires_in_s": asked}, headers=HTML
    )
    assert answer.status_code == 200
    (link,) = await door.world.shares.shares_of(user_id, job)
    assert link.expires_at - link.created_at == timedelta(days=7)
