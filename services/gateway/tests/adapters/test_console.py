"""The console over ports in memory: forms without JavaScript, and everything that must not happen."""

import re
from dataclasses import replace

import httpx
import pytest
from gateway.domain.generation import GenerationStatus
from gateway_world import ORIGIN, PASSWORD, Door

FROM_HERE = {"Origin": ORIGIN}
PROTECTED = ("/generate", "/library", "/billing", "/usage", "/account", "/library/gen_" + "0" * 32)


async def enter(door: Door, email: str = "ada@example.com", *, credits_given: int = 0) -> str:
    """Sign up by the form, keep the cookie, and return the page's CSRF token."""
    form = {"email": email, "password": PASSWORD}
    answer = await door.http.post("/signup", data=form, headers=FROM_HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/generate"), answer.text
    if credits_given:
        (user_id,) = (one.user_id for one in door.world.identity.users.values() if one.email == email)
        door.world.ledger.grant(user_id, credits_given)
    return hidden(await door.http.get("/generate"), "csrf_token")


def hidden(page: httpx.Response, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found.group(1)


@pytest.mark.parametrize("path", PROTECTED)
async def test_protected_pages_send_you_to_sign_in_and_back(door: Door, path: str) -> None:
    """Where you wanted to go is kept."""
    answer = await door.http.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
    await door.http.post("/signup", data={"email": "a@example.com", "password": PASSWORD}, headers=FROM_HERE)
    door.http.cookies.clear()
    form = {"email": "a@example.com", "password": PASSWORD, "next": path}
    back = await door.http.post("/login", data=form, headers=FROM_HERE)
    assert back.headers["location"] == path


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "//["],
)
async def test_no_redirect_leads_elsewhere(door: Door, elsewhere: str) -> None:
    """A link with a foreign `next` leads to our own page."""
    form = {"email": "a@example.com", "password": PASSWORD, "next": elsewhere}
    answer = await door.http.post("/signup", data=form, headers=FROM_HERE)
    assert answer.headers["location"] == "/generate"


async def test_a_form_of_somebody_signed_out_leads_to_sign_in(door: Door) -> None:
    """Not to an error, and nothing starts."""
    before = door.state()
    for path in ("/generate", "/generate/quote", "/billing/checkout"):
        answer = await door.http.post(path, data={"pack": "starter", "key": "k"}, headers=FROM_HERE)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login")
        assert answer.headers["location"].endswith("&note=ended")
    assert door.state() == before


async def test_a_number_of_any_length_is_refused_by_its_field(door: Door) -> None:
    """Four hundred digits are no seed."""
    csrf = await enter(door, credits_given=100)
    before = door.state()
    form = {"model": "local/sketch", "prompt": "a heron", "seed": "9" * 400, "csrf_token": csrf}
    answer = await door.http.post("/generate", data=form, headers=FROM_HERE)
    assert answer.status_code == 422
    assert door.state() == before


async def test_the_cookie_is_out_of_reach(door: Door) -> None:
    """Scripts can't read it and other sites don't send it."""
    form = {"email": "a@example.com", "password": PASSWORD}
    answer = await door.http.post("/signup", data=form, headers=FROM_HERE)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize(
    ("headers", "token"),
    [({}, True), ({"Origin": "https://evil.example"}, True), (FROM_HERE, False), ({"Origin": "null"}, True)],
)
async def test_a_forged_form_changes_nothing(door: Door, headers: dict[str, str], token: bool) -> None:
    """Without our origin, or without the session's token, nothing runs."""
    csrf = await enter(door, credits_given=100)
    before = door.state()
    form = {"model": "local/sketch", "prompt": "a heron", "csrf_token": csrf if token else "guess"}
    answer = await door.http.post("/generate", data=form, headers=headers)
    assert answer.status_code == 403
    assert door.state() == before


async def test_a_generation_starts_once_however_often_the_button_is_pressed(door: Door) -> None:
    """The page's key makes a second press the same job."""
    await enter(door, credits_given=100)
    page = await door.http.get("/generate")
    form = {name: hidden(page, name) for name in ("csrf_token", "key", "model")} | {"prompt": "a heron"}
    for _ in range(2):
        answer = await door.http.post("/generate", data=form, headers=FROM_HERE)
        assert answer.headers["location"] == "/generate?model=local/sketch&note=started"
    assert len(door.world.generations.jobs) == 1


async def test_too_few_credits_lead_to_billing(door: Door) -> None:
    """Nothing runs, and the page says where to buy."""
    csrf = await enter(door)
    form = {"model": "local/sketch", "prompt": "a heron", "csrf_token": csrf}
    answer = await door.http.post("/generate", data=form, headers=FROM_HERE)
    assert answer.status_code == 402
    assert 'href="/billing"' in answer.text
    assert "a heron" in answer.text


async def test_an_old_page_sent_again_asks_anew(door: Door) -> None:
    """After buying credits, going back and pressing the button starts the job: no old refusal is shown."""
    await enter(door)
    page = await door.http.get("/generate")
    form = {name: hidden(page, name) for name in ("csrf_token", "key", "model")} | {"prompt": "a heron"}
    refused = await door.http.post("/generate", data=form, headers=FROM_HERE)
    assert refused.status_code == 402
    account = next(iter(door.world.identity.users))
    door.world.ledger.grant(account, 100)
    answer = await door.http.post("/generate", data=form, headers=FROM_HERE)
    assert answer.headers["location"] == "/generate?model=local/sketch&note=started"


async def test_a_cancel_that_comes_too_late_says_so(door: Door) -> None:
    """It does not say that credits come back."""
    csrf = await enter(door, credits_given=100)
    form = {"model": "local/sketch", "prompt": "a heron", "csrf_token": csrf}
    await door.http.post("/generate", data=form, headers=FROM_HERE)
    (job,) = door.world.generations.jobs
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    before = door.state()
    answer = await door.http.post(f"/library/{job}/cancel", data={"csrf_token": csrf}, headers=FROM_HERE)
    assert door.state() == before
    page = await door.http.get(answer.headers["location"])
    assert "Too late: it had already finished" in page.text


async def test_what_people_write_is_escaped(door: Door) -> None:
    """A prompt is text on every page, never markup."""
    csrf = await enter(door, credits_given=100)
    prompt = '<script>alert("x")</script>'
    form = {"model": "local/sketch", "prompt": prompt, "csrf_token": csrf}
    await door.http.post("/generate", data=form, headers=FROM_HERE)
    library = await door.http.get("/library")
    assert "<script>alert" not in library.text
    assert "&lt;script&gt;alert" in library.text


async def made(door: Door, **output: object) -> str:
    """The page of cards, with one generation whose output has these fields."""
    csrf = await enter(door, credits_given=100)
    form = {"model": "local/sketch", "prompt": "a heron", "csrf_token": csrf}
    await door.http.post("/generate", data=form, headers=FROM_HERE)
    jobs = door.world.generations.jobs
    (generation_id,) = jobs
    done = door.world.generations.finish(generation_id, GenerationStatus.SUCCEEDED)
    jobs[generation_id] = replace(done, outputs=(replace(done.outputs[0], **output),))  # type: ignore[arg-type]
    return (await door.http.get("/library")).text


async def test_a_card_loads_the_small_picture(door: Door) -> None:
    """Only when it comes into view, in a place of its own size."""
    page = await made(door, thumbnail_url="https://media.example/small", width=1536, height=1024)
    (picture,) = re.findall(r"<img [^>]*media.example[^>]*>", page)
    assert 'src="https://media.example/small"' in picture
    assert 'loading="lazy" width="1536" height="1024"' in picture


async def test_a_card_without_a_small_picture_shows_the_whole_one(door: Door) -> None:
    """As before there were any."""
    page = await made(door, thumbnail_url=None, url="https://media.example/whole")
    assert '<img src="https://media.example/whole"' in page


@pytest.mark.parametrize("thumbnail_url", ["https://media.example/small", None])
async def test_a_film_loads_nothing_before_it_is_played(door: Door, thumbnail_url: str | None) -> None:
    """Its first frame stands for it; without one its beginning has to be loaded."""
    page = await made(door, media_type="video/mp4", thumbnail_url=thumbnail_url)
    is_small = 'src="https://media.example/small"' in page
    assert ("<video " in page, is_small) == (thumbnail_url is None, thumbnail_url is not None)


@pytest.mark.parametrize(
    ("incomplete", "words"),
    [("length", "as long as allowed"), ("broken_off", "stopped in the middle"), (None, None)],
)
async def test_an_answer_that_was_cut_off_says_so(
    door: Door, incomplete: str | None, words: str | None
) -> None:
    """On its card and on its page."""
    card = await made(door, incomplete=incomplete)
    (generation_id,) = door.world.generations.jobs
    page = (await door.http.get(f"/library/{generation_id}")).text
    assert [("cut off" in shown) for shown in (card, page)] == [incomplete is not None] * 2
    assert words is None or words in page


async def test_another_users_generation_is_not_found(door: Door) -> None:
    """Neither page, card, cancel nor delete says that it exists."""
    csrf = await enter(door, credits_given=100)
    form = {"model": "local/sketch", "prompt": "mine alone", "csrf_token": csrf}
    await door.http.post("/generate", data=form, headers=FROM_HERE)
    (generation_id,) = door.world.generations.jobs
    door.http.cookies.clear()
    csrf = await enter(door, "eve@example.com")
    before = door.state()
    for suffix in ("", "/card", "/delete"):
        answer = await door.http.get(f"/library/{generation_id}{suffix}")
        assert answer.status_code == 404
        assert "mine alone" not in answer.text
    for action in ("cancel", "delete"):
        url = f"/library/{generation_id}/{action}"
        answer = await door.http.post(url, data={"csrf_token": csrf}, headers=FROM_HERE)
        assert answer.status_code == 404
    assert door.state() == before


async def test_errors_are_pages_for_people_and_problems_for_programs(door: Door) -> None:
    """The same address answers each in its own language."""
    page = await door.http.get("/nowhere", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    problem = await door.http.get("/nowhere", headers={"Accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json"
    for path in ("/v1/nowhere", "/v1/generations/gen_x"):
        answer = await door.http.get(path, headers={"Accept": "text/html"})
        assert answer.headers["content-type"] == "application/problem+json"


async def test_signing_out_ends_the_session(door: Door) -> None:
    """The old cookie opens nothing afterwards."""
    csrf = await enter(door)
    kept = dict(door.http.cookies)
    await door.http.post("/logout", data={"csrf_token": csrf}, headers=FROM_HERE)
    door.http.cookies.clear()
    door.http.cookies.update(kept)
    assert (await door.http.get("/billing")).status_code == 303


async def test_a_purchase_leads_to_the_payment_page(door: Door) -> None:
    """Buy sends the browser to checkout; coming back says what happened."""
    await enter(door)
    page = await door.http.get("/billing")
    form = {name: hidden(page, name) for name in ("csrf_token", "key")} | {"pack": "starter"}
    answer = await door.http.post("/billing/checkout", data=form, headers=FROM_HERE)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("https://")
    assert len(door.world.billing.checkouts) == 1
    left = await door.http.get("/billing?note=unpaid")
    assert "Nothing was charged" in left.text
    forged = await door.http.get("/billing?note=<b>free</b>")
    assert "<b>free</b>" not in forged.text


@pytest.mark.parametrize(
    ("acts", "said", "asks_again"),
    [
        ((), "not confirmed yet", True),
        (("promise",), "may take a few days", True),
        (("promise", "fail"), "Your payment failed", False),
        (("pay",), "your payment arrived", False),
        (("expire",), "has expired", False),
    ],
)
async def test_coming_back_from_a_page_says_what_became_of_the_money(
    door: Door, acts: tuple[str, ...], said: str, asks_again: bool
) -> None:
    """As it is at that moment, to its buyer alone, and again until it is known."""
    await enter(door)
    page = await door.http.get("/billing")
    form = {name: hidden(page, name) for name in ("csrf_token", "key")} | {"pack": "starter"}
    await door.http.post("/billing/checkout", data=form, headers=FROM_HERE)
    ((checkout_id, _),) = door.world.billing.checkouts.items()
    ((success_url, cancel_url),) = door.world.billing.return_urls
    assert success_url.endswith(f"/billing?checkout={checkout_id}")
    assert cancel_url.endswith("/billing?note=unpaid")
    for act in acts:
        getattr(door.world.billing, act)(checkout_id)
    for path in (f"/billing?checkout={checkout_id}", f"/console/checkout/{checkout_id}"):
        back = await door.http.get(path)
        assert back.status_code == 200
        assert said in back.text
        assert (f'hx-get="/console/checkout/{checkout_id}"' in back.text) == asks_again
    stranger = await door.http.get("/billing?checkout=chk_of_somebody_else")
    assert 'id="checkout"' not in stranger.text
    assert (await door.http.get("/console/checkout/chk_of_somebody_else")).status_code == 404


async def test_no_page_needs_inline_code(door: Door) -> None:
    """The Content Security Policy allows none: every script and style is a file of ours."""
    await enter(door)
    for path in ("/", "/pricing", "/generate", "/library", "/billing", "/account"):
        page = await door.http.get(path)
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page.text), path
        for source in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            assert (await door.http.get(source)).status_code == 200, source


async def test_the_billing_page_shows_what_was_refunded(door: Door) -> None:
    """Beside what was paid: in part with the money, whole by its name; and again when the page is renewed."""
    csrf = await enter(door)
    form = {"pack": "starter", "key": "k", "csrf_token": csrf}
    await door.http.post("/billing/checkout", data=form, headers=FROM_HERE)
    ((user_id, checkout),) = door.world.billing.checkouts.values()
    purchase = door.world.billing.pay(checkout.checkout_id)
    assert "refunded" not in (await door.http.get("/billing")).text
    for amount, shown in ((300, "$3.00 refunded"), (700, "<small>refunded</small>")):
        door.world.billing.refund(user_id, purchase.purchase_id, amount)
        for page in ("/billing", "/console/history"):
            assert shown in (await door.http.get(page)).text
