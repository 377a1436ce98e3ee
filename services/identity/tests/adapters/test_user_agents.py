"""What clients call themselves, in words."""

import pytest
from identity.adapters.inbound.user_agents import client

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (EDGE, "Edge on Windows"),
        (IPHONE, "Mobile Safari on iOS"),
        ("curl/8.5.0", "curl"),
        ("", "an unknown device"),
        ("\0 \u202e\U0010ffff", "an unknown device"),
        ("x" * 100_000, "an unknown device"),
    ],
)
def test_what_is_said_is_told_in_words(user_agent: str, words: str) -> None:
    """Browsers and programs by their names; what says nothing is not known."""
    assert client("203.0.113.7", user_agent).words == words


def test_what_it_says_is_no_link() -> None:
    """Words end up in mails: nothing but letters, digits and a few signs of names, and not many."""
    told = client(None, "https://evil.example/<b>Click</b>Bot/1.0 (+https://evil.example/; Windows NT 10.0)")
    for words in (told.browser, told.system):
        assert len(words) <= 40
        assert not set(words) & set("/:.<>&\"'\n")
