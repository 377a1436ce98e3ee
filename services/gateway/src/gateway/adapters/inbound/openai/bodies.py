"""Bodies as OpenAI's clients send them: open, because each model has fields of its own."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

ModelName = Annotated[str, Field(min_length=1, max_length=129, examples=["local/sketch"])]
FALLBACKS_MAX = 8


class OpenaiBody(BaseModel):
    """A JSON object whose known fields have the exact types, and which may have others."""

    model_config = ConfigDict(
        extra="allow", strict=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    model: ModelName
    """A model's id, or a name that this installation gave to one."""
    models: Annotated[list[ModelName], Field(max_length=FALLBACKS_MAX, default_factory=list)]
    """Models to ask in this order when `model` is not there or comes to nothing; of chats also when away."""

    def wanted(self) -> list[str]:
        """Return the models in the order in which they are asked, each once."""
        return list(dict.fromkeys([self.model, *self.models]))

    def others(self) -> Mapping[str, Any]:
        """Return the fields that are not declared."""
        return dict(self.model_extra or {})
