"""Where the API is and who asks: the same for both clients."""

import os
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from urllib.parse import urlsplit

import httpx

from tintype_client.errors import ConnectionFailed, InvalidCall, TintypeError
from tintype_client.messages import Answer, Request

TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5.0
RUN_TIMEOUT_S = 600.0
PIECE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Access:
    """The API's address, and a key or access token that no text of this shows."""

    url: str
    token: str = field(repr=False)
    timeout_s: float = TIMEOUT_S

    @classmethod
    def of(cls, url: str | None, token: str | None, timeout_s: float) -> "Access":
        """Take what is given, else TINTYPE_URL and TINTYPE_TOKEN. Raises InvalidCall."""
        url = (url or os.environ.get("TINTYPE_URL", "")).rstrip("/")
        if not _is_an_address(url):
            raise InvalidCall("say where the API is: Tintype(url), or TINTYPE_URL")
        token = (token or os.environ.get("TINTYPE_TOKEN", "")).strip()
        # Otherwise the refusal of a header would show it.
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise InvalidCall("give an API key or an access token: Tintype(url, token), or TINTYPE_TOKEN")
        return cls(url, token, timeout_s)

    def url_of(self, request: Request) -> str:
        """Return the address of a request."""
        return request.path if request.is_to_the_store else f"{self.url}/v1{request.path}"

    def headers_of(self, request: Request) -> dict[str, str]:
        """Return its headers: the store of files is not told who asks."""
        headers = {"User-Agent": f"tintype-client/{_version()}", **request.headers}
        if not request.is_to_the_store:
            headers["Authorization"] = f"Bearer {self.token}"
            headers.setdefault("Accept", "application/json")
        if request.body is not None:
            headers["Content-Type"] = request.body.media_type
            # Without it the body would come in chunks, which stores do not take.
            headers["Content-Length"] = str(request.body.size_bytes)
        return headers

    def timeout_of(self, request: Request) -> httpx.Timeout:
        """Return how long each part of a request may take."""
        return httpx.Timeout(
            self.timeout_s,
            connect=min(CONNECT_TIMEOUT_S, self.timeout_s),
            read=self.timeout_s + request.more_time_s,
        )


def _is_an_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    # A name and a password in it would go out in place of the key.
    is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return parts.scheme in ("http", "https") and bool(host) and is_plain


@cache
def _version() -> str:
    return version("tintype-client")


def answer_of(response: httpx.Response) -> Answer:
    """Return a whole response."""
    return Answer(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        content=response.content,
    )


def failure_of(failure: httpx.RequestError) -> TintypeError:
    """Return what a failure is: something that may pass, or something that can't be sent at all."""
    said = f"{type(failure).__name__}: {failure}".removesuffix(": ")
    if isinstance(failure, (httpx.LocalProtocolError, httpx.UnsupportedProtocol)):
        return InvalidCall(said)
    return ConnectionFailed(said)


def passing(failure: httpx.RequestError) -> ConnectionFailed:
    """Return what may pass. Raises InvalidCall for what can't be sent at all."""
    known = failure_of(failure)
    if not isinstance(known, ConnectionFailed):
        raise known from failure
    return known
