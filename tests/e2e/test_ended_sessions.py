"""Sessions that ended are refused within a second, at every gateway."""

import threading
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest
from another_process import another_gateway
from mailed_links import link_in_mail
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
PASSWORD = "a password of some length"
# The promise, and what a busy machine needs for the question itself.
WITHIN_S = 1.0 + 0.5


@pytest.fixture(scope="module")
def gateways(stack: StackState) -> Iterator[tuple[str, str]]:
    """The stack's gateway, and a second one beside it with the same settings."""
    with another_gateway(stack) as other:
        yield stack.url("gateway"), other


class Person:
    """Somebody with an account, at any gateway."""

    def __init__(self, stack: StackState, gateway: str) -> None:
        self.stack, self.gateway = stack, gateway
        self.email = f"ended-{uuid4().hex[:10]}@example.com"
        self.session = self._post("signup", email=self.email, password=PASSWORD)

    def status(self, gateway: str) -> int:
        """How a gateway answers to the access token of the sign-up."""
        return httpx.get(f"{gateway}/v1/me", headers=self.bearer, timeout=10).status_code

    @property
    def bearer(self) -> dict[str, str]:
        """The header that speaks for the sign-up's session."""
        return {"Authorization": f"Bearer {self.session['access_token']}"}

    def log_out(self) -> None:
        """Give the session back."""
        self._post("logout", refresh_token=self.session["refresh_token"])

    def reuse(self) -> None:
        """Use a refresh token twice."""
        for _ in range(2):
            self._post("refresh", refresh_token=self.session["refresh_token"])

    def reset(self) -> None:
        """Replace the password by mail."""
        self._post("password/forgot", email=self.email)
        token = link_in_mail(self.stack, self.email, "/reset-password").partition("token=")[2]
        self._post("password/reset", token=token, new_password=f"not {PASSWORD}")

    def _post(self, path: str, **body: str) -> dict[str, str]:
        answer = httpx.post(f"{self.gateway}/v1/auth/{path}", json=body, timeout=20)
        return answer.json() if answer.content else {}


@pytest.mark.parametrize("end", [Person.log_out, Person.reuse, Person.reset])
def test_an_ended_session_is_refused_everywhere(
    stack: StackState, gateways: tuple[str, str], end: Callable[[Person], None]
) -> None:
    """Its access token, which has a quarter of an hour left, is 401 at two gateways within a second."""
    person = Person(stack, gateways[0])
    # Both know the session, and keep knowing it until they are told.
    assert [person.status(gateway) for gateway in gateways] == [200, 200]
    end(person)
    ended_at = time.monotonic()
    for gateway in gateways:
        while (status := person.status(gateway)) == 200:
            assert time.monotonic() - ended_at < WITHIN_S
        assert status == 401


def test_event_streams_end_with_their_session(stack: StackState, gateways: tuple[str, str]) -> None:
    """A stream of an ended session is closed within seconds, at both."""
    person = Person(stack, gateways[0])
    opened, closed = threading.Semaphore(0), threading.Semaphore(0)

    def follow(gateway: str) -> None:
        with httpx.stream("GET", f"{gateway}/v1/events", headers=person.bearer, timeout=60) as answer:
            for number, _ in enumerate(answer.iter_lines()):
                if number == 0:
                    opened.release()
        closed.release()

    for gateway in gateways:
        threading.Thread(target=follow, args=(gateway,), daemon=True).start()
    assert all(opened.acquire(timeout=10) for _ in gateways)
    person.log_out()
    assert all(closed.acquire(timeout=7) for _ in gateways)


def test_a_revoked_key_is_refused_everywhere(stack: StackState, gateways: tuple[str, str]) -> None:
    """As an ended session is: 401 at two gateways within a second, while the other key goes on."""
    person = Person(stack, gateways[0])
    keys = [
        httpx.post(
            f"{gateways[0]}/v1/api-keys",
            json={"name": name, "scopes": ["account:read"]},
            headers=person.bearer,
            timeout=20,
        ).json()
        for name in ("revoked", "kept")
    ]

    def status(gateway: str, key: dict[str, str]) -> int:
        bearer = {"Authorization": f"Bearer {key['key']}"}
        return httpx.get(f"{gateway}/v1/me", headers=bearer, timeout=10).status_code

    assert [status(gateway, key) for gateway in gateways for key in keys] == [200] * 4
    answer = httpx.delete(f"{gateways[0]}/v1/api-keys/{keys[0]['id']}", headers=person.bearer, timeout=10)
    revoked_at = time.monotonic()
    assert answer.status_code == 204
    for gateway in gateways:
        while (found := status(gateway, keys[0])) == 200:
            assert time.monotonic() - revoked_at < WITHIN_S
        assert found == 401
        assert status(gateway, keys[1]) == 200
