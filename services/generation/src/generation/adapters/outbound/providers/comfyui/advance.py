"""How far a run is, of what the server tells while it runs. It decides nothing."""

import math
from collections.abc import Mapping
from typing import Any

# The run is over, well or not: the history says which.
ENDS = frozenset({"execution_success", "execution_error", "execution_interrupted"})


class Advance:
    """One run's share: its nodes by their weights, those that were done before and remembered among them."""

    def __init__(self, run_id: str, weights: Mapping[str, int]) -> None:
        self._run_id = run_id
        self._weights = weights
        self._done: set[str] = set()
        self._parts: dict[str, float] = {}
        self._current: str | None = None
        self._share = 0.0
        self.is_over = False

    @property
    def share(self) -> float:
        """Between 0 and 1; it never goes back."""
        total = sum(self._weights.values())
        if total:
            done = sum(weight * self._part(node_id) for node_id, weight in self._weights.items())
            self._share = max(self._share, min(1.0, done / total))
        return self._share

    def hear(self, message: object) -> None:
        """Take in one message of the socket; whatever makes no sense, or is another run's, is passed over."""
        data = message.get("data") if isinstance(message, dict) else None
        if not isinstance(message, dict) or not isinstance(data, dict):
            return
        if data.get("prompt_id") != self._run_id:
            return
        kind, node_id = message.get("type"), data.get("node")
        if kind in ENDS:
            self.is_over = True
        elif kind == "execution_cached":
            cached = data.get("nodes")
            self._done.update(map(str, cached) if isinstance(cached, list) else ())
        elif kind == "executing":
            self._moves_to(node_id)
        elif kind == "executed":
            self._done.add(str(node_id))
        elif kind == "progress":
            self._parts[str(node_id)] = _share(data)
        elif kind == "progress_state":
            self._see(data.get("nodes"))

    def _moves_to(self, node_id: object) -> None:
        if self._current is not None:
            self._done.add(self._current)
        self._current = str(node_id) if node_id is not None else None

    def _see(self, nodes: object) -> None:
        for node_id, node in nodes.items() if isinstance(nodes, dict) else ():
            if not isinstance(node, dict):
                continue
            if node.get("state") == "finished":
                self._done.add(str(node_id))
            else:
                self._parts[str(node_id)] = _share(node)

    def _part(self, node_id: str) -> float:
        return 1.0 if node_id in self._done else self._parts.get(node_id, 0.0)


def _share(told: Mapping[str, Any]) -> float:
    value, most = told.get("value"), told.get("max")
    if isinstance(value, bool) or not isinstance(value, int | float) or not isinstance(most, int | float):
        return 0.0
    share = value / most if most else 0.0
    return min(1.0, max(0.0, share)) if math.isfinite(share) else 0.0
