"""OpenAI's error envelope."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError
from starlette.responses import JSONResponse, Response


class OpenAIError(Exception):
    """A refusal as the API phrases it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
        self.headers = dict(headers or {})

    def response(self, headers: Mapping[str, str]) -> Response:
        """Render the `{"error": ...}` envelope."""
        return JSONResponse(self.body, status_code=self.status, headers={**headers, **self.headers})


def from_validation(error: ValidationError) -> OpenAIError:
    """Phrase the first problem of a request body."""
    problem = error.errors()[0]
    param = str(problem["loc"][0]) if problem["loc"] else ""
    param += "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"][1:])
    match problem["type"]:
        case "missing":
            return OpenAIError(
                f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
            )
        case "extra_forbidden":
            return OpenAIError(f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")
        case "literal_error":
            message = (
                f"Invalid value: '{problem['input']}'. Supported values are: {problem['ctx']['expected']}."
            )
            return OpenAIError(message, param=param, code="invalid_value")
        case "json_invalid":
            return OpenAIError("We could not parse the JSON body of your request.")
        case _:
            return OpenAIError(f"Invalid '{param}': {problem['msg']}.", param=param, code="invalid_value")
