"""Pays on a hosted checkout page as a browser without JavaScript would: by submitting its form."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx


class _Form(HTMLParser):
    """Collects the first form: where it goes, its fields, and the buttons that can submit it."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read one tag."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside, self.action = True, given.get("action", "")
        elif self._inside and tag == "input" and given.get("name"):
            self.fields[given["name"]] = given.get("value", "")
        elif self._inside and tag == "button" and given.get("name"):
            self.buttons.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        """Leave the form."""
        if tag == "form":
            self._inside = False


async def pay(url: str, *, email: str) -> str:
    """Open the page, press the button that pays, and return where the page sends the person.

    Raises RuntimeError when the page has no such button or does not take the payment.
    """
    async with httpx.AsyncClient(timeout=30) as browser:
        page = await browser.get(url)
        page.raise_for_status()
        form = _Form()
        form.feed(page.text)
        button = next(((name, value) for name, value in form.buttons if value == "pay"), None)
        if button is None:
            raise RuntimeError(f"no button to pay with on {url}")
        fields = {**form.fields, button[0]: button[1], "email": email}
        answer = await browser.post(urljoin(url, form.action or url), data=fields)
        if not answer.is_redirect:
            raise RuntimeError(f"the payment page answered {answer.status_code}")
        return answer.headers["location"]
