"""Jobs that begin in the call itself, as the generation service runs them."""

from collections.abc import AsyncGenerator
from typing import Protocol

from gateway.domain.chat import ChatEvent, NewChat
from gateway.domain.generation import NewGeneration
from gateway.domain.identifiers import AccountId
from gateway.domain.preview import PreviewEvent


class InteractiveGenerations(Protocol):
    """Runs chats: accepted, then chunks as they come, then ended. Shows pictures while they are made."""

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

    def preview(
        self, account_id: AccountId, new: NewGeneration, *, previews_max: int
    ) -> AsyncGenerator[PreviewEvent, None]:
        """Create a generation, and show its picture while it is made: accepted, previews, over.

        It is the one that `Generations.create` makes of the same key: it goes on whoever leaves, and its end
        is told as any other's. Fewer previews may come than were asked for, and none of a known key's.

        Before `PreviewsAccepted` raises what `Generations.create` does, and, where nothing is begun, Conflict
        (PREVIEWS_NOT_OFFERED), RateLimited (TOO_MANY_STREAMS) and Unavailable (CHATS_NOT_OFFERED); later
        Unavailable where the service went away, which says nothing of the generation.
        """
        ...
