"""The public list of generations: its filters, its refusals, and favourites."""

import pytest
from gateway.domain.generation import GenerationStatus
from gateway_world import Door, assert_problem


async def made(door: Door, *prompts: str) -> list[str]:
    """Generations of these prompts, the oldest first."""
    ids = []
    for prompt in prompts:
        answer = await door.generate(input={"prompt": prompt})
        assert answer.status_code == 202
        ids.append(answer.json()["id"])
    return ids


async def listed(door: Door, query: str) -> list[str]:
    """The ids that are listed."""
    answer = await door.http.get(f"/v1/generations?{query}")
    assert answer.status_code == 200, answer.text
    return [generation["id"] for generation in answer.json()["data"]]


async def test_a_list_is_filtered(door: Door) -> None:
    """By what each parameter says, all of them together."""
    await door.sign_up(welcome_credits=1000)
    fox, heron, other = await made(door, "a red fox", "a blue heron", "a red heron")
    door.world.generations.finish(fox, GenerationStatus.SUCCEEDED)
    await door.http.put(f"/v1/generations/{heron}/favourite")
    assert await listed(door, "") == [other, heron, fox]
    assert await listed(door, "status=succeeded&status=failed") == [fox]
    assert await listed(door, "model=local/sketch&modality=image") == [other, heron, fox]
    assert await listed(door, "modality=video") == []
    assert await listed(door, "model=local/motion") == []
    assert await listed(door, "favourite=true") == [heron]
    assert await listed(door, "favourite=false") == [other, heron, fox]
    assert await listed(door, "search=HERON") == [other, heron]
    assert await listed(door, "search=heron+red&status=queued") == [other]
    assert await listed(door, "search=") == [other, heron, fox]
    assert await listed(door, "to=2020-01-01T00:00:00Z") == []
    assert await listed(door, "from=2020-01-01T00:00:00Z") == [other, heron, fox]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=strange", "status.0"),
        ("modality=smell", "modality"),
        ("model=", "model"),
        (f"model={'x' * 121}", "model"),
        ("favourite=perhaps", "favourite"),
        ("from=yesterday", "from"),
        ("from=2026-01-02&to=2026-01-01", "to"),
        (f"search={'x' * 201}", "search"),
        ("search=a%00b", "search"),
    ],
)
async def test_a_bad_value_is_named(rich: Door, query: str, field: str) -> None:
    """As a problem that says which parameter is wrong."""
    problem = assert_problem(await rich.http.get(f"/v1/generations?{query}"), 422, "INVALID_REQUEST")
    assert [error["field"].removeprefix("query.") for error in problem["errors"]] == [field]


async def test_a_cursor_belongs_to_its_filters(rich: Door) -> None:
    """With others it is refused by name; with its own it goes on."""
    first, *_, last = await made(rich, "a heron", "a fox", "a grey heron")
    answer = (await rich.http.get("/v1/generations?search=heron&limit=1")).json()
    assert [generation["id"] for generation in answer["data"]] == [last]
    cursor = answer["next_cursor"]
    assert await listed(rich, f"search=heron&limit=1&cursor={cursor}") == [first]
    problem = assert_problem(
        await rich.http.get(f"/v1/generations?search=fox&cursor={cursor}"), 422, "INVALID_REQUEST"
    )
    assert problem["errors"] == [
        {"field": "cursor", "detail": "is from a list with other filters; begin without it"}
    ]


async def test_a_favourite_is_marked_and_unmarked(rich: Door) -> None:
    """Each as often as one likes; the answer says how it stands, and so does reading it."""
    (job,) = await made(rich, "a fox")
    path = f"/v1/generations/{job}"
    for send, is_favourite in ((rich.http.put, True), (rich.http.delete, False)):
        for _ in range(2):
            answer = await send(f"{path}/favourite")
            assert (answer.status_code, answer.json()["is_favourite"]) == (200, is_favourite)
            assert (await rich.http.get(path)).json()["is_favourite"] is is_favourite


async def test_nobody_marks_anothers(rich: Door) -> None:
    """It is not found, as if it were not there, and stays as it was."""
    (job,) = await made(rich, "a fox")
    own = rich.http.headers["authorization"]
    await rich.sign_up("bob@example.com")
    for send in (rich.http.put, rich.http.delete):
        assert_problem(await send(f"/v1/generations/{job}/favourite"), 404, "NOT_FOUND")
        assert_problem(await send("/v1/generations/gen_1/favourite"), 404, "NOT_FOUND")
    assert await listed(rich, "search=fox") == []
    rich.http.headers["authorization"] = own
    assert (await rich.http.get(f"/v1/generations/{job}")).json()["is_favourite"] is False
    del rich.http.headers["authorization"]
    assert_problem(await rich.http.put(f"/v1/generations/{job}/favourite"), 401, "UNAUTHENTICATED")
