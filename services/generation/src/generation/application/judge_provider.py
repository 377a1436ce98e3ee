"""What the end of a run says of who made it: each answer is yes, no, or nothing at all."""

from generation.application.finish_attempt import UNUSABLE
from generation.application.follow_run import NOT_SET_UP, OVERDUE, UNREADABLE
from generation.application.start_generation import WITHDRAWN
from generation.ports.media_provider import RunReport, RunState

# Nobody was asked.
OURS = (UNREADABLE, NOT_SET_UP, WITHDRAWN)


def account_is_well(report: RunReport) -> bool | None:
    """Whether our account there is taken and in funds: it is once they have dealt with a request."""
    if report.account_trouble:
        return False
    if report.failure in OURS:
        return None
    made = report.state is RunState.SUCCEEDED or report.failure == UNUSABLE
    dealt_with = report.state is RunState.FAILED and not report.retryable and not report.unanswered
    return True if made or (dealt_with and report.failure != OVERDUE) else None


def provider_is_well(report: RunReport) -> bool | None:
    """Whether the provider makes this model, whoever asks.

    Success is what was delivered. What was refused for its content or its input, or stopped by its user, is
    the job's own; our account, and a pause that was asked for, are kept by other guards.
    """
    if report.state is RunState.SUCCEEDED:
        return True
    if report.account_trouble or report.retry_after_s or report.failure in OURS:
        return None
    if report.state is RunState.UNKNOWN:
        # A worker that died takes calls with it that only it could know of.
        return None
    return False if report.retryable or report.unanswered or report.failure == OVERDUE else None
