"""Why media can't be used in an input, in the reader's language: generation says it in English."""

import re

from gateway.adapters.inbound.console.languages import Language, gettext_noop

ABSENT = gettext_noop("is none of your uploads, nor of your generations' outputs")
_OTHER_KIND = re.compile(
    r"is of the type (?P<type>[\w.+-]+/[\w.+-]+); this field takes (?P<takes>an image|a video)"
)
_TAKES = {
    "an image": gettext_noop("is of the type %(type)s; this field takes an image"),
    "a video": gettext_noop("is of the type %(type)s; this field takes a video"),
}


def said(language: Language, detail: str) -> str:
    """Return what is wrong with a field; what is not known here stays as it is."""
    if found := _OTHER_KIND.fullmatch(detail):
        return language.say(_TAKES[found["takes"]]) % {"type": found["type"]}
    return language.say(detail) if detail == ABSENT else detail
