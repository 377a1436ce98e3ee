"""What is understood of a chat completion request, and the most that it can use."""

import json
from typing import Any

import pytest
from generation.domain.chat import CHAT_BYTES_MAX, IMAGE_TOKENS_MAX, SMALL_IMAGE_TOKENS_MAX, Chat, read_chat
from generation.domain.counting import TEMPLATE_TOKENS_MAX
from generation.domain.errors import InvalidInput
from generation.domain.identifiers import ModelId
from generation.domain.model import Model
from generation_house import shipped_models

USER = {"role": "user", "content": "Tell me of foxes."}
PICTURE = "data:image/png;base64," + "A" * 5000


def model() -> Model:
    """The shipped one that chats."""
    return shipped_models().model(ModelId("openai/chat"))


def read(is_streamed: bool = True, **chat: Any) -> Chat:
    """A chat with one message, but for what is said."""
    return read_chat(json.dumps({"messages": [USER]} | chat).encode(), model(), is_streamed=is_streamed)


def fields(sent: bytes | None = None, *, is_streamed: bool = True, **chat: Any) -> set[str]:
    """Which fields are wrong."""
    sent = json.dumps({"messages": [USER]} | chat).encode() if sent is None else sent
    with pytest.raises(InvalidInput) as error:
        read_chat(sent, model(), is_streamed=is_streamed)
    return set(error.value.field_violations)


def test_it_is_priced_by_what_it_may_use() -> None:
    """The prompt once, by its bytes, and each of the answers at its longest."""
    one, three = read(max_tokens=100), read(max_tokens=100, n=3)
    sent = len(json.dumps({"messages": [USER], "max_tokens": 100}))
    assert one.units == sent + TEMPLATE_TOKENS_MAX + 100
    assert (three.choices, three.units - three.prompt_tokens_max) == (3, 300)


def test_the_limit_may_have_either_name() -> None:
    """And where it has none, the model's usual one is sent along."""
    assert (read(max_completion_tokens=7).tokens_max, read(max_tokens=7).tokens_max) == (7, 7)
    assert read(max_completion_tokens=7, max_tokens=9).tokens_max == 9
    assert (read().tokens_max, read().document["max_tokens"]) == (1024, 1024)
    assert "max_tokens" not in read(max_completion_tokens=7).document


def test_a_picture_counts_as_one_and_not_by_its_bytes() -> None:
    """Whatever its size; a small one counts less."""
    without = read(messages=[{"role": "user", "content": [image("https://example.com/1.png")]}])
    large = read(messages=[{"role": "user", "content": [image(PICTURE)]}])
    small = read(messages=[{"role": "user", "content": [image(PICTURE, detail="low")]}])
    assert large.units == without.units
    extra = len(', "detail": "low"')
    assert large.units - small.units == IMAGE_TOKENS_MAX - SMALL_IMAGE_TOKENS_MAX - extra


def test_a_file_in_the_chat_counts_by_its_bytes() -> None:
    """As text does."""
    part = {
        "type": "file",
        "text": None,
        "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
    }
    sent = [{"role": "user", "content": [part]}]
    size = len(json.dumps({"messages": sent, "max_tokens": 5}))
    assert read(messages=sent, max_tokens=5).prompt_tokens_max == size + TEMPLATE_TOKENS_MAX


def image(url: str, **more: str) -> dict[str, Any]:
    """A part that is a picture."""
    return {"type": "image_url", "image_url": {"url": url, **more}}


def test_what_is_not_known_is_passed_on() -> None:
    """As it was sent."""
    tools = [
        {"type": "function", "function": {"name": "look", "parameters": {"deep": [{"er": {"still": 1}}]}}}
    ]
    asked = {"tools": tools, "response_format": {"type": "json_object"}, "seed": 7, "of_next_year": [1.5]}
    assert asked.items() <= read(**asked).document.items()


def test_the_last_question_is_what_the_library_shows() -> None:
    """Cut to what is kept; of parts the texts."""
    said = [
        USER,
        {"role": "assistant", "content": "No."},
        {"role": "user", "content": [{"type": "text", "text": "x" * 5000}]},
    ]
    chat = read(messages=[*said, {"role": "tool", "content": "42", "tool_call_id": "1"}], n=2)
    assert chat.kept == {"prompt": "x" * 4000, "max_tokens": 1024, "output_count": 2}
    assert chat.texts == ["Tell me of foxes.", "No.", "x" * 5000, "42"]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("chat", "field"),
    [
        ({"messages": None}, "chat.messages"),
        ({"messages": [USER] * 2049}, "chat.messages"),
        ({"messages": ["hello"]}, "chat.messages"),
        ({"messages": [{"content": "hello"}]}, "chat.messages[0].role"),
        ({"messages": [USER, {"role": "user", "content": 7}]}, "chat.messages[1].content"),
        ({"messages": [{"role": "user", "content": "\0"}]}, "chat.messages[0].content"),
        ({"messages": [{"role": "user", "content": ["text"]}]}, "chat.messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "chat.messages[0].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [image("file:///etc/passwd")]}]},
            "chat.messages[0].content[0].image_url.url",
        ),
        *(
            ({"messages": [{"role": "user", "content": [part]}]}, f"chat.messages[0].content[0].{field}")
            for part, field in (
                ({"type": "video_url", "video_url": {"url": "https://a/long.mp4"}}, "type"),
                ({"type": "input_image", "image_url": "https://a/b"}, "type"),
                ({"type": "file", "file": {"file_id": "file-1"}}, "file"),
                ({"type": "file", "file": {"file_id": "file-1", "file_data": "data:a/b;base64,AA"}}, "file"),
                ({"type": "file", "file": {"file_data": "https://a/book.pdf"}}, "file"),
                ({"type": "file", "file": "file-1"}, "file"),
                ({"type": "refusal", "refusal": "No.", "text": "\0"}, "text"),
                ({"type": "refusal", "refusal": "No.", "text": ["No."]}, "text"),
            )
        ),
        ({"messages": [{"role": "user", "content": [image("https://a/b")] * 65}]}, "chat.messages"),
        ({"max_tokens": 0}, "chat.max_tokens"),
        ({"max_tokens": True}, "chat.max_tokens"),
        ({"max_completion_tokens": 16385}, "chat.max_completion_tokens"),
        ({"n": "two"}, "chat.n"),
        ({"tools": {}}, "chat.tools"),
        ({"tools": [{}] * 257}, "chat.tools"),
        ({"functions": [1]}, "chat.functions"),
        ({"stream_options": 1}, "chat.stream_options"),
        ({"model": "gpt-4"}, "chat.model"),
        ({"stream": True}, "chat.stream"),
        ({"modalities": ["text", "audio"]}, "chat.modalities"),
        ({"service_tier": "priority"}, "chat.service_tier"),
        ({"store": True}, "chat.store"),
        ({"store": 0.5}, "chat.store"),
        ({"web_search_options": {}}, "chat.web_search_options"),
        ({"models": ["dear/model"]}, "chat.models"),
        ({"plugins": [{"id": "web"}]}, "chat.plugins"),
        ({"search_parameters": {"mode": "on"}}, "chat.search_parameters"),
        (
            {"tools": [{"type": "function", "function": {"name": "look"}}, {"type": "web_search"}]},
            "chat.tools",
        ),
        ({"tools": [{"type": ["function"]}]}, "chat.tools"),
    ],
)
def test_what_is_wrong_is_said_by_its_field(chat: dict[str, Any], field: str) -> None:
    """Each, and nothing else."""
    assert fields(**chat) == {field}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"messages": NaN}',
        b'{"seed": 1e999}',
        b'{"user": "\\ud83d"}',
        b"[" * 100_000,
        b" " * (CHAT_BYTES_MAX + 1),
    ],
)
def test_what_is_no_object_is_refused(sent: bytes) -> None:
    """Whatever it is."""
    assert fields(sent) == {"chat"}


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """So that nobody has to ask five times."""
    assert fields(messages=[], n=0, max_tokens=-1) == {"chat.messages", "chat.n", "chat.max_tokens"}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "name",
    [
        *("api_base", "base_url", "api_key", "api_version", "API_KEY", "organization", "deployment_id"),
        *("custom_llm_provider", "litellm_params", "litellm_credential_name", "mock_response"),
        *("aws_access_key_id", "vertex_credentials", "azure_ad_token", "openai_api_key", "default_api_base"),
        *("headers", "extra_headers", "extra_body", "extra_query", "user_config", "model_list"),
        *("route", "provider", "models", "fallbacks", "preset", "plugins", "lora_path"),
        *("metadata", "callbacks", "success_callback", "tags", "guardrails", "cache", "input_cost_per_token"),
        *("kv_transfer_params", "bootstrap_host", "enable_search"),
        *("azure", "ssl_verify", "client_secret", "provider_specific_header", "use_litellm_proxy"),
        *("context_window_fallbacks", "base_model", "model_info", "text_completion", "prompt_id"),
        *("langfuse_host", "gcs_path_service_account", "posthog_host", "braintrust_host", "dd_agent_host"),
        *("slack_webhook_url", "turn_off_message_logging"),
    ],
)
def test_whom_we_call_and_who_pays_is_not_the_callers(name: str) -> None:
    """Whoever passes chats on would take it for our word: refused by its name; null asks for nothing."""
    assert fields(**{name: "https://evil.example"}) == {f"chat.{name}"}
    assert fields(**{name: {}}) == {f"chat.{name}"}
    assert name not in read(**{name: None}).document


@pytest.mark.parametrize("habit", [{"user": "u-1"}, {"store": False}, {"store": None}, {"user": {"a": 1}}])
def test_what_clients_say_by_habit_goes_no_further(habit: dict[str, Any]) -> None:
    """It is taken, and nobody is sent it: an end user's name would be one of our account's."""
    assert read(**habit).document == read().document


def test_what_a_model_understands_is_passed_on() -> None:
    """Unseen, whatever it is."""
    own = {
        "temperature": 0.2,
        "top_k": 40,
        "chat_template_kwargs": {"enable_thinking": False},
        "reasoning_effort": "low",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "logit_bias": {"50256": -100},
        "response_format": {"type": "json_object"},
    }
    assert read(**own).document.items() >= own.items()


def test_many_that_are_refused_are_bounded() -> None:
    """An answer names a few of them."""
    assert len(fields(**{f"api_{number}": 1 for number in range(500)})) <= 20
