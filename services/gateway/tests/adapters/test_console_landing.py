"""The pages that say what it is and what it costs, and the account that has it all in one place."""

import re

import pytest
from gateway.adapters.inbound.console.assets import assets
from gateway.adapters.inbound.console.samples import SAMPLES
from gateway.domain.errors import Unavailable
from gateway.domain.generation import GenerationStatus
from gateway_world import HTML, Door, enter

SAMPLES_MAX_BYTES = 100_000


async def test_the_start_page_shows_pictures_of_ours(door: Door) -> None:
    """Each is there under a name of its contents, in its own shape, named by its prompt; all are small."""
    page = (await door.http.get("/", headers=HTML)).text
    for sample in SAMPLES:
        assert f'src="{assets.url(sample.file)}" alt="{sample.prompt}"' in page
        answer = await door.http.get(assets.url(sample.file))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.content[:4] + answer.content[8:12] == b"RIFFWEBP"
    sizes = [len(assets.by_name[assets.url(sample.file).rpartition("/")[2]].body) for sample in SAMPLES]
    assert sum(sizes) < SAMPLES_MAX_BYTES


@pytest.mark.parametrize("path", ["/", "/pricing"])
async def test_prices_are_those_of_the_services(door: Door, path: str) -> None:
    """Every model with its own price; to somebody signed in nothing is said about signing up."""
    models = (await door.http.get("/v1/models")).json()["data"]
    page = (await door.http.get(path, headers=HTML)).text
    for model in models:
        assert model["id"] in page
        assert model["pricing"]["summary"] in page
    assert 'href="/signup"' in page
    await enter(door)
    assert 'href="/signup"' not in (await door.http.get(path, headers=HTML)).text


PROMISES = {"/": "Start with %s", "/pricing": "Start with %s", "/signup": "You start with %s"}


@pytest.mark.parametrize("path", PROMISES)
async def test_strangers_are_promised_what_the_ledger_gives(door: Door, path: str) -> None:
    """By its number, in the singular too, and in a form that is shown again; nobody is promised nothing."""
    for given, said in ((2_500, "2,500 free credits"), (1, "1 free credit")):
        door.world.ledger.welcomes_with_credits = given
        page = (await door.http.get(path, headers=HTML)).text
        assert f"{PROMISES[path] % said}{'.' if path == '/signup' else '<'}" in page
    refused = (await door.http.post("/signup", data={"email": "ada"}, headers=HTML)).text
    assert "You start with 1 free credit." in refused
    door.world.ledger.welcomes_with_credits = 0
    page = (await door.http.get(path, headers=HTML)).text
    assert "free credit" not in page
    assert "No card needed" not in page


async def test_who_is_there_already_is_promised_nothing(door: Door) -> None:
    """Neither on the start page nor with the prices."""
    await enter(door)
    for path in ("/", "/pricing"):
        assert "free credit" not in (await door.http.get(path, headers=HTML)).text


@pytest.mark.parametrize("path", PROMISES)
async def test_a_ledger_that_is_away_takes_only_its_promise_along(
    door: Door, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is whole, and invites."""

    async def away() -> int:
        raise Unavailable("the ledger is away")

    monkeypatch.setattr(door.world.ledger, "welcome_credits", away)
    answer = await door.http.get(path, headers=HTML)
    assert answer.status_code == 200
    assert "free credit" not in answer.text
    assert 'href="/signup"' in answer.text or 'action="/signup"' in answer.text


async def test_a_price_is_one_click_from_its_payment(door: Door) -> None:
    """For somebody signed in; a stranger signs up first, and finds the packs afterwards."""
    page = (await door.http.get("/pricing", headers=HTML)).text
    assert 'href="/signup?next=/billing">Buy ' in page
    assert 'action="/billing/checkout"' not in page
    csrf = await enter(door)
    page = (await door.http.get("/pricing", headers=HTML)).text
    forms = re.findall(r'<form method="post" action="/billing/checkout">(.*?)</form>', page, re.DOTALL)
    assert len(forms) == len(await door.world.billing.packs())
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', forms[0]))
    assert fields["csrf_token"] == csrf
    answer = await door.http.post("/billing/checkout", data=fields, headers=HTML)
    assert answer.status_code == 303
    assert not answer.headers["location"].startswith("/")


async def test_the_account_has_what_was_made_last(door: Door) -> None:
    """Newest first, five at most, each with what it cost; nobody else's."""
    csrf = await enter(door)
    (user_id,) = (user.user_id for user in door.world.identity.users.values())
    empty = (await door.http.get("/account", headers=HTML)).text
    assert 'class="recent"' not in empty
    assert 'href="/generate"' in empty
    door.world.ledger.grant(user_id, 100)
    for number in range(6):
        form = {"csrf_token": csrf, "model": "local/sketch", "prompt": f"heron {number}"}
        await door.http.post("/generate", data=form, headers=HTML)
        door.clock.pass_(seconds=1)
    done, failed = list(door.world.generations.jobs)[-2:]
    door.world.generations.finish(done, GenerationStatus.SUCCEEDED)
    door.world.generations.finish(failed, GenerationStatus.FAILED)
    page = (await door.http.get("/account", headers=HTML)).text
    assert re.findall(r"heron \d", page) == [f"heron {number}" for number in (5, 4, 3, 2, 1)]
    charged = door.world.generations.jobs[done].credits_charged
    assert charged
    assert f"{charged} credits" in page
    assert "not charged" in page
    for action in ("/account", "/theme", "/language"):
        assert f'method="post" action="{action}"' in page
    assert 'href="/billing"' in page
    door.http.cookies.clear()
    await door.http.post(
        "/signup", data={"email": "bob@example.com", "password": "correct horse battery"}, headers=HTML
    )
    other = (await door.http.get("/account", headers=HTML)).text
    assert "bob@example.com" in other
    assert "heron" not in other


async def test_a_refused_profile_keeps_the_rest_of_the_page(door: Door) -> None:
    """What was typed, what is wrong, and what was made last."""
    csrf = await enter(door)
    (user_id,) = (user.user_id for user in door.world.identity.users.values())
    door.world.ledger.grant(user_id, 100)
    form = {"csrf_token": csrf, "model": "local/sketch", "prompt": "a heron"}
    await door.http.post("/generate", data=form, headers=HTML)
    before = door.state()
    profile = {"csrf_token": csrf, "full_name": "Ada", "avatar_url": "http://x" + "y" * 1_900}
    answer = await door.http.post("/account", data=profile, headers=HTML)
    assert answer.status_code in (400, 422)
    assert 'aria-invalid="true"' in answer.text
    assert "a heron" in answer.text
    assert door.state() == before
