"""What an operator is shown of margins."""

import argparse
from dataclasses import replace

import pytest
from generation.adapters.inbound import margin_command
from generation.application.read_margin import ReadMarginHandler
from generation_house import House, success


async def shown(house: House, *words: str) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser()
    margin_command.add_arguments(parser)
    return await margin_command.run(parser.parse_args(words), ReadMarginHandler(house.units))


@pytest.fixture
async def sold(house: House) -> House:
    """A picture for five credits, which cost us a cent and a half."""
    generation = await house.queued()
    house.provider.reports = [replace(success(b"1"), cost_usd_micros=15_000)]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")
    return house


async def test_it_says_what_is_left(sold: House, capsys: pytest.CaptureFixture[str]) -> None:
    """By day and model where nothing else is asked for."""
    assert await shown(sold) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == [
        "day", "model", "attempts", "credits", "revenue_usd", "cost_usd", "margin_usd", "unknown_costs",
    ]  # fmt: skip
    assert line.split() == ["2026-11-21", "local/sketch", "1", "5", "0.050000", "0.015000", "0.035000", "0"]


async def test_a_credit_counts_as_it_is_said_to(sold: House, capsys: pytest.CaptureFixture[str]) -> None:
    """For a program, by provider."""
    assert await shown(sold, "--by", "provider", "--credit-usd", "0.001", "--csv") == 0
    assert capsys.readouterr().out.splitlines() == [
        "provider,attempts,credits,revenue_usd,cost_usd,margin_usd,unknown_costs",
        "local,1,5,0.005000,0.015000,-0.010000,0",
    ]


async def test_what_is_not_meant_is_not_shown(sold: House, capsys: pytest.CaptureFixture[str]) -> None:
    """A day later, or another model's."""
    for words in (["--from", "2026-11-22"], ["--model", "x/y"], ["--to", "2026-11-21"]):
        assert await shown(sold, *words) == 0
        assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize("words", [["--by", "user"], ["--credit-usd", "x"], ["--from", "today"]])
async def test_what_makes_no_sense_is_refused(house: House, words: list[str]) -> None:
    """Nobody gets a table of something else."""
    with pytest.raises(SystemExit):
        await shown(house, *words)
