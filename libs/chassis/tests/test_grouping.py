"""What is done together, and what becomes of it when something in it is poisoned."""

import asyncio
from collections.abc import Sequence

import pytest
from chassis.grouping import SPREAD_ABOVE, Groups, GroupsFull


class Poisoned(Exception):
    """One of them can't be done."""


class Away(Exception):
    """Nothing can be done."""


class Doing:
    """Does what is asked once it may, and keeps what was kept: all of a group or nothing."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.may.set()
        self.groups: list[list[int]] = []
        self.kept: list[int] = []
        self.is_away = False

    async def __call__(self, asked: Sequence[int]) -> Sequence[str]:
        """Answer each by its name; negative ones are poisoned."""
        self.groups.append(list(asked))
        await self.may.wait()
        if self.is_away:
            raise Away
        if any(number < 0 for number in asked):
            raise Poisoned(min(asked))
        self.kept += asked
        return [f"done {number}" for number in asked]


@pytest.fixture
def doing() -> Doing:
    """What does them."""
    return Doing()


async def asked(groups: Groups[int, str], *numbers: int) -> list[asyncio.Task[str]]:
    """Callers who wait for an answer."""
    tasks = [asyncio.create_task(groups.ask(number)) for number in numbers]
    await asyncio.sleep(0)
    return tasks


async def test_who_comes_while_a_group_is_done_goes_together(doing: Doing) -> None:
    """The first one waits for nobody."""
    groups = Groups(doing)
    doing.may.clear()
    first = await asked(groups, 1)
    await asyncio.sleep(0)
    others = await asked(groups, 2, 3, 4)
    doing.may.set()
    assert await asyncio.gather(*first, *others) == ["done 1", "done 2", "done 3", "done 4"]
    assert doing.groups == [[1], [2, 3, 4]]
    await groups.close()
    assert await groups.ask(5) == "done 5"


async def test_a_poisoned_one_fails_alone(doing: Doing) -> None:
    """Its group is undone and done one by one; each is kept once."""
    groups = Groups(doing)
    tasks = await asked(groups, 1, -2, 3)
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert [told[0], told[2]] == ["done 1", "done 3"]
    assert isinstance(told[1], Poisoned)
    assert doing.kept == [1, 3]
    assert doing.groups == [[1, -2, 3], [1], [-2], [3]]


async def test_an_outage_is_everybodys(doing: Doing) -> None:
    """It is told at once, not found out one by one."""
    groups = Groups(doing, outages=(Away,))
    doing.is_away = True
    told = await asyncio.gather(*await asked(groups, 1, 2, 3), return_exceptions=True)
    assert [type(one) for one in told] == [Away, Away, Away]
    assert doing.groups == [[1, 2, 3]]


async def test_past_the_bound_callers_are_turned_away(doing: Doing) -> None:
    """With a time; those who wait are answered."""
    groups = Groups(doing, waiting_max=2, size_max=1)
    doing.may.clear()
    waiting = await asked(groups, 1)
    await asyncio.sleep(0)
    waiting += await asked(groups, 2, 3)
    with pytest.raises(GroupsFull) as full:
        await groups.ask(4)
    assert full.value.retry_after_s > 0
    doing.may.set()
    assert await asyncio.gather(*waiting) == ["done 1", "done 2", "done 3"]


async def test_who_no_longer_waits_is_left_out(doing: Doing) -> None:
    """Unless it was begun: that is done all the same."""
    groups = Groups(doing)
    doing.may.clear()
    begun, late = (await asked(groups, 1))[0], (await asked(groups, 2))[0]
    await asyncio.sleep(0)
    begun.cancel()
    late.cancel()
    doing.may.set()
    await asyncio.wait([begun, late])
    await groups.close()
    assert doing.kept == [1]


async def test_many_are_done_side_by_side_in_bounded_groups(doing: Doing) -> None:
    """No more than two groups at once, none larger than its bound."""
    groups = Groups(doing, size_max=20)
    doing.may.clear()
    tasks = await asked(groups, *range(SPREAD_ABOVE * 3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(doing.groups) == 2
    doing.may.set()
    await asyncio.gather(*tasks)
    assert sorted(doing.kept) == list(range(SPREAD_ABOVE * 3))
    assert max(map(len, doing.groups)) == 20


async def test_who_is_in_no_hurry_waits_for_others(doing: Doing) -> None:
    """Who comes a moment later goes with the first one; nobody waits for more once there are many."""
    groups = Groups(doing, gather_s=0.02)
    first = await asked(groups, 1)
    await asyncio.sleep(0)
    others = await asked(groups, 2, 3)
    await asyncio.gather(*first, *others)
    assert doing.groups == [[1, 2, 3]]
    patient = Groups(doing, gather_s=3_600)
    many = await asked(patient, *range(SPREAD_ABOVE + 1))
    async with asyncio.timeout(30):
        await asyncio.gather(*many)


async def test_who_leaves_while_a_group_gathers_leaves_no_group(doing: Doing) -> None:
    """Nothing is done for nobody, and whoever comes next is answered."""
    groups = Groups(doing, gather_s=0.01)
    (gone,) = await asked(groups, 1)
    gone.cancel()
    await groups.close()
    assert doing.groups == []
    assert await groups.ask(2) == "done 2"
