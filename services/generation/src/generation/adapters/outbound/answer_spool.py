"""Spools how paid calls ended: through transactions, readable again by any worker."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from generation.adapters.outbound.guarded_fetch import FetchedOutput
from generation.domain.generation import Failure
from generation.domain.identifiers import AttemptId
from generation.domain.output import Incomplete
from generation.ports.answers import StoredAnswer
from generation.ports.media_intake import OutputUnusable
from generation.ports.media_provider import RunOutput, RunReport, RunState
from generation.ports.needs import Needs
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork

ANSWER_BYTES_MAX = 256 * 1024 * 1024
SMALL_BYTES_MAX = 64 * 1024
# What a report says besides its outputs, state and failure.
PLAIN_FIELDS = (
    *("progress", "retryable", "usage_units", "retry_after_s"),
    *("account_trouble", "unanswered", "cost_usd_micros"),
)


class AnswerTooLarge(Exception):
    """An answer of more than ANSWER_BYTES_MAX bytes is not spooled."""


@dataclass(frozen=True)
class SpooledOutput:
    """Bytes that were kept, read a piece at a time."""

    units: UnitsOfWork
    key: AttemptId
    position: int
    size_bytes: int

    async def stream(self) -> AsyncIterator[bytes]:
        number, read_bytes = 0, 0
        while read_bytes < self.size_bytes:
            async with self.units.of_system() as work:
                piece = await work.answers.piece(self.key, output=self.position, number=number)
            if piece is None:
                raise OutputUnusable("the answer is no longer kept")
            yield piece
            number += 1
            read_bytes += len(piece)


@dataclass(frozen=True)
class TransactionalSpool:
    """`fetched` makes an output of an address that an answer points at."""

    units: UnitsOfWork
    fetched: Callable[[str], RunOutput]

    async def keep(self, key: AttemptId, report: RunReport) -> None:
        """Keep it as the port says; raise AnswerTooLarge too."""
        answer = await _stored(report)

        async def keep(work: UnitOfWork) -> None:
            await work.answers.keep(key, answer)

        if sum(len(content or b"") for content in answer.contents) <= SMALL_BYTES_MAX:
            await self.units.shared(keep, Needs())
        else:
            # Nobody waits for another's megabytes.
            async with self.units.of_system() as work:
                await keep(work)

    async def find(self, key: AttemptId) -> RunReport | None:
        async with self.units.of_system() as work:
            document = await work.answers.document(key)
        return self._report(key, json.loads(document)) if document is not None else None

    def _report(self, key: AttemptId, document: Mapping[str, Any]) -> RunReport:
        outputs = tuple(
            self.fetched(output["url"])
            if "url" in output
            else SpooledOutput(self.units, key, position, output["size_bytes"])
            for position, output in enumerate(document["outputs"])
        )
        failure, incomplete = document["failure"], document.get("incomplete")
        return RunReport(
            RunState(document["state"]),
            outputs=outputs,
            failure=Failure(failure["reason"], failure["detail"]) if failure else None,
            incomplete=Incomplete(incomplete) if incomplete else None,
            **{name: document[name] for name in PLAIN_FIELDS if name in document},
        )


async def _stored(report: RunReport) -> StoredAnswer:
    outputs: list[dict[str, Any]] = []
    contents: list[bytes | None] = []
    left_bytes = ANSWER_BYTES_MAX
    for output in report.outputs:
        if isinstance(output, FetchedOutput):
            outputs.append({"url": output.url})
            contents.append(None)
            continue
        content = b"".join([piece async for piece in output.stream()])
        left_bytes -= len(content)
        if left_bytes < 0:
            raise AnswerTooLarge(f"the answer is larger than {ANSWER_BYTES_MAX} bytes")
        outputs.append({"size_bytes": len(content)})
        contents.append(content)
    failure = report.failure
    document = {
        "state": report.state,
        "outputs": outputs,
        "failure": {"reason": failure.reason, "detail": failure.detail} if failure else None,
        "incomplete": report.incomplete,
        **{name: getattr(report, name) for name in PLAIN_FIELDS},
    }
    # ASCII alone: what a provider wrote may hold characters that no text column takes.
    return StoredAnswer(json.dumps(document), contents)
