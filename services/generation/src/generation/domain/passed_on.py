"""Which fields of a chat are the operator's alone: who is called, with whose key, and who pays.

What a provider's model understands is passed on unseen. But a provider may itself be somebody who passes
chats on (LiteLLM, OpenRouter, an inference server's router), and takes such words from the body as its own
caller's, who is the operator.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# What a caller's client says by habit, and what asks for nothing then: taken, and not passed on. `user` would
# choose an end user's budget of the operator's account.
LEFT_OUT: Mapping[str, tuple[Any, ...] | None] = {"user": None, "store": (False,)}
# Where a call goes, and with whose key or account.
_ADDRESSED = (
    "base_url",
    "azure",
    "ssl_verify",
    "tenant_id",
    "client_id",
    "client_secret",
    "deployment_id",
    "custom_llm_provider",
    "use_litellm_proxy",
    "provider_specific_header",
    "organization",
    "project",
    "region_name",
    "headers",
    "extra_headers",
    "extra_query",
    "extra_body",
    "user_config",
    "model_list",
    "specific_deployment",
    "kv_transfer_params",
    "vllm_xargs",
    "bootstrap_host",
    "bootstrap_port",
    "bootstrap_room",
)
# Another model than the one that was priced, or an answer that no model gave.
_ROUTED = (
    "route",
    "routes",
    "provider",
    "models",
    "fallbacks",
    "context_window_fallbacks",
    "context_window_fallback_dict",
    "content_policy_fallbacks",
    "base_model",
    "model_info",
    "text_completion",
    "prompt_id",
    "preset",
    "lora_path",
    "lora_request",
    "plugins",
)
# What is kept, told or counted at the operator's account.
_KEPT = (
    "metadata",
    "store",
    "cache",
    "caching",
    "callbacks",
    "slack_webhook_url",
    "turn_off_message_logging",
    "tags",
    "guardrails",
    "num_retries",
    "max_retries",
    "session_id",
    "trace",
    "no-log",
)
# What costs something that no token counts.
_DEARER = (
    "web_search_options",
    "search_parameters",
    "search_options",
    "search_settings",
    "enable_search",
    "audio",
)
NOT_PASSED_ON = frozenset((*_ADDRESSED, *_ROUTED, *_KEPT, *_DEARER))
# Names by which whole families of settings begin and end.
_FAMILIES = re.compile(
    r"(api_|azure_|aws_|vertex_|watsonx_|sagemaker_|litellm_|mock_).*"
    r"|(langfuse_|langsmith_|gcs_|arize_|posthog_|braintrust_|lunary_|dd_).*"
    r"|.*(_api_key|_api_base|_base_url|_callback|_cost_per_\w+|_credentials)"
)


def fields_not_passed_on(document: Mapping[str, Any]) -> Iterator[str]:
    """Tell the names of those that a caller set; what is null asks for nothing."""
    for name, value in document.items():
        if value is None or (name in LEFT_OUT and ((habits := LEFT_OUT[name]) is None or value in habits)):
            continue
        if _is_the_operators(name):
            yield name


def passed_on(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a provider is sent of a chat that sets none of them."""
    left_out = {name for name in document if name in LEFT_OUT or _is_the_operators(name)}
    return {name: value for name, value in document.items() if name not in left_out} if left_out else document


def _is_the_operators(name: str) -> bool:
    lower = name.lower()
    return lower in NOT_PASSED_ON or _FAMILIES.fullmatch(lower) is not None
