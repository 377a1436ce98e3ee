"""What a person sees while a service behind the console does not answer."""

import re
from typing import Any, NoReturn

import pytest
from gateway.domain.errors import Conflict, GatewayError, TimedOut, Unavailable
from gateway_world import HTML, SKETCH, Door, enter

DETAIL = "The sampler service took too long."
AWAY = "Something behind this page does not answer at the moment. Try again soon."
REFUSALS = [Unavailable(DETAIL), TimedOut(DETAIL)]


def refuse(door: Door, patch: pytest.MonkeyPatch, method: str, refusal: GatewayError) -> None:
    """Let generation refuse one method."""

    async def refused(*_: Any, **__: Any) -> NoReturn:
        raise refusal

    patch.setattr(door.world.generations, method, refused)


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_page_says_so_and_offers_itself_again(
    door: Door, monkeypatch: pytest.MonkeyPatch, refusal: GatewayError
) -> None:
    """In a person's words and language, where the same page is; which service it is stays with operators."""
    await enter(door)
    refuse(door, monkeypatch, "page", refusal)
    answer = await door.http.get("/library?search=heron", headers=HTML)
    assert answer.status_code in (503, 504)
    assert AWAY in answer.text
    assert DETAIL not in answer.text
    assert "<h1>One moment, please</h1>" in answer.text
    assert 'href="/library?search=heron"' in answer.text
    spanish = await door.http.get("/library", headers=HTML | {"Accept-Language": "es"})
    assert "no responde en este momento" in spanish.text


async def test_what_is_not_there_is_not_offered_again(door: Door) -> None:
    """Time cures no wrong address."""
    await enter(door)
    page = (await door.http.get("/nowhere", headers=HTML)).text
    assert "Try again" not in page
    assert 'href="/nowhere"' not in page


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_form_that_may_have_been_done_keeps_its_key(
    door: Door, monkeypatch: pytest.MonkeyPatch, refusal: GatewayError
) -> None:
    """Sent again it starts no second job; what was refused for good is a new question under a new key."""
    csrf = await enter(door)
    form = {"model": SKETCH, "prompt": "a heron", "csrf_token": csrf, "key": "the-page-s-own"}
    refuse(door, monkeypatch, "create", refusal)
    page = (await door.http.post("/generate", data=form, headers=HTML)).text
    assert AWAY in page
    assert 'name="key" value="the-page-s-own"' in page
    assert ">a heron</textarea>" in page
    refuse(door, monkeypatch, "create", Conflict("Not now."))
    page = (await door.http.post("/generate", data=form, headers=HTML)).text
    (key,) = re.findall(r'name="key" value="([^"]*)"', page)
    assert key not in ("", "the-page-s-own")


@pytest.mark.parametrize(
    ("path", "method", "whole"),
    [
        ("/", "models", "Five lines of code"),
        ("/pricing", "models", "Buy Starter"),
        ("/account", "page", "Profile"),
    ],
)
async def test_a_page_that_can_do_without_is_whole(
    door: Door, monkeypatch: pytest.MonkeyPatch, path: str, method: str, whole: str
) -> None:
    """The rest of it is there, and no empty table."""
    await enter(door)
    refuse(door, monkeypatch, method, REFUSALS[0])
    answer = await door.http.get(path, headers=HTML)
    assert answer.status_code == 200
    assert whole in answer.text
    assert DETAIL not in answer.text
    assert '<th scope="col">Makes</th>' not in answer.text
