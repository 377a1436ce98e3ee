"""Checks inputs against a model's schema."""

from collections.abc import Mapping
from typing import Any, Protocol

from generation.domain.model import Model


class InputChecker(Protocol):
    """Knows JSON Schema 2020-12."""

    def checked(self, model: Model, job: Mapping[str, Any]) -> dict[str, Any]:
        """Return the input with its defaults filled in. Raises InvalidInput naming each wrong field."""
        ...
