"""What a person sees when something is in the way, and what a live part of a page gets."""

import pytest
from gateway_world import HTML, ORIGIN, Door, enter

PART = {"HX-Request": "true", "HX-Current-URL": f"{ORIGIN}/library?cursor=abc"}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/library/gen_" + "0" * 32, 404),
        ("GET", "/library/nonsense", 404),
        ("GET", "/billing?cursor=" + "x" * 501, 422),
        ("GET", "/generate?model=" + "x" * 201, 422),
        ("POST", "/library", 405),
        ("POST", "/account", 422),
        ("POST", "/billing/checkout", 422),
    ],
)
async def test_an_error_page_is_of_whom_is_signed_in(door: Door, method: str, path: str, status: int) -> None:
    """Signed in it has the console's header, signed out the site's, and the status that is meant."""
    csrf = await enter(door)
    form = {"csrf_token": csrf, "full_name": "x" * 2_001}
    page = await door.http.request(method, path, data=form if method == "POST" else None, headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert 'role="alert"' in page.text
    assert "Sign out" in page.text
    assert "Sign in" not in page.text
    assert "ada@example.com" in page.text
    assert page.headers["cache-control"] == "no-store"
    door.http.cookies.clear()
    if method == "GET" and "library/" not in path and "?" not in path:
        assert "Sign in" in (await door.http.get(path, headers=HTML)).text


async def test_our_own_bug_is_a_page_and_is_recorded(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    """A person gets a page that says no more than that, a program its problem document."""
    await enter(door)
    door.world.generations.jobs = None  # type: ignore[assignment]
    page = await door.http.get("/library", headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "Something went wrong on our side" in page.text
    assert "Sign out" in page.text
    assert "Error" not in page.text
    problem = await door.http.get("/v1/generations", headers=HTML)
    assert (problem.status_code, problem.headers["content-type"]) == (500, "application/problem+json")
    recorded = capsys.readouterr().out
    assert recorded.count("unexpected error") == 2
    assert "Traceback" in recorded


async def test_an_error_page_needs_nobody(door: Door) -> None:
    """With the sessions' store or the ledger broken, there is still a page."""
    await enter(door)
    door.world.ledger.journal = None  # type: ignore[assignment]
    page = await door.http.get("/billing", headers=HTML)
    assert (page.status_code, "Sign out" in page.text) == (500, True)
    door.world.sessions.rows = None  # type: ignore[assignment]
    page = await door.http.get("/billing", headers=HTML)
    assert (page.status_code, "Sign in" in page.text) == (500, True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/console/balance"),
        ("GET", "/console/history"),
        ("GET", "/library/gen_" + "0" * 32 + "/card"),
        ("POST", "/generate/quote"),
        ("POST", "/generate/code"),
    ],
)
async def test_a_live_part_of_an_ended_session_leads_to_sign_in(door: Door, method: str, path: str) -> None:
    """The whole page goes to sign in and comes back; no page is put into the place of a part.

    Whoever pressed something reads that it was not done.
    """
    note = "&note=ended" if method == "POST" else ""
    part = await door.http.request(method, path, headers=PART | {"Origin": ORIGIN})
    assert part.headers["hx-redirect"] == f"/login?next=/library%3Fcursor%3Dabc{note}"
    assert (part.status_code, part.text) == (401, "")
    foreign = await door.http.request(
        method, path, headers={"HX-Request": "true", "HX-Current-URL": "//evil.example", "Origin": ORIGIN}
    )
    assert foreign.headers["hx-redirect"] == f"/login?next=/library{note}"
    assert ("so nothing was done" in (await door.http.get(f"/login?next=/{note}")).text) is bool(note)


async def test_an_error_in_a_part_is_words(door: Door) -> None:
    """A part of a page that fails stays as it is; what a person did is answered in a corner."""
    csrf = await enter(door)
    gone = f"/library/gen_{'0' * 32}"
    part = await door.http.get(f"{gone}/card", headers=PART | HTML)
    assert (part.status_code, part.headers["hx-reswap"]) == (404, "none")
    done = await door.http.post(f"{gone}/cancel", data={"csrf_token": csrf}, headers=PART | HTML)
    assert (done.status_code, done.headers["hx-retarget"]) == (404, "#notes")
    for answer in (part, done):
        assert answer.text.count('role="alert"') == 1
        assert "<html" not in answer.text


async def test_a_form_that_was_changed_is_another_job(door: Door) -> None:
    """One page, sent twice as it is, starts one job; changed and sent again it starts a second."""
    csrf = await enter(door)
    (user_id,) = (one.user_id for one in door.world.identity.users.values())
    door.world.ledger.grant(user_id, 100)
    for prompt in ("a heron", "a heron", "a crane"):
        form = {"csrf_token": csrf, "key": "of the page", "model": "local/sketch", "prompt": prompt}
        answer = await door.http.post("/generate", data=form, headers=HTML)
        assert answer.headers["location"] == "/generate?model=local/sketch&note=started"
    assert len(door.world.generations.jobs) == 2


async def test_a_stranger_is_not_sent_to_a_library(door: Door) -> None:
    """There is none: the start page comes first, and then the way in."""
    page = (await door.http.get("/nowhere", headers=HTML)).text
    assert "Go to your library" not in page
    assert '<a class="btn" href="/">Start page</a>' in page
    await enter(door)
    assert "Go to your library" in (await door.http.get("/nowhere", headers=HTML)).text
