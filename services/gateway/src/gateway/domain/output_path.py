"""Where outputs are read that generation keeps itself."""

from gateway.domain.identifiers import OutputId


def content_path(output_id: OutputId) -> str:
    """Return the path of an output's bytes."""
    return f"/v1/outputs/{output_id}/content"
