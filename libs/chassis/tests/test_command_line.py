"""The entry point that services fill in: what is asked, what is read, and how it ends."""

import os
import subprocess
import sys

import pytest
import singer

DATABASE = {"SINGER_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nothing"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing but what a test sets."""
    for name in [name for name in os.environ if name.startswith("SINGER_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def test_a_command_ends_with_its_own_code(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reads its own settings only, and gets what it was asked."""
    environment.setenv("SINGER_DATABASE_URL", DATABASE["SINGER_DATABASE_URL"])
    assert singer.main(["look", "7"]) == 7
    assert capsys.readouterr().out == "look 7\n"


@pytest.mark.parametrize("arguments", [[], ["dance"], ["look"], ["look", "far"], ["sing", "louder"]])
def test_what_can_not_be_meant_ends_with_2(arguments: list[str]) -> None:
    """Before any setting is read."""
    with pytest.raises(SystemExit) as ended:
        singer.main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("command", "missing"),
    [(["look", "1"], "SINGER_DATABASE_URL"), (["migrate"], "SINGER_MIGRATION_DATABASE_URL")],
)
def test_a_setting_that_is_missing_ends_with_2(
    command: list[str], missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named in one line."""
    with pytest.raises(SystemExit) as ended:
        singer.main(command)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"missing in the environment: {missing}\n"


def test_a_setting_that_the_service_itself_refuses_ends_with_2(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named in one line, and nothing was started."""
    environment.setenv("SINGER_SONG", "do")
    with pytest.raises(SystemExit) as ended:
        singer.main(["sing"])
    assert ended.value.code == 2
    assert tuple(capsys.readouterr()) == ("", "SINGER_SONG: nobody knows do\n")


def test_an_error_that_blames_no_setting_is_not_swallowed(environment: pytest.MonkeyPatch) -> None:
    """There is no revision in a folder that is not there."""
    environment.setenv("SINGER_MIGRATION_DATABASE_URL", DATABASE["SINGER_DATABASE_URL"])
    environment.setenv("SINGER_SERVICE_ROLE", "unset")
    with pytest.raises(Exception, match="nowhere"):
        singer.main(["migrate"])


def test_the_scripts_of_a_migration_read_the_role(environment: pytest.MonkeyPatch) -> None:
    """In the environment, as it was set or as the service has it by default."""
    environment.setenv("SINGER_MIGRATION_DATABASE_URL", DATABASE["SINGER_DATABASE_URL"])
    # So that it is as it was when the test ends.
    environment.setenv("SINGER_SERVICE_ROLE", "unset")
    environment.delenv("SINGER_SERVICE_ROLE")
    with pytest.raises(Exception, match="nowhere"):
        singer.main(["migrate"])
    assert os.environ["SINGER_SERVICE_ROLE"] == "singer_service"


@pytest.mark.server
@pytest.mark.parametrize(("command", "code", "said"), [("sing", 0, "la\n"), ("break", 1, "")])
def test_serving_ends_with_0_after_a_signal_and_with_1_after_a_failure(
    command: str, code: int, said: str
) -> None:
    """And says in its log what it was."""
    asked = [sys.executable, str(singer.__file__), command]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (code, said)
    assert ("hoarse" in done.stderr) == bool(code)
    assert '"service": "singer"' in done.stderr
