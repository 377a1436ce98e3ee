"""The log of tries: every one, filtered, part by part, and as a file."""

import html
import re
from dataclasses import replace

import pytest
from gateway.adapters.inbound.console.usage_log import PAGE_SIZE
from gateway.domain.generation import GenerationStatus
from gateway_world import HTML, SKETCH, Door, enter


async def made(door: Door, *statuses: GenerationStatus) -> list[str]:
    """Jobs of Ada's, each of which a worker took and ended so."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 1000)
    for number, status in enumerate(statuses):
        form = {"model": SKETCH, "prompt": f"heron {number}", "csrf_token": csrf}
        assert (await door.http.post("/generate", data=form, headers=HTML)).status_code == 303
        job = list(door.world.generations.jobs)[-1]
        door.world.generations.start(job)
        door.clock.pass_(seconds=2)
        door.world.generations.finish(job, status)
    return list(door.world.generations.jobs)


def rows(page: str) -> list[list[str]]:
    """What the table says, cell by cell."""
    lines = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", line, re.DOTALL) for line in lines]
    return [[re.sub(r"<[^>]*>|\s+", " ", cell).strip() for cell in row] for row in cells if row]


async def shown(door: Door, address: str = "/usage") -> str:
    """The page."""
    answer = await door.http.get(address, headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_every_try_is_a_row(door: Door) -> None:
    """Newest first, with what came of it and what it cost; it leads to its job."""
    first, second = await made(door, GenerationStatus.SUCCEEDED, GenerationStatus.FAILED)
    page = await shown(door)
    assert [row[1:] for row in rows(page)] == [
        ["Sketch", "local", "failed", "–", "2.0 s", "0"],
        ["Sketch", "local", "succeeded", "1 file", "2.0 s", "5"],
    ]
    assert page.index(f"/library/{second}") < page.index(f"/library/{first}")


async def test_where_nothing_was_made_there_is_a_way_to_begin(door: Door) -> None:
    """Neither a form that filters nothing nor an empty file."""
    await made(door)
    page = await shown(door)
    assert "Nothing was made yet" in page
    assert 'href="/generate"' in page
    assert "/v1/usage" not in page
    assert 'name="outcome"' not in page


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("outcome=failed", 1),
        ("outcome=lost", 0),
        (f"model={SKETCH}", 2),
        ("model=local/motion", 0),
        ("from=2030-01-02&to=2030-01-02", 2),
        ("from=2030-01-03", 0),
        ("to=2030-01-01", 0),
        ("outcome=whatever&from=yesterday&to=0001-01-01&model=%00", 2),
    ],
)
async def test_the_form_chooses_what_is_shown_and_saved(door: Door, query: str, count: int) -> None:
    """The file has what the page has; what no form says is read as if it were not there."""
    await made(door, GenerationStatus.SUCCEEDED, GenerationStatus.FAILED)
    page = await shown(door, f"/usage?{query}")
    assert len(rows(page)) == count
    if not count:
        assert "Nothing fits." in page
        assert "Nothing was made yet" not in page
        return
    (file,) = re.findall(r'href="(/v1/usage[^"]*)"', page)
    table = (await door.http.get(html.unescape(file))).text
    assert len(table.splitlines()) == count + 1


async def test_older_ones_are_a_part_away(door: Door) -> None:
    """With the same filter; each once."""
    await made(door, GenerationStatus.SUCCEEDED)
    tries = door.world.generations.tries
    ((owner, usage),) = tries.values()
    for number in range(2, PAGE_SIZE + 3):
        more = replace(usage, attempt_id=f"att_{number:032x}")
        tries[more.attempt_id] = (owner, more)
    page = await shown(door, "/usage?outcome=succeeded")
    assert len(rows(page)) == PAGE_SIZE
    (older,) = re.findall(r'href="(/usage\?[^"]*cursor=[^"]*)"', page)
    assert "outcome=succeeded" in older
    rest = await shown(door, html.unescape(older))
    assert len(rows(rest)) == 2
    assert "cursor=" not in rest
    assert 'href="/usage?outcome=succeeded"' in rest


async def test_who_has_no_key_is_told_of_none(door: Door) -> None:
    """Neither a choice nor a column of it, below the account's rooms."""
    await made(door, GenerationStatus.SUCCEEDED)
    assert "API key" not in (await shown(door)).split("<main")[1].partition("</nav>")[2]


async def test_what_keys_asked_for_is_told_apart(door: Door) -> None:
    """By their names, a revoked one's too; one without a name by its id, and no key by what that is."""
    await made(door, *[GenerationStatus.SUCCEEDED] * 3)
    tries = door.world.generations.tries
    told = [("key_1", "<Nightly>"), ("key_2", ""), (None, None)]
    for (attempt_id, (owner, usage)), (key_id, name) in zip(list(tries.items()), told, strict=True):
        tries[attempt_id] = (owner, replace(usage, api_key_id=key_id, api_key_name=name))  # type: ignore[arg-type]
    page = await shown(door)
    assert rows(page)[:3] == [
        ["&lt;Nightly&gt;", "1", "1", "5"],
        ["key_2", "1", "1", "5"],
        ["Signed in", "1", "1", "5"],
    ]
    assert [row[3] for row in rows(page)[3:]] == ["Signed in", "key_2", "&lt;Nightly&gt;"]
    chosen = await shown(door, "/usage?key=key_1&outcome=succeeded")
    assert [row[3] for row in rows(chosen)[3:]] == ["&lt;Nightly&gt;"]
    assert '<option value="key_1" selected>' in chosen
    assert "key=key_1" in re.findall(r'href="(/v1/usage[^"]*)"', chosen)[0]
    assert "outcome=succeeded&amp;key=none" in chosen
    strange = await shown(door, "/usage?key=key_9")
    assert '<option value="key_9" selected>key_9</option>' in strange
    assert "Nothing fits." in strange


async def test_anothers_tries_are_not_shown(door: Door) -> None:
    """Nor to whom nobody knows."""
    await made(door, GenerationStatus.SUCCEEDED)
    tries = door.world.generations.tries
    ((attempt_id, (_, usage)),) = tries.items()
    tries[attempt_id] = ("usr_other", usage)  # type: ignore[assignment]
    assert "Nothing was made yet" in await shown(door)
    door.http.cookies.clear()
    assert (await door.http.get("/usage", headers=HTML)).status_code == 303
