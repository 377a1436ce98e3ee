"""One file says which release this is, and everything that is asked says so too."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version as installed
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RELEASE = (ROOT / "VERSION").read_text().strip()
MEMBERS = sorted(
    (
        *ROOT.glob("services/*/pyproject.toml"),
        *ROOT.glob("libs/*/pyproject.toml"),
        *ROOT.glob("deploy/*/pyproject.toml"),
    )
)
IMAGES = sorted(ROOT.glob("services/*/Dockerfile"))


@pytest.mark.parametrize("member", MEMBERS, ids=lambda path: path.parent.name)
def test_every_member_is_of_the_release(member: Path) -> None:
    """None has a version of its own, and what is installed is that of the file."""
    content = tomllib.loads(member.read_text())
    assert content["project"]["dynamic"] == ["version"]
    assert (member.parent / content["tool"]["hatch"]["version"]["path"]).resolve() == ROOT / "VERSION"
    assert installed(content["project"]["name"]) == RELEASE


def test_the_changelog_tells_of_it() -> None:
    """The newest entry that has a number has this one."""
    found = re.search(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert found
    assert found[1] == RELEASE


def test_the_command_shows_it() -> None:
    """`tintype --version`."""
    command = [sys.executable, "-m", "tintype_local", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, f"tintype {RELEASE}\n")


@pytest.mark.parametrize("dockerfile", IMAGES, ids=lambda path: path.parent.name)
def test_an_image_knows_it_without_being_installed(dockerfile: Path, tmp_path: Path) -> None:
    """What the image copies is enough, laid out as it is there."""
    copied = re.findall(r"^COPY (VERSION|libs/chassis/src) /(\S+)$", dockerfile.read_text(), re.MULTILINE)
    assert len(copied) == 2
    for source, target in copied:
        (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, tmp_path / target)
    sources = tmp_path / "app" / "libs" / "chassis" / "src"
    program = (
        f"import sys; sys.path.insert(0, {str(sources)!r}); import chassis.version as v; print(v.version())"
    )
    # Isolated and without site-packages: nothing is installed.
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, f"{RELEASE}\n"), done.stderr
