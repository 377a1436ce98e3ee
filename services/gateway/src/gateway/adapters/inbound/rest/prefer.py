"""What a caller would like: `Prefer: wait=<seconds>` (RFC 7240). A preference is never refused."""

import re
from typing import Annotated

from fastapi import Header, Request, Response

PREFERENCE_APPLIED = "Preference-Applied"
_WAIT = re.compile(r'wait[ \t]*=[ \t]*(?:"([0-9]{1,18})"|([0-9]{1,18}))', re.IGNORECASE)


async def preferred_wait_s(
    request: Request,
    prefer: Annotated[
        str | None,
        Header(
            description="`wait=<seconds>`, 1 to 60: answer once it has ended, or after that time.",
            examples=["wait=30"],
        ),
    ] = None,
) -> int | None:
    """Return how many seconds a caller would wait; None where they say nothing that can be understood.

    Of several, the first counts (RFC 7240, section 2); the header may come more than once.
    """
    for preference in ",".join(request.headers.getlist("prefer")).split(","):
        # What comes after a semicolon are parameters, of which `wait` has none.
        if found := _WAIT.fullmatch(preference.partition(";")[0].strip()):
            return int(found[1] or found[2])
    return None


def mark_waited(response: Response, waited_s: int | None) -> None:
    """Say in a header that the preference was granted, and how far."""
    if waited_s is not None:
        response.headers[PREFERENCE_APPLIED] = f"wait={waited_s}"
