"""Run a chat for a caller whose proof stands."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from gateway.application.standing_proofs import StandingProofs
from gateway.application.until import until
from gateway.domain.chat import ChatEvent, NewChat
from gateway.domain.user import Principal
from gateway.ports.interactive_generations import InteractiveGenerations


@dataclass(frozen=True)
class RunChatHandler:
    """Passes a chat on as it comes, until it has ended."""

    interactive: InteractiveGenerations
    proofs: StandingProofs

    def __call__(self, principal: Principal, new: NewChat) -> AsyncGenerator[ChatEvent, None]:
        """Begin a chat when it is first read; it breaks off, without its end, once the proof has ended.

        Raises Forbidden (MODEL_NOT_ALLOWED), and what `InteractiveGenerations.run` raises. Closing it stops
        the chat.
        """
        principal.require_model(new.model_id)
        return until(self.proofs.ended(principal), self.interactive.run(principal.user_id, new))
