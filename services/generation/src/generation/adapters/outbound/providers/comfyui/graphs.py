"""A graph as it is sent: the catalogue's template, filled in, with what only we can know of it.

A graph is what ComfyUI exports as "API format": nodes by id, each with `class_type` and `inputs`.
"""

from collections.abc import Mapping
from typing import Any

# Of every node that writes files: what their names begin with.
PREFIX = "filename_prefix"
STEPS = "steps"
STEPS_MAX = 10_000


def sent(graph: Mapping[str, Any], *, names: Mapping[str, str], run_id: str) -> dict[str, Any]:
    """Return the graph with the files of ours under their names there, and its own files under the run's.

    A node whose inputs are those of an earlier run is not run again: its answer would be that run's file.
    With a name of its own the files of each run are new ones, whatever the server remembers.
    """
    nodes = {}
    for node_id, node in graph.items():
        if not isinstance(node, Mapping) or not isinstance(inputs := node.get("inputs"), Mapping):
            nodes[node_id] = node
            continue
        filled = {name: _named(value, names) for name, value in inputs.items()}
        if isinstance(prefix := filled.get(PREFIX), str):
            filled[PREFIX] = f"{prefix}-{run_id}"
        nodes[node_id] = {**node, "inputs": filled}
    return nodes


def weights(graph: object) -> dict[str, int]:
    """Return how much of a run each node is: one, or as many as the steps that it takes."""
    nodes = graph.items() if isinstance(graph, Mapping) else ()
    return {str(node_id): _steps(node) for node_id, node in nodes}


def _named(value: Any, names: Mapping[str, str]) -> Any:
    return names.get(value, value) if isinstance(value, str) else value


def _steps(node: object) -> int:
    inputs = node.get("inputs") if isinstance(node, Mapping) else None
    steps = inputs.get(STEPS) if isinstance(inputs, Mapping) else None
    is_count = isinstance(steps, int) and not isinstance(steps, bool) and 1 <= steps <= STEPS_MAX
    return steps if is_count and isinstance(steps, int) else 1
