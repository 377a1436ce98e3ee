"""Chats that run in the call itself, as the generation service runs them."""

from collections.abc import AsyncGenerator
from typing import Protocol

from gateway.domain.chat import ChatEvent, NewChat
from gateway.domain.identifiers import AccountId


class InteractiveGenerations(Protocol):
    """Runs chats: accepted, then chunks as they come, then ended."""

    def run(self, account_id: AccountId, new: NewChat) -> AsyncGenerator[ChatEvent, None]:
        """Run a chat, and pass on what comes of it, no faster than it is taken.

        Closing it stops the chat: what came until then is charged. Under a known key of a chat that ended its
        answer comes as one chunk; none comes of one that is not kept any more.

        Before `ChatAccepted`, and nothing runs then, raises InvalidRequest, NotFound (UNKNOWN_MODEL),
        Forbidden (ENTITLEMENT_REQUIRED, KEY_LIMIT_REACHED), InsufficientCredits, IdempotencyKeyReused,
        Conflict (GENERATION_RUNNING), RateLimited (TOO_MANY_STREAMS) and Unavailable; later Unavailable where
        the service went away.
        """
        ...
