"""What a provider's words about a failed run are about, where it says nothing that is meant for programs.

They are read for a few words, in English, and go nowhere else: they may quote the prompt.
"""

import re

CONTENT = re.compile(
    r"content.?(?:policy|filter|moderation|violat)|polic(?:y|ies)|moderat(?:ion|ed)|\bsafety\b|\bnsfw\b"
    r"|\bflagged\b|prohibited|sensitive.content",
    re.IGNORECASE,
)
ACCOUNT = re.compile(
    r"insufficient.?(?:credit|balance|fund|quota)|\b402\b|payment.?required|\bbilling\b|out.of.credits"
    r"|invalid.?(?:api.?)?key|unauthori[sz]ed|exceeded.your.(?:current.)?quota",
    re.IGNORECASE,
)
# What is longer is no message.
WORDS_READ_MAX = 2_000


def about_content(*words: object) -> bool:
    """Whether the content was refused."""
    return _found(CONTENT, words)


def about_our_account(*words: object) -> bool:
    """Whether our account at the provider is refused or used up."""
    return _found(ACCOUNT, words)


def _found(pattern: re.Pattern[str], words: tuple[object, ...]) -> bool:
    return any(isinstance(text, str) and pattern.search(text[:WORDS_READ_MAX]) for text in words)
