"""Links in the mails that the running stack sent."""

import re
import time

import httpx
import pytest
from tintype_local.state import StackState


def link_in_mail(stack: StackState, to: str, path: str) -> str:
    """Return the newest mailed link with this path, once it arrived."""
    deadline = time.monotonic() + 30
    with httpx.Client(base_url=stack.url("mailbox")) as mailbox:
        while time.monotonic() < deadline:
            for listed in mailbox.get("/messages", params={"to": to}).json()["data"]:
                text = mailbox.get(f"/messages/{listed['id']}").text
                if found := re.search(rf"https?://[^\s\"<>\\]+{path}\?token=[\w.-]+", text):
                    return found.group(0)
            time.sleep(0.2)
    pytest.fail(f"no mail with {path} for {to}")
