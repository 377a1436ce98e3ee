"""A bad setting ends the start with one clear line each, and never shows a value."""

import pytest
from chassis.settings import ServiceSettings, load_settings
from pydantic_settings import SettingsConfigDict


class EchoSettings(ServiceSettings):
    """Settings of a service that does not exist."""

    model_config = SettingsConfigDict(env_prefix="ECHO_")


def test_every_bad_setting_is_named_and_no_value_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for each on standard error, and one for all that are missing; exit code 2."""
    monkeypatch.setenv("ECHO_NATS_PASSWORD", "hunter2")
    monkeypatch.setenv("ECHO_LOG_LEVEL", "hunter2-too")
    with pytest.raises(SystemExit) as ended:
        load_settings(EchoSettings)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.splitlines() == [
        "ECHO_LOG_LEVEL: input should be 'debug', 'info', 'warning' or 'error'",
        "missing in the environment: ECHO_DATABASE_URL, ECHO_NATS_URL, ECHO_NATS_USER",
    ]
    assert "hunter2" not in said


def test_what_is_no_json_is_named_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line and exit code 2, not a traceback; and the value stays unseen."""
    monkeypatch.setenv("ECHO_CALLERS", "{hunter2")
    with pytest.raises(SystemExit) as ended:
        load_settings(EchoSettings)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "ECHO_CALLERS: must be JSON\n"
