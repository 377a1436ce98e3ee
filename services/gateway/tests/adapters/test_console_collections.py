"""Collections in the console: made, filled, looked through, emptied, deleted, and what must not happen."""

import re
from html import unescape
from typing import Any

import httpx
import pytest
from gateway.domain.generation import GenerationStatus
from gateway.domain.identifiers import CollectionId
from gateway_world import ORIGIN, Door, ask_for, csrf_of, enter

FROM_HERE = {"Origin": ORIGIN}
PART = {"HX-Request": "true"}


async def entered(door: Door) -> str:
    """Sign in with plenty of credits; returns the CSRF token."""
    csrf = await enter(door)
    (user,) = door.world.identity.users.values()
    door.world.ledger.grant(user.user_id, 100_000)
    return csrf


async def made(door: Door, *prompts: str) -> list[str]:
    """Pictures of the person who is signed in."""
    ids = await ask_for(door, *prompts)
    for each in ids:
        door.world.generations.finish(each, GenerationStatus.SUCCEEDED)
    return [*ids]


async def send(
    door: Door, path: str, csrf: str, *, headers: dict[str, str] | None = None, **form: Any
) -> httpx.Response:
    """A form of the console."""
    return await door.http.post(path, data={"csrf_token": csrf, **form}, headers=FROM_HERE | (headers or {}))


async def opened(door: Door, csrf: str, name: str = "Foxes") -> CollectionId:
    """A new collection, by its form."""
    answer = await send(door, "/library/collections", csrf, name=name)
    assert answer.status_code == 303, answer.text
    found = re.fullmatch(
        r"/library\?collection=(col_[0-9a-f]{32})&note=collection-made", answer.headers["location"]
    )
    assert found
    return CollectionId(found[1])


async def bob(door: Door) -> str:
    """Somebody else signs in in the same browser; returns their CSRF token."""
    door.http.cookies.clear()
    form = {"email": "bob@example.com", "password": "correct horse battery"}
    await door.http.post("/signup", data=form, headers=FROM_HERE)
    return csrf_of(door)


def tiles(page: httpx.Response) -> list[str]:
    """The ids of the tiles of a page, in order."""
    assert page.status_code == 200, page.text
    return re.findall(r'class="tile [^"]*" data-generation="([^"]+)"', page.text)


def held(door: Door, collection: CollectionId) -> set[str]:
    """What is in it."""
    (ids,) = (ids for (_, known), ids in door.world.generations.collected.items() if known == collection)
    return set(ids)


async def test_collections_are_made_shown_renamed_and_deleted(door: Door) -> None:
    """Each with its name, its count and its cover; what was in a deleted one stays."""
    csrf = await entered(door)
    page = (await door.http.get("/library/collections")).text
    assert "No collections yet" in page
    assert 'name="collection"' not in (await door.http.get("/library")).text
    (fox,) = await made(door, "a fox")
    snow, foxes = await opened(door, csrf, "Snow"), await opened(door, csrf, "  <Foxes> ")
    await send(door, f"/library/{fox}/collections", csrf, collection=foxes, is_in="on")
    page = (await door.http.get("/library/collections")).text
    names = re.findall(r'<span class="name" dir="auto">(.*?)</span><small class="num">(.*?)</small>', page)
    assert names == [("&lt;Foxes&gt;", "1 item"), ("Snow", "0 items")]
    assert page.count(".thumbnail?") == 1
    answer = await send(door, f"/library/collections/{foxes}", csrf, name="Red foxes")
    assert answer.headers["location"] == f"/library?collection={foxes}&note=renamed"
    shown = await door.http.get(answer.headers["location"])
    assert '<h2 dir="auto">Red foxes</h2>' in shown.text
    answer = await send(door, f"/library/collections/{foxes}/delete", csrf)
    assert answer.headers["location"] == "/library/collections?note=collection-deleted"
    assert tiles(await door.http.get("/library")) == [fox]
    assert [known for _, known in door.world.collections.kept] == [snow]
    for path in (f"/library?collection={foxes}", f"/library/collections/{foxes}"):
        assert (await door.http.get(path)).status_code == 404


async def test_a_name_that_cannot_be_is_said_beside_its_field(door: Door) -> None:
    """In each form that takes one, with what was typed; nothing is made and nothing changes."""
    csrf = await entered(door)
    (fox,) = await made(door, "a fox")
    await opened(door, csrf)
    snow = await opened(door, csrf, "Snow")
    before = door.state()
    forms: list[tuple[str, dict[str, Any]]] = [
        ("/library/collections", {}),
        (f"/library/collections/{snow}", {}),
        (f"/library/{fox}/collections", {}),
        ("/library/selected", {"deed": "collect", "generation": [fox]}),
    ]
    for path, form in forms:
        refused = await send(door, path, csrf, name="FOXES", **form)
        assert refused.status_code == 409, path
        assert "You have a collection of that name already." in refused.text
        assert 'value="FOXES"' in refused.text
        refused = await send(door, path, csrf, name=" ", **form)
        assert refused.status_code == 422, path
        assert "must be 1 to 80 characters" in refused.text
        assert 'aria-invalid="true"' in refused.text
    part = await send(door, f"/library/{fox}/collections", csrf, headers=PART, name=" ")
    assert (part.status_code, "must be 1 to 80 characters" in part.text) == (200, True)
    assert door.state() == before


async def test_a_selection_is_put_into_a_collection(door: Door) -> None:
    """The page asks for one, or for a name; what is gone meanwhile stops no other."""
    csrf = await entered(door)
    fox, heron, wolf = await made(door, "a fox", "a heron", "a wolf")
    foxes = await opened(door, csrf)
    assert 'value="collect"' in (await door.http.get("/library")).text
    gone = f"gen_{'9' * 32}"
    asked = await send(door, "/library/selected", csrf, deed="collect", generation=[fox, heron, gone])
    assert asked.status_code == 200
    assert "2 are selected." in asked.text
    assert f'name="collection" value="{foxes}"' in asked.text
    assert held(door, foxes) == set()
    for _ in range(2):
        answer = await send(
            door, "/library/selected", csrf, deed="collect", generation=[fox, heron, gone], collection=foxes
        )
        assert answer.headers["location"] == f"/library?collection={foxes}&note=collected"
        assert held(door, foxes) == {fox, heron}
    answer = await send(door, "/library/selected", csrf, deed="collect", generation=[wolf], name="Wolves")
    page = await door.http.get(answer.headers["location"])
    assert tiles(page) == [wolf]
    assert '<h2 dir="auto">Wolves</h2>' in page.text
    before = door.state()
    none = await send(door, "/library/selected", csrf, deed="collect", generation=[gone], name="Nothing")
    assert none.status_code == 404
    nowhere = await send(
        door, "/library/selected", csrf, deed="collect", generation=[fox], collection=f"col_{'9' * 32}"
    )
    assert nowhere.status_code == 404
    assert door.state() == before


async def test_the_library_is_filtered_by_a_collection(door: Door) -> None:
    """Beside the other filters, in the address, a part at a time; an empty one says what to do."""
    csrf = await entered(door)
    fox, heron, wolf = await made(door, "a fox", "a heron", "a wolf")
    foxes, empty = await opened(door, csrf), await opened(door, csrf, "Empty")
    await send(door, "/library/selected", csrf, deed="collect", generation=[fox, heron], collection=foxes)
    page = await door.http.get(f"/library?collection={foxes}")
    assert tiles(page) == [heron, fox]
    assert f'<option value="{foxes}" selected>Foxes</option>' in page.text
    assert 'value="take-out"' in page.text
    assert tiles(await door.http.get(f"/library?search=fox&collection={foxes}")) == [fox]
    assert "Nothing matches" in (await door.http.get(f"/library?search=wolf&collection={foxes}")).text
    part = await door.http.get(f"/library?collection={foxes}&search=fox", headers=PART)
    assert part.headers["hx-replace-url"] == f"/library?search=fox&collection={foxes}"
    assert '<span id="held" hx-swap-oob="true"><input type="hidden" name="held"' in part.text
    part = await door.http.get("/library?collection=", headers=PART)
    assert part.headers["hx-replace-url"] == "/library"
    assert '<span id="held" hx-swap-oob="true"></span>' in part.text
    page = await door.http.get(f"/library?collection={empty}")
    assert "Nothing in here yet" in page.text
    assert "Make the first one" not in page.text
    everything = await door.http.get("/library?collection=col_nonsense")
    assert tiles(everything) == [wolf, heron, fox]
    assert 'value="take-out"' not in everything.text


async def test_the_list_of_a_collection_goes_on(door: Door) -> None:
    """What comes next is of the same collection, and holds no heading again."""
    csrf = await entered(door)
    ids = await made(door, *(f"fox {number}" for number in range(26)))
    foxes = await opened(door, csrf)
    await send(door, "/library/selected", csrf, deed="collect", generation=ids[:25], collection=foxes)
    page = await door.http.get(f"/library?collection={foxes}")
    assert len(tiles(page)) == 24
    older = re.search(r'class="older" hx-get="([^"]+)"', page.text)
    assert older
    rest = await door.http.get(unescape(older[1]), headers=PART)
    assert tiles(rest) == ids[:1]
    assert 'class="held"' not in rest.text
    assert 'id="held"' not in rest.text


async def test_what_is_taken_out_can_be_put_back(door: Door) -> None:
    """It stays in the library meanwhile, and in other collections."""
    csrf = await entered(door)
    fox, heron = await made(door, "a fox", "a heron")
    foxes, snow = await opened(door, csrf), await opened(door, csrf, "Snow")
    for each in (foxes, snow):
        await send(door, "/library/selected", csrf, deed="collect", generation=[fox, heron], collection=each)
    answer = await send(door, "/library/selected", csrf, deed="take-out", generation=[fox], held=foxes)
    page = await door.http.get(answer.headers["location"])
    assert tiles(page) == [heron]
    assert "Removed from the collection. It stays in your library." in page.text
    assert (held(door, foxes), held(door, snow)) == ({heron}, {fox, heron})
    toast = re.search(r'<form method="post" action="/library/selected">.*?</form>', page.text)
    assert toast
    fields = re.findall(r'name="(deed|collection|generation)" value="([^"]*)"', toast[0])
    assert fields == [("deed", "collect"), ("collection", foxes), ("generation", fox)]
    await send(door, "/library/selected", csrf, **dict(fields))
    assert held(door, foxes) == {fox, heron}
    for wrong in ("", "col_x", f"col_{'9' * 32}"):
        answer = await send(door, "/library/selected", csrf, deed="take-out", generation=[fox], held=wrong)
        assert answer.status_code == 404
    assert held(door, foxes) == {fox, heron}


async def test_the_viewer_says_what_it_is_in(door: Door) -> None:
    """A button for each collection, pressed where it is in it; a new one by its name."""
    csrf = await entered(door)
    (fox,) = await made(door, "a fox")
    foxes = await opened(door, csrf)
    path = f"/library/{fox}/collections"
    assert f'href="{path}"' in (await door.http.get(f"/library/{fox}")).text
    for is_in, pressed in (("on", "true"), ("on", "true"), ("", "false"), ("", "false")):
        answer = await send(door, path, csrf, collection=foxes, is_in=is_in)
        assert answer.headers["location"] == f"{path}?note=saved"
        page = (await door.http.get(path)).text
        assert f'value="{foxes}" aria-pressed="{pressed}"' in page
        assert bool(held(door, foxes)) is (pressed == "true")
    part = await send(door, path, csrf, headers=PART, name="Snow")
    assert part.status_code == 200
    assert "<html" not in part.text
    assert re.findall(r'aria-pressed="(\w+)"', part.text) == ["false", "true"]
    before = door.state()
    gone = await send(door, f"/library/gen_{'9' * 32}/collections", csrf, name="For nothing")
    assert gone.status_code == 404
    assert door.state() == before


async def test_nobody_elses_is_there(door: Door) -> None:
    """Neither shown nor changed; a stranger without an account is sent to sign in."""
    csrf = await entered(door)
    (fox,) = await made(door, "a fox")
    foxes = await opened(door, csrf, "Secret foxes")
    await send(door, f"/library/{fox}/collections", csrf, collection=foxes, is_in="on")
    other = await bob(door)
    mine = await opened(door, other, "Mine")
    before = door.state()
    pages = (
        f"/library?collection={foxes}",
        f"/library/collections/{foxes}",
        f"/library/{fox}/collections",
    )
    for page in pages:
        answer = await door.http.get(page)
        assert (answer.status_code, "Secret" in answer.text) == (404, False), page
    sent: list[tuple[str, dict[str, Any]]] = [
        (f"/library/collections/{foxes}", {"name": "Bob's"}),
        (f"/library/collections/{foxes}/delete", {}),
        (f"/library/{fox}/collections", {"collection": mine, "is_in": "on"}),
        (f"/library/{fox}/collections", {"name": "New"}),
        ("/library/selected", {"deed": "collect", "generation": [fox], "collection": mine}),
        ("/library/selected", {"deed": "collect", "generation": [fox], "name": "New"}),
        ("/library/selected", {"deed": "take-out", "generation": [fox], "held": foxes}),
    ]
    for path, form in sent:
        assert (await send(door, path, other, **form)).status_code == 404, (path, form)
    assert "Secret" not in (await door.http.get("/library/collections")).text
    assert door.state() == before
    door.http.cookies.clear()
    for page in (*pages, "/library/collections"):
        answer = await door.http.get(page)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=")
    for path, form in sent:
        assert (await send(door, path, other, **form)).headers["location"].startswith("/login?next=")
    assert door.state() == before


@pytest.mark.parametrize("csrf", ["", "forged"])
async def test_a_forged_form_does_nothing(door: Door, csrf: str) -> None:
    """Not without the session's token."""
    own = await entered(door)
    (fox,) = await made(door, "a fox")
    foxes = await opened(door, own)
    before = door.state()
    for path, form in (
        ("/library/collections", {"name": "New"}),
        (f"/library/collections/{foxes}", {"name": "New"}),
        (f"/library/collections/{foxes}/delete", {}),
        (f"/library/{fox}/collections", {"collection": foxes, "is_in": "on"}),
        ("/library/selected", {"deed": "collect", "generation": fox, "collection": foxes}),
    ):
        assert (await send(door, path, csrf, **form)).status_code == 403
    assert door.state() == before
