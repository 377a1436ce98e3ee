"""The console's pages of plans for tests: somebody who bought one there, and what the pages say."""

import re
from datetime import UTC, datetime

from gateway.domain.identifiers import UserId
from gateway_world import HTML, Door, enter

END = datetime(2030, 1, 9, 12, tzinfo=UTC)
PLAN = {"plan": "pro", "interval": "month", "key": "k1"}


async def text_of(door: Door, path: str, **headers: str) -> str:
    """A page."""
    answer = await door.http.get(path, headers=HTML | headers)
    assert answer.status_code == 200, answer.status_code
    return answer.text


def ada(door: Door) -> UserId:
    """The only user."""
    (user_id,) = (user.user_id for user in door.world.identity.users.values())
    return user_id


async def bought(door: Door, plan: str = "pro", interval: str = "month") -> str:
    """Sign up, buy a plan and pay it; returns the CSRF token."""
    csrf = await enter(door)
    form = PLAN | {"csrf_token": csrf, "plan": plan, "interval": interval}
    assert (await door.http.post("/billing/subscribe", data=form, headers=HTML)).status_code == 303
    (checkout_id,) = door.world.billing.checkouts
    door.world.billing.begin(checkout_id)
    return csrf


def cards(text: str) -> dict[str, str]:
    """The cards of plans by their titles."""
    part = text[text.index('id="plans"') :]
    return {
        re.findall(r"<h3>([^<]*)</h3>", card)[0]: card
        for card in re.findall(r"<article.*?</article>", part[: part.index("</section>")], re.DOTALL)
    }
