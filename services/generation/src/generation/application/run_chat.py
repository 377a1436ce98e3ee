"""Holds an accepted chat, passes it on as it comes, and settles it whatever becomes of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from generation.application.cost_of_run import RunCosts
from generation.application.finish_attempt import INTERRUPTED, AttemptFinisher, LeaseLost, Retry
from generation.application.follow_run import NOT_SET_UP, OVERDUE, UNAVAILABLE, Postponed, call_of, failed
from generation.application.keep_answer import AnswerKeeper
from generation.application.moderate_job import UNASKED, JobModerator
from generation.application.provider_gate import ProviderGate
from generation.application.stream_generation import Talk
from generation.domain.attempt import Outcome
from generation.domain.errors import StorageUnavailable
from generation.domain.generation import Failure, Generation
from generation.domain.output import Output
from generation.domain.token_usage import TokenUsage
from generation.ports.chat_provider import ChatAnswer, ChatBroken, ChatCall, ChatProvider, ChatRefused
from generation.ports.clock import Clock
from generation.ports.media_provider import RunReport

CLIENT_LEFT = Failure("CLIENT_LEFT", "whoever asked left before the answer was whole")
CANCELLED = Failure("CANCELLED", "it was cancelled before the answer was whole")
BROKEN = Failure("PROVIDER_FAILED", "the provider's answer broke off")
# English text has about this many bytes a token; used only where the provider's count is missing.
BYTES_PER_TOKEN = 4
SETTLE_AGAIN_S, SETTLE_TRIES_MAX = 2.0, 8
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ChatEnd:
    """How it ended; `broken_off` says why what was charged is only a beginning."""

    generation: Generation
    outputs: Sequence[Output] = ()
    usage: TokenUsage | None = None
    broken_off: Failure | None = None


@dataclass(frozen=True)
class RunChatHandler:
    """Asks one provider after the other until one answers; from its first chunk on there is no other.

    What came is charged, whoever stopped it. Where nothing came nothing is charged: the job failed, or was
    cancelled where its client left. Raises LeaseLost when the job is no longer this process's.
    """

    providers: Mapping[str, ChatProvider]
    keep: AnswerKeeper
    finish: AttemptFinisher
    gate: ProviderGate
    moderate: JobModerator
    costs: RunCosts
    clock: Clock
    settle_again_s: float = SETTLE_AGAIN_S

    async def __call__(self, talk: Talk) -> ChatEnd:
        try:
            failure = await self._until_stopped(talk)
        except LeaseLost:
            raise
        except Exception:
            # Whatever it was, the job is not left to a sweeper that would give its credits back unread.
            log.exception("chat met an error of ours", generation_id=talk.job.generation.generation_id)
            failure = INTERRUPTED
        return await self._settled(talk, failure)

    async def _until_stopped(self, talk: Talk) -> Failure | None:
        """Relay until the answer ends, somebody stops it or its time is over; return why it is not whole."""
        left_s = (talk.job.generation.deadline_at - self.clock.now()).total_seconds()
        relaying = asyncio.create_task(self._relayed(talk))
        others = {asyncio.create_task(talk.stopped.wait()), asyncio.create_task(talk.job.cancelled.wait())}
        try:
            await asyncio.wait(
                {relaying, *others}, timeout=max(left_s, 0), return_when=asyncio.FIRST_COMPLETED
            )
            if relaying.done():
                return relaying.result()
            return talk.why or (CANCELLED if talk.job.cancel_requested else self._overdue(talk))
        finally:
            for task in (relaying, *others):
                task.cancel()
            await asyncio.gather(relaying, *others, return_exceptions=True)

    def _overdue(self, talk: Talk) -> Failure:
        if not talk.has_begun:
            self.gate.heard(call_of(talk.job), failed(OVERDUE, retryable=False))
        return OVERDUE

    async def _relayed(self, talk: Talk) -> Failure | None:
        try:
            if refused := await self.moderate.refusal_of(talk.chat.texts):
                return refused
        except Postponed:
            return UNASKED
        asked: set[str] = set()
        while True:
            report = await self._asked(talk)
            if report is None or talk.has_begun:
                return report.failure or BROKEN if report else None
            asked.add(talk.job.attempt.provider)
            if not report.retryable or not await self._passed_to_next(talk, report, asked):
                return report.failure or UNAVAILABLE

    async def _asked(self, talk: Talk) -> RunReport | None:
        """Hold the chat with the attempt's provider; return why it is not whole, None where it is."""
        job, call = talk.job, call_of(talk.job)
        provider = self.providers.get(job.attempt.provider)
        if provider is None:
            return failed(NOT_SET_UP, retryable=True)
        if self.gate.enter(call) is not None:
            return failed(UNAVAILABLE, retryable=True)
        try:
            async with provider.chat(_call(talk)) as stream:
                talk.stream = stream
                async for chunk in stream.chunks():
                    talk.has_begun = True
                    await talk.unread.put(chunk)
            answer = stream.answer()
        except (ChatRefused, ChatBroken) as error:
            self.gate.heard(call, error.report)
            return error.report
        else:
            if answer is not None:
                self.gate.heard(call, answer.run)
            return None
        finally:
            self.gate.left(call)

    async def _passed_to_next(self, talk: Talk, report: RunReport, asked: set[str]) -> bool:
        """Give the job to a provider that was not asked yet; False where there is none, or no time."""
        job = talk.job
        following = [
            name
            for name in job.generation.provider_order
            if name not in asked and self.gate.closed_until(call_of(job, name)) is None
        ]
        if not following:
            return False
        retry = Retry(
            outcome=Outcome.FAILED,
            failure=report.failure or UNAVAILABLE,
            provider=following[0],
            not_before=self.clock.now(),
            counted=False,
        )
        if (attempt := await self.finish.again(job, retry)) is None:
            raise LeaseLost(job.attempt.attempt_id)
        job.attempt, talk.stream = attempt, None
        return True

    async def _settled(self, talk: Talk, failure: Failure | None) -> ChatEnd:
        answer = talk.stream.answer() if talk.stream and talk.has_begun else None
        for tries in range(1, SETTLE_TRIES_MAX + 1):
            try:
                if answer is None:
                    return await self._unpaid(talk, failure or BROKEN)
                return await self._paid(talk, answer, failure)
            except StorageUnavailable as away:
                log.warning("chat waits for the database", error=str(away))
                if tries == SETTLE_TRIES_MAX:
                    raise
                await asyncio.sleep(self.settle_again_s)
        raise AssertionError

    async def _unpaid(self, talk: Talk, failure: Failure) -> ChatEnd:
        if failure in (CANCELLED, CLIENT_LEFT):
            return ChatEnd(await self.finish.cancel(talk.job))
        return ChatEnd(await self.finish.fail(talk.job, failure))

    async def _paid(self, talk: Talk, answer: ChatAnswer, failure: Failure | None) -> ChatEnd:
        job, usage = talk.job, answer.usage
        job.cost = self.costs.of(job, answer.run)
        outputs = await self.keep.kept(job, answer)
        ended = await self.finish.succeed(
            job, outputs, delivered_units=max(1, usage.total), tokens=usage.total
        )
        if job.cost is not None:
            self.finish.meter.paid(job.attempt.provider, ended.model_id, usd_micros=job.cost.usd_micros)
        return ChatEnd(ended, outputs, usage, failure)


def _call(talk: Talk) -> ChatCall:
    chat = talk.chat
    return ChatCall(
        model=talk.model.at(talk.job.attempt.provider).model,
        document=chat.document,
        is_streamed=talk.is_streamed,
        wants_usage=chat.wants_usage,
        choices=chat.choices,
        tokens_max=chat.tokens_max,
        prompt_tokens=-(-chat.prompt_tokens_max // BYTES_PER_TOKEN),
    )
