"""Texts that are kept beside their outputs, over memory and PostgreSQL."""

from dataclasses import replace

import pytest
from generation.domain.identifiers import OutputId
from generation.domain.output import Part
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import ALICE, LATER, job, output, running, stored, text_output

OUTPUT = text_output(answer=b'{"completion": 1}')
BARE = replace(OUTPUT, content=None, answer=None)


async def test_texts_are_kept_and_read_apart(units: UnitsOfWork) -> None:
    """Whoever lists outputs reads no text; whoever asks for one gets its very bytes."""
    await stored(units, running(1))
    picture = output(1, 1)
    async with units.of_system() as work:
        await work.outputs.add([OUTPUT, picture, text_output(1, 2, content=b"\x00\xff")])
    async with units.of(ALICE) as work:
        listed = list(await work.outputs.of([OUTPUT.generation_id]))
        assert listed == [BARE, picture, text_output(1, 2, content=None)]
        assert list(await work.outputs.with_ids([OUTPUT.output_id])) == [BARE]
        texts = {
            (place, part): await work.outputs.text(OutputId(f"out_1_{place}"), part)
            for place in range(4)
            for part in Part
        }
        assert {where: text for where, text in texts.items() if text is not None} == {
            (0, Part.CONTENT): b"foxes",
            (0, Part.ANSWER): b'{"completion": 1}',
            (2, Part.CONTENT): b"\x00\xff",
        }


async def test_a_stored_file_may_have_its_answer_here(units: UnitsOfWork) -> None:
    """One does not follow from the other."""
    await stored(units, running(1))
    async with units.of_system() as work:
        await work.outputs.add([replace(output(1), answer=b"{}")])
    async with units.of(ALICE) as work:
        assert await work.outputs.text(output(1).output_id, Part.ANSWER) == b"{}"
        assert await work.outputs.text(output(1).output_id, Part.CONTENT) is None


@pytest.mark.parametrize("wrong", [BARE, replace(output(1), content=b"foxes")], ids=["without", "stored"])
async def test_no_output_is_promised_without_its_text(units: UnitsOfWork, wrong: object) -> None:
    """Nor has one that is in the store another one here; nothing of it is kept."""
    await stored(units, running(1))
    with pytest.raises(ValueError, match="out_1_0"):
        async with units.of_system() as work:
            await work.outputs.add([wrong])  # type: ignore[list-item]
    async with units.of(ALICE) as work:
        assert list(await work.outputs.of([job(1).generation_id])) == []


async def test_a_text_goes_with_its_output(units: UnitsOfWork) -> None:
    """Where the job is deleted; another's stays."""
    await stored(units, running(1), running(2))
    async with units.of_system() as work:
        await work.outputs.add([OUTPUT, text_output(2)])
        assert list(await work.outputs.remove(OUTPUT.generation_id)) == [BARE]
    async with units.of(ALICE) as work:
        assert [await work.outputs.text(OUTPUT.output_id, part) for part in Part] == [None, None]
        assert await work.outputs.text(text_output(2).output_id, Part.CONTENT) == b"foxes"


async def test_a_text_whose_time_is_over_is_forgotten(units: UnitsOfWork) -> None:
    """What is known of it stays; another's text too."""
    await stored(units, running(1), running(2))
    async with units.of_system() as work:
        await work.outputs.add([OUTPUT, text_output(2)])
        expired = [replace(BARE, expired_at=LATER)]
        assert list(await work.outputs.expire(OUTPUT.generation_id, now=LATER)) == expired
    async with units.of(ALICE) as work:
        assert [await work.outputs.text(OUTPUT.output_id, part) for part in Part] == [None, None]
        assert await work.outputs.text(text_output(2).output_id, Part.CONTENT) == b"foxes"
        assert list(await work.outputs.remove(OUTPUT.generation_id)) == expired


async def test_what_is_undone_leaves_no_text(units: UnitsOfWork) -> None:
    """It is kept with its output, or neither is."""
    await stored(units, running(1))

    async def undone() -> None:
        async with units.of_system() as work:
            await work.outputs.add([OUTPUT])
            raise LookupError

    with pytest.raises(LookupError):
        await undone()
    async with units.of(ALICE) as work:
        assert await work.outputs.text(OUTPUT.output_id, Part.CONTENT) is None
