"""The hunt for mutants over a small project: who is killed, who survives, and that no file changes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from embedded.mutants import Mutant

from bench.mutants.equivalents import Equivalent, listed, outdated
from bench.mutants.report import KILLED, NOT_REACHED, SURVIVED, TIMED_OUT, Verdict, as_json, survivor

ROOT = Path(__file__).resolve().parents[2]
SHOP = '''"""A shop."""

from dataclasses import dataclass

LIMIT = 3
UNUSED = 9


@dataclass(frozen=True, slots=True)
class Basket:
    """What is bought."""

    pieces: int

    @property
    def is_full(self) -> bool:
        """Whether nothing fits in."""
        return self.pieces >= LIMIT


def countdown(left: int) -> list[int]:
    """Count."""
    seen = []
    while left > 0:
        seen.append(left)
        left -= 1
    return seen


def forgotten(a: int) -> int:
    """Nobody asks."""
    return a + 1
'''
BELL = '''"""A shop's bell."""

import asyncio


async def ring() -> None:
    """Wait for it."""
    bell = asyncio.Event()
    bell.set()
    await bell.wait()
'''
TESTS = '''"""Tests."""

from shop import Basket, countdown


def test_full() -> None:
    assert Basket(3).is_full
    assert not Basket(2).is_full


async def test_countdown() -> None:
    assert len(countdown(2)) == 2
'''
HOOKS = '''"""Hooks of one folder."""


def pytest_runtest_logreport(report) -> None:
    """Look at none."""
'''
HUNT = """
import json, sys
from pathlib import Path
from bench.mutants import hunt, sessions
from embedded.mutants import mutants_of

sys.dont_write_bytecode = True
hunt.CPU_SPARE_S, hunt.WALL_SPARE_S, sessions.TEST_MAX_WALL_S = 2, 60, int(sys.argv[1])
mutants = mutants_of("shop")
try:
    verdicts = hunt.hunt(["."], [Path.cwd()], mutants, workers=2)
except hunt.CannotHunt as reason:
    print(reason)
    sys.exit(2)
print(json.dumps([[v.mutant.line, v.mutant.before, v.mutant.after, v.ending] for v in verdicts]))
"""


def hunted(folder: Path, *, shop: str = SHOP, test_max_s: int = 60) -> subprocess.CompletedProcess[str]:
    """Hunt in a project of one module and one file of tests."""
    (folder / "shop.py").write_text(shop)
    (folder / "conftest.py").write_text('pytest_plugins = ["embedded.memory_only"]\n')
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\naddopts = -p no:cacheprovider\n")
    return subprocess.run(
        [sys.executable, "-c", HUNT, str(test_max_s)],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{folder}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.server
@pytest.mark.timeout(900)
def test_small_changes_are_noticed_or_not(tmp_path: Path) -> None:
    """In a slotted frozen dataclass, in a loop that never ends, at import, and where no test comes."""
    (tmp_path / "test_shop.py").write_text(TESTS)
    done = hunted(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    ended = {(before, after): ending for _, before, after, ending in json.loads(done.stdout.splitlines()[-1])}
    assert ended["3", "4"] == KILLED
    assert ended["9", "10"] == SURVIVED
    assert ended["self.pieces >= LIMIT", "self.pieces > LIMIT"] == KILLED
    assert ended["self.pieces >= LIMIT", "self.pieces < LIMIT"] == KILLED
    assert ended["left -= 1", "left += 1"] == TIMED_OUT
    assert ended["left -= 1", "pass"] == TIMED_OUT
    assert ended["left > 0", "left >= 0"] == KILLED
    assert ended["a + 1", "a - 1"] == NOT_REACHED
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "conftest.py",
        "pytest.ini",
        "shop.py",
        "test_shop.py",
    ]
    assert (tmp_path / "shop.py").read_text() == SHOP


@pytest.mark.server
@pytest.mark.timeout(900)
def test_tests_that_fail_already_judge_nobody(tmp_path: Path) -> None:
    """The one that fails is named."""
    (tmp_path / "test_shop.py").write_text(TESTS.replace("Basket(3)", "Basket(1)"))
    done = hunted(tmp_path)
    assert (done.returncode, "test_shop.py::test_full fails already" in done.stdout) == (2, True)


@pytest.mark.server
@pytest.mark.timeout(900)
def test_a_folder_may_have_a_conftest_with_hooks_of_its_own(tmp_path: Path) -> None:
    """Tests outside of it are collected and run without them, and judge as before."""
    (tmp_path / "test_shop.py").write_text(TESTS)
    (tmp_path / "counter").mkdir()
    (tmp_path / "counter/conftest.py").write_text(HOOKS)
    (tmp_path / "counter/test_counter.py").write_text("def test_nothing() -> None: pass\n")
    done = hunted(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    endings = {ending for *_, ending in json.loads(done.stdout.splitlines()[-1])}
    assert endings == {KILLED, TIMED_OUT, SURVIVED, NOT_REACHED}


@pytest.mark.server
@pytest.mark.timeout(900)
def test_a_test_that_waits_for_ever_has_noticed(tmp_path: Path) -> None:
    """It fails by itself, long before its mutant is given up."""
    (tmp_path / "test_shop.py").write_text(
        "from shop import ring\n\n\nasync def test_ring() -> None:\n    await ring()\n"
    )
    done = hunted(tmp_path, shop=BELL, test_max_s=3)
    assert done.returncode == 0, done.stdout + done.stderr
    ended = {(before, after): ending for _, before, after, ending in json.loads(done.stdout.splitlines()[-1])}
    assert ended["bell.set()", "pass"] == KILLED


def mutant(before: str = "a < b", after: str = "a <= b") -> Mutant:
    """A change of one line."""
    return Mutant("shop.domain.bag", ROOT / "shop/bag.py", "Bag.fits", 7, 7, 7, before, after, "")


def test_the_report_names_survivors_and_scores() -> None:
    """A time-out is killed; what no test reaches survived."""
    verdicts = [
        Verdict(mutant(), KILLED, 2),
        Verdict(mutant(), TIMED_OUT, 2),
        Verdict(mutant(), SURVIVED, 2),
        Verdict(mutant(), NOT_REACHED),
    ]
    assert survivor(verdicts[2], ROOT) == "shop/bag.py:7 Bag.fits: a < b  ->  a <= b (2 tests pass)"
    assert survivor(verdicts[3], ROOT) == "shop/bag.py:7 Bag.fits: a < b  ->  a <= b (no test reaches it)"
    told = json.loads(as_json("shop", verdicts, 1.5))
    assert (told["service"], told["killed"], told["survived"], told["score"]) == ("shop", 2, 2, 50.0)
    assert told["modules"]["shop.domain.bag"]["timed_out"] == 1
    assert told["modules"]["all shop.domain"]["score"] == 50.0


def test_an_equivalent_is_known_by_its_texts() -> None:
    """One that no mutant is any more has to go; of modules that are not looked at nothing is said."""
    known = Equivalent("shop.domain.bag", "a < b", "a <= b", "they are never equal", "Bag.fits")
    assert known.is_of(mutant())
    assert not known.is_of(mutant(after="a >= b"))
    assert outdated([known], [mutant()]) == []
    assert outdated([known], [mutant("a < c", "a <= c")]) == [known]
    assert outdated([known], []) == []
    assert all(entry.reason for entry in listed())
