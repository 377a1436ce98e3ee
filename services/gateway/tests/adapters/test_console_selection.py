"""Many selected in the library at once: what is done to them, and what must not happen."""

import re
from html import unescape

import httpx
import pytest
from gateway.domain.generation import GenerationStatus
from gateway_world import ORIGIN, Door, ask_for, csrf_of, enter

FROM_HERE = {"Origin": ORIGIN}


async def made(door: Door, count: int, *, is_done: bool = True) -> list[str]:
    """Pictures of the person who is signed in."""
    ids = await ask_for(door, *(f"fox {number}" for number in range(count)))
    if is_done:
        for each in ids:
            door.world.generations.finish(each, GenerationStatus.SUCCEEDED)
    return [*ids]


async def entered(door: Door) -> str:
    """Sign in with plenty of credits; returns the CSRF token."""
    csrf = await enter(door)
    (user,) = door.world.identity.users.values()
    door.world.ledger.grant(user.user_id, 100_000)
    return csrf


async def send(door: Door, csrf: str, ids: list[str], deed: str = "delete", **more: str) -> httpx.Response:
    """The bar's form."""
    form = {"csrf_token": csrf, "deed": deed, "generation": ids, **more}
    return await door.http.post("/library/selected", data=form, headers=FROM_HERE)


def tiles(page: httpx.Response) -> list[str]:
    """The ids of the tiles of a page."""
    return re.findall(r'data-generation="([^"]+)"', page.text)


def note(page: httpx.Response) -> str:
    """What the page says in passing."""
    found = re.search(r'class="toast-note".*?<p class="grow">(.*?)</p>', page.text)
    return unescape(found[1]) if found else ""


async def test_each_tile_can_be_selected(door: Door) -> None:
    """By a checkbox of the form above; also once the tile has changed, and not in the studio."""
    await entered(door)
    (fox,) = await made(door, 1, is_done=False)
    pick = f'form="selected" name="generation" value="{fox}"'
    page = (await door.http.get("/library")).text
    assert pick in page
    assert 'aria-label="Select: fox 0"' in page
    assert '<form id="selected"' in page
    assert 'data-most="# selected, the most at a time"' in page
    assert pick in (await door.http.get(f"/library/{fox}/card?pick=on")).text
    assert pick not in (await door.http.get(f"/library/{fox}/card")).text
    assert 'name="generation"' not in (await door.http.get("/generate")).text


async def test_many_are_deleted_after_a_question_and_come_back(door: Door) -> None:
    """The question deletes nothing; one button takes all of it back."""
    csrf = await entered(door)
    first, second, third = await made(door, 3)
    asked = await send(door, csrf, [first, second, first])
    assert "Delete these 2?" in asked.text
    assert asked.text.count('name="generation"') == 2
    assert door.world.generations.discarded == {}
    deleted = await send(door, csrf, [first, second], confirmed="on")
    assert deleted.status_code == 303
    page = await door.http.get(deleted.headers["location"])
    assert (tiles(page), note(page)) == ([third], "2 deleted.")
    undone = re.findall(r'<input type="hidden" name="generation" value="([^"]+)">', page.text)
    assert sorted(undone) == sorted([first, second])
    back = await send(door, csrf, undone, deed="restore")
    assert note(await door.http.get(back.headers["location"])) == "They are back."
    assert tiles(await door.http.get("/library")) == [third, second, first]


async def test_two_are_compared(door: Door) -> None:
    """Both, and what differs; neither one nor three, nor another's, nor what is no id."""
    csrf = await entered(door)
    first, second, third = await made(door, 3)
    answer = await send(door, csrf, [first, second], deed="compare")
    assert answer.headers["location"] == f"/library/compare?a={first}&b={second}"
    page = await door.http.get(answer.headers["location"])
    assert page.status_code == 200
    assert re.findall(r"<tr data-differs><th scope=\"row\">(\w+)", page.text) == ["Prompt"]
    assert ("fox 0" in page.text, "fox 1" in page.text, "fox 2" in page.text) == (True, True, False)
    same = await door.http.get(f"/library/compare?a={first}&b={first}")
    assert "data-differs" not in same.text
    for ids in ([first], [first, first], [first, second, third]):
        answer = await send(door, csrf, ids, deed="compare")
        assert answer.headers["location"] == "/library?note=not-two"
    assert (await door.http.get(f"/library/compare?a={first}&b=x")).status_code == 404
    door.http.cookies.clear()
    assert (await door.http.get(f"/library/compare?a={first}&b={second}")).status_code == 303
    form = {"email": "bob@example.com", "password": "correct horse battery"}
    await door.http.post("/signup", data=form, headers=FROM_HERE)
    theirs = await door.http.get(f"/library/compare?a={first}&b={second}")
    assert theirs.status_code == 404
    assert "fox" not in theirs.text


async def test_what_cannot_be_deleted_stops_no_other(door: Door) -> None:
    """What runs, what is not there: said in the note, and it stays."""
    csrf = await entered(door)
    (done,) = await made(door, 1)
    (running,) = await made(door, 1, is_done=False)
    asked = await send(door, csrf, [running, done])
    assert "Still runs, and stays" in asked.text
    deleted = await send(door, csrf, [running, f"gen_{'0' * 32}", done], confirmed="on")
    page = await door.http.get(deleted.headers["location"])
    assert tiles(page) == [running]
    assert note(page) == "1 deleted. 1 still runs and stays. 1 could not be deleted."
    assert f'action="/library/{done}/restore"' in page.text
    only = await send(door, csrf, [running], confirmed="on")
    page = await door.http.get(only.headers["location"])
    assert note(page) == "1 still runs and stays."
    assert "restore" not in page.text


async def test_another_persons_are_left_alone(door: Door) -> None:
    """Neither shown, nor deleted, nor restored."""
    await entered(door)
    hers, deleted = await made(door, 2)
    door.world.generations.discarded[deleted] = door.clock.now().replace(year=2031)
    door.http.cookies.clear()
    form = {"email": "bob@example.com", "password": "correct horse battery"}
    await door.http.post("/signup", data=form, headers=FROM_HERE)
    csrf = csrf_of(door)
    asked = await send(door, csrf, [hers])
    assert asked.status_code == 404
    assert "fox" not in asked.text
    answer = await send(door, csrf, [hers], confirmed="on")
    assert note(await door.http.get(answer.headers["location"])) == "1 could not be deleted."
    assert (await send(door, csrf, [deleted], deed="restore")).status_code == 404
    assert list(door.world.generations.discarded) == [deleted]


@pytest.mark.parametrize("csrf", ["", "forged"])
async def test_a_forged_form_does_nothing(door: Door, csrf: str) -> None:
    """Not without the session's token."""
    await entered(door)
    ids = await made(door, 1)
    assert (await send(door, csrf, ids, confirmed="on")).status_code == 403
    assert door.world.generations.discarded == {}


async def test_ids_are_counted_and_checked(door: Door) -> None:
    """100 and no more, each a whole id; nothing selected says so."""
    csrf = await entered(door)
    ids = await made(door, 1)
    many = [f"gen_{number:032x}" for number in range(100)]
    refused = await send(door, csrf, ids + many, confirmed="on")
    assert refused.status_code == 422
    assert "At most 100 can be selected at a time." in refused.text
    assert (await send(door, csrf, [*ids, "gen_x"], confirmed="on")).status_code == 404
    assert (await send(door, csrf, ids, deed="burn", confirmed="on")).status_code == 422
    assert door.world.generations.discarded == {}
    assert (await send(door, csrf, [])).headers["location"] == "/library?note=none-selected"
    assert (await send(door, csrf, many, confirmed="on")).status_code == 303
    assert (await door.http.get("/library/selected")).headers["location"] == "/library"
