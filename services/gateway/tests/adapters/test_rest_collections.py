"""Collections by the API: what each call does, and what must not happen."""

from typing import Any

import pytest
from gateway.domain.generation import GenerationStatus
from gateway_world import Door, assert_problem

NOWHERE = f"col_{'0' * 32}"


async def made(door: Door, *prompts: str) -> list[str]:
    """Pictures of these prompts, the oldest first."""
    ids = []
    for prompt in prompts:
        answer = await door.generate(input={"prompt": prompt})
        assert answer.status_code == 202
        ids.append(answer.json()["id"])
        door.world.generations.finish(ids[-1], GenerationStatus.SUCCEEDED)
    return ids


async def opened(door: Door, name: str = "Album covers") -> dict[str, Any]:
    """A new collection."""
    answer = await door.http.post("/v1/collections", json={"name": name})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def held(door: Door, collection: dict[str, Any], query: str = "") -> list[str]:
    """The ids of what it holds."""
    answer = await door.http.get(f"/v1/generations?collection={collection['id']}{query}")
    assert answer.status_code == 200, answer.text
    return [generation["id"] for generation in answer.json()["data"]]


async def test_a_collection_is_made_filled_emptied_and_deleted(rich: Door) -> None:
    """Each call answers with the collection as it is then; the generations stay."""
    fox, heron, wolf = await made(rich, "a fox", "a heron", "a wolf")
    album = await opened(rich, "  Album covers ")
    assert (album["name"], album["generation_count"], album["cover"]) == ("Album covers", 0, None)
    path = f"/v1/collections/{album['id']}"
    for _ in range(2):
        answer = await rich.http.post(f"{path}/generations", json={"generations": [fox, heron, fox]})
        assert (answer.status_code, answer.json()["generation_count"]) == (200, 2)
    for _ in range(2):
        answer = await rich.http.put(f"{path}/generations/{wolf}")
        assert (answer.status_code, answer.json()["generation_count"]) == (200, 3)
    assert answer.json()["cover"]["thumbnail_url"]
    assert (await rich.http.get(path)).json() == answer.json()
    assert await held(rich, album) == [wolf, heron, fox]
    assert await held(rich, album, "&search=fox") == [fox]
    for _ in range(2):
        answer = await rich.http.post(f"{path}/generations/remove", json={"generations": [wolf]})
        assert (answer.status_code, answer.json()["generation_count"]) == (200, 2)
    for _ in range(2):
        answer = await rich.http.delete(f"{path}/generations/{heron}")
        assert (answer.status_code, answer.json()["generation_count"]) == (200, 1)
    renamed = await rich.http.patch(path, json={"name": "Sleeves"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Sleeves")
    assert (await rich.http.delete(path)).status_code == 204
    assert_problem(await rich.http.delete(path), 404, "COLLECTION_NOT_FOUND")
    everything = (await rich.http.get("/v1/generations?search=a")).json()["data"]
    assert {fox, heron, wolf} <= {generation["id"] for generation in everything}


async def test_collections_are_listed_by_name(rich: Door) -> None:
    """All of them, or those that hold a generation."""
    (fox,) = await made(rich, "a fox")
    await opened(rich, "snow")
    album = await opened(rich, "Album covers")
    await rich.http.put(f"/v1/collections/{album['id']}/generations/{fox}")
    listed = (await rich.http.get("/v1/collections")).json()
    assert [each["name"] for each in listed["data"]] == ["Album covers", "snow"]
    assert listed["next_cursor"] is None
    holding = (await rich.http.get(f"/v1/collections?generation={fox}")).json()
    assert [each["name"] for each in holding["data"]] == ["Album covers"]
    assert_problem(await rich.http.get("/v1/collections?generation=gen_1"), 404, "NOT_FOUND")


async def test_a_cursor_belongs_to_its_collection(rich: Door) -> None:
    """It goes on in its own list, and in no other."""
    fox, heron = await made(rich, "a fox", "a heron")
    album = await opened(rich)
    body = {"generations": [fox, heron]}
    await rich.http.post(f"/v1/collections/{album['id']}/generations", json=body)
    page = (await rich.http.get(f"/v1/generations?collection={album['id']}&limit=1")).json()
    cursor = page["next_cursor"]
    assert await held(rich, album, f"&limit=1&cursor={cursor}") == [fox]
    assert_problem(await rich.http.get(f"/v1/generations?cursor={cursor}"), 422, "INVALID_REQUEST")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"name": ""}, "INVALID_INPUT"),
        ({"name": " \t"}, "INVALID_INPUT"),
        ({"name": "x" * 81}, "INVALID_INPUT"),
        ({"name": "a\nb"}, "INVALID_INPUT"),
        ({"name": "x" * 1001}, "INVALID_REQUEST"),
        ({"name": 3}, "INVALID_REQUEST"),
        ({}, "INVALID_REQUEST"),
        ({"name": "x", "color": "red"}, "INVALID_REQUEST"),
    ],
)
async def test_what_is_no_name_is_refused(rich: Door, body: dict[str, Any], reason: str) -> None:
    """A new one is not made, and one that is there keeps its name."""
    album = await opened(rich)
    before = rich.state()
    assert_problem(await rich.http.post("/v1/collections", json=body), 422, reason)
    assert_problem(await rich.http.patch(f"/v1/collections/{album['id']}", json=body), 422, reason)
    assert rich.state() == before


async def test_a_name_is_there_once(rich: Door) -> None:
    """Whatever its case; its own a collection may have again."""
    album, snow = await opened(rich), await opened(rich, "Snow")
    before = rich.state()
    taken = await rich.http.post("/v1/collections", json={"name": "ALBUM COVERS"})
    assert "Album covers" in assert_problem(taken, 409, "COLLECTION_NAME_TAKEN")["detail"]
    path = f"/v1/collections/{snow['id']}"
    assert_problem(await rich.http.patch(path, json={"name": "album covers"}), 409, "COLLECTION_NAME_TAKEN")
    assert rich.state() == before
    again = await rich.http.patch(f"/v1/collections/{album['id']}", json={"name": "ALBUM covers"})
    assert again.json()["name"] == "ALBUM covers"


@pytest.mark.real_time
async def test_there_is_room_for_so_many(rich: Door) -> None:
    """The two hundred and first is refused, and says what to do."""
    for number in range(200):
        await opened(rich, f"Number {number}")
    full = await rich.http.post("/v1/collections", json={"name": "One more"})
    assert_problem(full, 409, "TOO_MANY_COLLECTIONS")
    assert len((await rich.http.get("/v1/collections")).json()["data"]) == 200


@pytest.mark.parametrize("call", ["generations", "generations/remove"])
async def test_one_that_is_not_there_stops_all_and_is_named(rich: Door, call: str) -> None:
    """Unknown or no id at all; none, and too many, are refused as well. Nothing is half done."""
    fox, heron = await made(rich, "a fox", "a heron")
    album = await opened(rich)
    path = f"/v1/collections/{album['id']}"
    await rich.http.put(f"{path}/generations/{fox}")
    before = rich.state()
    for unknown in (f"gen_{'9' * 32}", "gen_x", ""):
        answer = await rich.http.post(f"{path}/{call}", json={"generations": [fox, unknown, heron]})
        detail = assert_problem(answer, 404, "NOT_FOUND")["detail"]
        assert (unknown in detail, fox in detail) == (True, False)
    for ids in ([], [fox] * 101, [["gen"]], "gen_x"):
        answer = await rich.http.post(f"{path}/{call}", json={"generations": ids})
        assert_problem(answer, 422, "INVALID_REQUEST")
    for send in (rich.http.put, rich.http.delete):
        assert_problem(await send(f"{path}/generations/gen_{'9' * 32}"), 404, "NOT_FOUND")
    assert rich.state() == before


async def test_nobody_elses_is_there(rich: Door) -> None:
    """As if neither the collection nor the generation were there; both stay as they were."""
    (fox,) = await made(rich, "a fox")
    album = await opened(rich)
    path = f"/v1/collections/{album['id']}"
    await rich.http.put(f"{path}/generations/{fox}")
    await rich.sign_up("bob@example.com")
    mine = await opened(rich)
    before = rich.state()
    body = {"generations": [fox]}
    for place in (path, f"/v1/collections/{NOWHERE}", "/v1/collections/x"):
        for answer in (
            await rich.http.get(place),
            await rich.http.patch(place, json={"name": "Mine"}),
            await rich.http.delete(place),
            await rich.http.post(f"{place}/generations", json=body),
            await rich.http.post(f"{place}/generations/remove", json=body),
            await rich.http.put(f"{place}/generations/{fox}"),
            await rich.http.delete(f"{place}/generations/{fox}"),
            await rich.http.get(f"/v1/generations?collection={place.rpartition('/')[2]}"),
        ):
            assert_problem(answer, 404, "COLLECTION_NOT_FOUND")
    path = f"/v1/collections/{mine['id']}/generations"
    assert_problem(await rich.http.post(path, json=body), 404, "NOT_FOUND")
    assert_problem(await rich.http.put(f"{path}/{fox}"), 404, "NOT_FOUND")
    assert_problem(await rich.http.get(f"/v1/collections?generation={fox}"), 404, "NOT_FOUND")
    listed = (await rich.http.get("/v1/collections")).json()["data"]
    assert [(each["id"], each["generation_count"]) for each in listed] == [(mine["id"], 0)]
    assert rich.state() == before
    del rich.http.headers["authorization"]
    assert_problem(await rich.http.get("/v1/collections"), 401, "UNAUTHENTICATED")
    assert_problem(await rich.http.delete(f"/v1/collections/{album['id']}"), 401, "UNAUTHENTICATED")
