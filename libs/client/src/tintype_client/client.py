"""The client that waits; `AsyncTintype` is its twin."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

import httpx

from tintype_client import operations, running, sending
from tintype_client.access import RUN_TIMEOUT_S, TIMEOUT_S, Access
from tintype_client.answers import Balance, Entry, Generation, Model, Output, Quote, Upload, Usage
from tintype_client.bodies import File as FileToSend
from tintype_client.bodies import Source
from tintype_client.event_stream import Event, EventDecoder, EventStream
from tintype_client.files import File, Files
from tintype_client.messages import Call
from tintype_client.operations import Filters, Page
from tintype_client.steps import Retries, done
from tintype_client.webhook_endpoints import Webhooks
from tintype_client.wire import OnProgress, Wire

T = TypeVar("T")


class Tintype:
    """A client of one account: `url` and `token`, or TINTYPE_URL and TINTYPE_TOKEN.

    `timeout_s` is for each part of a request; `retries` for what may succeed later. A client of httpx's own
    (for proxies, certificates, a transport) is used as it is, and left open. It can be shared by threads.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        retries: Retries | None = None,
        http_client: httpx.Client | None = None,
    ) -> None:
        self._retries = retries or Retries()
        self._wire = Wire(Access.of(url, token, timeout_s), http_client)
        self.webhooks = Webhooks(self._wire, self._retries)
        """Where webhooks go, and what came of them."""

    def __repr__(self) -> str:
        """Say where it goes; never who asks."""
        return f"{type(self).__name__}({self._wire.access.url!r})"

    def __enter__(self) -> Self:
        """Keep connections until the block ends."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._wire.close()

    def run(
        self,
        model: str,
        /,
        *,
        input: Mapping[str, Any] | None = None,  # noqa: A002 - as the API calls it
        quote: Quote | str | None = None,
        provider_order: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        timeout_s: float = RUN_TIMEOUT_S,
        on_progress: OnProgress | None = None,
        **fields: Any,
    ) -> Files[File]:
        """Run a model, wait for it, and return its files.

        The model's input is each further argument, or `input` as a whole; uploads and outputs stand for
        themselves. `on_progress` is called with the generation whenever its status, progress or place in the
        queue differs. Raises InsufficientCredits and the other refusals; GenerationFailed when nothing came
        out (its credits were returned); StillRunning when `timeout_s` is over: it runs on, and `result` waits
        for it again.
        """
        new = running.new_generation(
            model, input, fields, quote=quote, provider_order=provider_order, metadata=metadata,
            idempotency_key=idempotency_key,
        )  # fmt: skip
        steps = running.run(new, self._retries, timeout_s=timeout_s, is_watched=on_progress is not None)
        return self._files(self._wire.take(steps, on_progress))

    def submit(
        self,
        model: str,
        /,
        *,
        input: Mapping[str, Any] | None = None,  # noqa: A002
        quote: Quote | str | None = None,
        provider_order: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        webhook_url: str | None = None,
        webhook_events: Sequence[str] = (),
        **fields: Any,
    ) -> Generation:
        """Start a generation as `run` does, and return it without waiting.

        `webhook_url` is told how it ended, or of `webhook_events` alone, signed by `webhooks.signing_secret`.
        """
        new = running.new_generation(
            model, input, fields, quote=quote, provider_order=provider_order, metadata=metadata,
            idempotency_key=idempotency_key, webhook_url=webhook_url, webhook_events=webhook_events,
        )  # fmt: skip
        return self._wire.take(running.submit(new, self._retries))

    def status(self, generation_id: str) -> Generation:
        """Return a generation as it is now."""
        return self._do(operations.read_generation(generation_id))

    def result(
        self,
        generation_id: str,
        *,
        timeout_s: float = RUN_TIMEOUT_S,
        on_progress: OnProgress | None = None,
    ) -> Files[File]:
        """Wait for a generation that was started before, and return its files; raises as `run` does."""
        steps = running.result(
            generation_id, self._retries, timeout_s=timeout_s, is_watched=on_progress is not None
        )
        return self._files(self._wire.take(steps, on_progress))

    def cancel(self, generation_id: str) -> Generation:
        """Ask a generation to stop; its credits return. Raises GenerationFinished."""
        return self._do(operations.cancel_generation(generation_id))

    def delete(self, generation_id: str) -> None:
        """Delete a generation that has ended, with its files. Raises GenerationRunning."""
        self._do(operations.delete_generation(generation_id))

    def generations(
        self,
        *,
        status: Iterable[str] | None = None,
        model: str | None = None,
        modality: str | None = None,
        search: str | None = None,
        favourite: bool | None = None,
        collection: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 50,
    ) -> Iterator[Generation]:
        """Go through the account's generations, newest first; parts are fetched as they are needed."""
        part: Filters = {
            "status": status, "model": model, "modality": modality, "search": search, "favourite": favourite,
            "collection": collection, "from": since, "to": until, "limit": str(page_size),
        }  # fmt: skip
        return self._each(operations.list_generations, part)

    def stream_events(self, *, last_event_id: str = "") -> Generator[Event, None, None]:
        """Follow what happens to the account, for as long as the token is good.

        Where the stream breaks off it is opened again after the last event, so that nothing is left out; an
        event's `id` does the same in another process, for a day. Raises ConnectionFailed and ApiError when it
        can't be opened again.
        """
        return self._wire.follow(EventStream(self._retries, EventDecoder(last_event_id=last_event_id)))

    def models(self, *, category: str | None = None) -> tuple[Model, ...]:
        """Return the models on offer."""
        return self._do(operations.list_models(category))

    def model(self, model: str) -> Model:
        """Return one model, by `<provider>/<name>`. Raises UnknownModel."""
        return self._do(operations.read_model(model))

    def quote(self, model: str, /, *, input: Mapping[str, Any] | None = None, **fields: Any) -> Quote:  # noqa: A002
        """Return a signed price for exactly this input; given to `run`, no other price is paid."""
        new = running.new_generation(model, input, fields)
        return self._do(operations.create_quote(model, running.as_json(new.input)))

    def upload(self, file: FileToSend, *, idempotency_key: str | None = None) -> Upload:
        """Send a picture or a film in, to generate from: bytes, a path, or an open file.

        It is never read into memory whole; a large one goes straight to the store. Raises UnusableMedia,
        UploadTooLarge and StoreRefused.
        """
        return self._wire.take(
            sending.upload(Source.of(file), self._retries, idempotency_key=idempotency_key)
        )

    def uploads(self, *, page_size: int = 50) -> Iterator[Upload]:
        """Go through the account's uploads, newest first."""
        return self._each(operations.list_uploads, {"limit": str(page_size)})

    def delete_upload(self, upload_id: str) -> None:
        """Delete an upload; a generation that was given it before still has it."""
        self._do(operations.delete_upload(upload_id))

    def balance(self) -> Balance:
        """Return what can be spent and what is held."""
        return self._do(operations.read_balance())

    def entries(
        self,
        *,
        kind: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 50,
    ) -> Iterator[Entry]:
        """Go through the account's history, newest first."""
        part: Filters = {"kind": kind, "from": since, "to": until, "limit": str(page_size)}
        return self._each(operations.list_entries, part)

    def usage(
        self,
        *,
        model: str | None = None,
        provider: str | None = None,
        outcome: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 50,
    ) -> Iterator[Usage]:
        """Go through every try with a provider, newest first."""
        part: Filters = {
            "model": model, "provider": provider, "outcome": outcome, "from": since, "to": until,
            "limit": str(page_size),
        }  # fmt: skip
        return self._each(operations.list_usage, part)

    def _files(self, generation: Generation) -> Files[File]:
        files = [File(output, generation, self._fetched) for output in generation.outputs]
        return Files(files, generation)

    def _fetched(self, output: Output, generation: Generation, into: BinaryIO) -> None:
        self._wire.take(sending.fetch(output, generation, into, self._retries))

    def _each(self, call: Callable[[Filters], Call[Page[T]]], part: Filters) -> Iterator[T]:
        return self._wire.each(call, part, self._retries)

    def _do(self, call: Call[T]) -> T:
        return self._wire.take(done(call, self._retries))
