"""Settings: an address is used whole, or the start says what is wrong with it."""

import pytest
from chassis.settings import load_settings
from generation.settings import ApiSettings, GenerationSettings

GOOD = {
    "GENERATION_DATABASE_URL": "postgresql://db",
    "GENERATION_NATS_URL": "nats://nats",
    "GENERATION_NATS_USER": "generation",
    "GENERATION_NATS_PASSWORD": "p",
    "GENERATION_LEDGER_TARGET": "ledger:8080",
    "GENERATION_CALLER_TOKEN": "t",
    "GENERATION_S3_URL": "https://s3.example:9000",
    "GENERATION_S3_ACCESS_KEY": "a",
    "GENERATION_S3_SECRET_KEY": "s",
    "GENERATION_S3_BUCKET": "outputs",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is required, and nothing wrong."""
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("url", ["https://s3.example", "https://s3.example/", "http://127.0.0.1:9000"])
@pytest.mark.parametrize("name", ["GENERATION_S3_URL", "GENERATION_S3_PUBLIC_URL"])
def test_a_store_is_a_host(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    """With or without a port and a slash at its end."""
    monkeypatch.setenv(name, url)
    load_settings(GenerationSettings)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("name", "url", "words"),
    [
        *(
            (name, url, "scheme, host and port alone")
            for name in ("GENERATION_S3_URL", "GENERATION_S3_PUBLIC_URL")
            for url in ("https://host/path", "https://host/s3/", "https://host//")
        ),
        *(
            (name, url, "no name, password, query or fragment")
            for name in ("GENERATION_S3_URL", "GENERATION_S3_PUBLIC_URL")
            for url in ("https://host/?a=b", "https://host/#part", "https://me:secret@host/")
        ),
    ],
)
def test_no_part_of_an_address_is_lost_in_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, url: str, words: str
) -> None:
    """What would be dropped ends the start, in one line that shows no value."""
    monkeypatch.setenv(name, url)
    with pytest.raises(SystemExit) as ended:
        load_settings(GenerationSettings)
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert told.count("\n") == 1
    assert told.startswith(f"{name}: ")
    assert words in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("listed", "read"), [(None, set()), ("", set()), ("openai, fal,", {"openai", "fal"})]
)
def test_stand_ins_are_those_that_are_named(
    monkeypatch: pytest.MonkeyPatch, listed: str | None, read: set[str]
) -> None:
    """And none where nobody names any, whatever addresses providers have."""
    monkeypatch.setenv("GENERATION_QUOTE_KEY", "k" * 32)
    if listed is not None:
        monkeypatch.setenv("GENERATION_STAND_INS", listed)
    assert load_settings(ApiSettings).stand_ins == read
