"""Makes steps happen over httpx; `async_wire` is its twin."""

import time
from collections.abc import Callable, Generator
from typing import TypeVar

import httpx

from tintype_client.access import PIECE_BYTES, Access, answer_of, failure_of, passing
from tintype_client.answers import Generation
from tintype_client.errors import ConnectionFailed, UnexpectedAnswer
from tintype_client.event_stream import SILENCE_S_MAX, Event, EventStream
from tintype_client.messages import Answer, Call, Request
from tintype_client.operations import Filters, Page
from tintype_client.sending import Hashed
from tintype_client.steps import Fetch, Fetched, Pause, Retries, Send, Step, Steps, Tell, done

T = TypeVar("T")
OnProgress = Callable[[Generation], object]


class Wire:
    """A connection to the API and to its store of files."""

    def __init__(self, access: Access, http_client: httpx.Client | None) -> None:
        self.access = access
        self._is_own = http_client is None
        self._http = http_client or httpx.Client()

    def close(self) -> None:
        """Close what it opened."""
        if self._is_own:
            self._http.close()

    def take(self, steps: Steps[T], on_progress: OnProgress | None = None) -> T:
        """Make each step happen, and return what they come to."""
        try:
            step = next(steps)
            while True:
                try:
                    outcome = self._happen(step, on_progress)
                except ConnectionFailed as failure:
                    step = steps.throw(failure)
                else:
                    step = steps.send(outcome)
        except StopIteration as ended:
            returned: T = ended.value
            return returned
        finally:
            steps.close()

    def each(
        self, call: Callable[[Filters], Call[Page[T]]], part: Filters, retries: Retries
    ) -> Generator[T, None, None]:
        """Go through a list, part after part, as they are needed. Raises UnexpectedAnswer for a circle."""
        cursor: str | None = None
        while True:
            page = self.take(done(call({**part, "cursor": cursor}), retries))
            yield from page.items
            if page.next_cursor is None:
                return
            if page.next_cursor == cursor:
                raise UnexpectedAnswer("a list goes in a circle")
            cursor = page.next_cursor

    def follow(self, stream: EventStream) -> Generator[Event, None, None]:
        """Open a stream, again where it breaks off, and return what it tells."""
        while True:
            request = stream.request()
            try:
                with self._http.stream(
                    request.method,
                    self.access.url_of(request),
                    headers=self.access.headers_of(request),
                    timeout=httpx.Timeout(self.access.timeout_s, read=SILENCE_S_MAX),
                ) as response:
                    if response.status_code == 200:
                        for piece in response.iter_bytes():
                            yield from stream.feed(piece)
                        pause_s = stream.ended()
                    else:
                        response.read()
                        pause_s = stream.refused(answer_of(response))
            except httpx.RequestError as failure:
                pause_s = stream.broke(passing(failure))
            time.sleep(pause_s)

    def _happen(self, step: Step, on_progress: OnProgress | None) -> object:
        match step:
            case Send(request):
                return self._sent(request)
            case Fetch(url, into):
                return self._written(url, Hashed(into))
            case Pause(delay_s):
                time.sleep(delay_s)
            case Tell(generation) if on_progress is not None:
                on_progress(generation)
        return None

    def _sent(self, request: Request) -> Answer:
        try:
            response = self._http.request(
                request.method,
                self.access.url_of(request),
                params=request.params or None,
                json=request.json,
                content=request.body.pieces() if request.body else None,
                headers=self.access.headers_of(request),
                timeout=self.access.timeout_of(request),
            )
        except httpx.RequestError as failure:
            raise failure_of(failure) from failure
        return answer_of(response)

    def _written(self, url: str, into: Hashed) -> Fetched:
        request = Request(method="GET", path=url)
        try:
            with self._http.stream(
                "GET", url, headers=self.access.headers_of(request), timeout=self.access.timeout_of(request)
            ) as response:
                if response.status_code == 200:
                    for piece in response.iter_bytes(PIECE_BYTES):
                        into.write(piece)
                return into.fetched(response.status_code)
        except httpx.RequestError as failure:
            raise failure_of(failure) from failure
