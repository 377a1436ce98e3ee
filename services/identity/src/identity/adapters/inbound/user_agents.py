"""What a client's software calls itself, as a few words."""

import re

from ua_parser import parse_os, parse_user_agent

from identity.domain.client import Client

USER_AGENT_LENGTH_MAX = 512
WORDS_LENGTH_MAX = 40
# What it says ends up in mails and on pages: words, and nothing that could be a link or a sentence.
_ODD = re.compile(r"[^\w +-]", re.ASCII)


def client(address: str | None, user_agent: str) -> Client:
    """Return where a request comes from; a text that names no software known leaves it open."""
    text = user_agent[:USER_AGENT_LENGTH_MAX]
    browser, system = parse_user_agent(text), parse_os(text)
    return Client(
        address=address,
        browser=_words(browser.family) if browser else None,
        system=_words(system.family) if system else None,
    )


def _words(family: str) -> str | None:
    return _ODD.sub(" ", family)[:WORDS_LENGTH_MAX].strip() or None
