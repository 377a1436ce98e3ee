"""Images and chat through the official SDK."""

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.in_call import InCallProvider
from generation.adapters.outbound.providers.openai.caller import OpenAICaller
from generation.ports.answers import AnswerSpool


class OpenAIProvider(InCallProvider):
    """OpenAI, or whoever speaks its API at `base_url`."""

    def __init__(self, *, base_url: str, api_key: str, fetch: GuardedClient, spool: AnswerSpool) -> None:
        super().__init__(OpenAICaller(base_url=base_url, api_key=api_key, fetch=fetch), spool, name="openai")
