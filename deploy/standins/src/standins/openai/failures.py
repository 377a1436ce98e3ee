"""The errors that a `fail` marker can name."""

from __future__ import annotations

from standins.openai.errors import OpenAIError

SHORTEST_PAUSE_S = 1


def failure(name: str, *, retry_after_s: int | None = None) -> OpenAIError:
    """Return the error that a name stands for; `retry_after_s` adds the header to any of them."""
    error = _failure(name, retry_after_s)
    if retry_after_s is not None:
        error.headers["retry-after"] = str(retry_after_s)
    return error


def _failure(name: str, retry_after_s: int | None) -> OpenAIError:
    match name:
        case "moderation":
            message = "Your request was rejected by the safety system."
            return OpenAIError(message, kind="image_generation_user_error", code="moderation_blocked")
        case "quota":
            message = "You exceeded your current quota, please check your plan and billing details."
            return OpenAIError(message, status=429, kind="insufficient_quota", code="insufficient_quota")
        case "401":
            return OpenAIError("Incorrect API key provided.", status=401, code="invalid_api_key")
        case "402":
            return OpenAIError("Insufficient Balance", status=402, kind="unknown_error")
        case "403":
            return OpenAIError(
                "Country, region, or territory not supported.", status=403, code="unsupported_country"
            )
        case "429":
            pause_s = SHORTEST_PAUSE_S if retry_after_s is None else retry_after_s
            return OpenAIError(
                f"Rate limit reached. Please try again in {pause_s}s.",
                status=429,
                kind="requests",
                code="rate_limit_exceeded",
                headers={
                    "retry-after": str(pause_s),
                    "retry-after-ms": str(pause_s * 1000),
                    "x-ratelimit-remaining-requests": "0",
                },
            )
        case "503":
            message = "The engine is currently overloaded, please try again later."
            return OpenAIError(message, status=503, kind="service_unavailable_error", code="overloaded")
        case "500":
            message = "The server had an error while processing your request. Sorry about that!"
            return OpenAIError(message, status=500, kind="server_error")
        case "502" | "504":
            return OpenAIError("Bad gateway.", status=int(name), kind="server_error")
        case _:
            return OpenAIError(f"The stand-in knows no failure called '{name}'.", code="invalid_value")
