"""How an answer in CSV is described."""

from collections.abc import Sequence
from typing import Any


def csv_of(columns: Sequence[str]) -> dict[str, Any]:
    """Return the description of a table with these columns, for `responses`: it comes as a file."""
    return {
        "headers": {"Content-Disposition": {"$ref": "#/components/headers/Content-Disposition"}},
        "content": {
            "text/csv": {
                "schema": {
                    "type": "string",
                    "description": "RFC 4180. The first row names the columns; more may be added at the end.",
                },
                "example": ",".join(columns) + "\r\n",
            }
        },
    }
