"""Pictures of oneself that come slowly, or all at once: nobody's keep everybody else from theirs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from generation.domain.errors import TooManyUploads, UploadBrokenOff
from generation.domain.identifiers import AccountId
from generation_house import House
from generation_uploads import pieces


async def slow(until: asyncio.Event) -> AsyncIterator[bytes]:
    """A file whose end waits."""
    yield b"a "
    await until.wait()
    yield b"fox"


def account(number: int) -> AccountId:
    """One of many."""
    return AccountId(f"usr_{number}")


async def running(*tasks: "asyncio.Task[bytes]") -> None:
    """Let them come as far as they can, which is nobody's end."""
    done, _ = await asyncio.wait(tasks, timeout=0.05)
    assert not done


async def test_those_that_come_slowly_keep_nobody_from_theirs(house: House) -> None:
    """One an account, and a bounded number of them."""
    draw, until = house.uploads.draw_avatar, asyncio.Event()
    coming = [asyncio.create_task(draw(account(number), slow(until))) for number in range(63)]
    await running(*coming)
    with pytest.raises(TooManyUploads):
        await draw(account(0), pieces(b"a fox"))
    drawn = await draw(account(99), pieces(b"a fox"))
    coming.append(asyncio.create_task(draw(account(63), slow(until))))
    await running(*coming)
    with pytest.raises(TooManyUploads):
        await draw(account(99), pieces(b"a fox"))
    for one in coming[8:]:
        one.cancel()
    await asyncio.wait(coming[8:])
    until.set()
    assert set(await asyncio.gather(*coming[:8])) == {drawn}


async def test_one_that_does_not_come_in_its_time_gives_its_room_up(house: House) -> None:
    """It is broken off, and the next one may be sent."""
    draw = replace(house.uploads.draw_avatar, comes_within_s=0.01)
    with pytest.raises(UploadBrokenOff, match="did not come within"):
        await draw(account(1), slow(asyncio.Event()))
    assert await draw(account(1), pieces(b"a fox"))


async def test_so_many_are_drawn_at_once(house: House) -> None:
    """What is whole waits for its turn with seven others; more are told to come again."""
    draw = house.uploads.draw_avatar
    house.upload_intake.may_draw.clear()
    drawing = [asyncio.create_task(draw(account(number), pieces(b"a fox"))) for number in range(8)]
    await running(*drawing)
    with pytest.raises(TooManyUploads):
        await draw(account(8), pieces(b"a fox"))
    house.upload_intake.may_draw.set()
    await asyncio.gather(*drawing)
    assert await draw(account(8), pieces(b"a fox"))
