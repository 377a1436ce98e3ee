"""What the server's queue and history mean for a job."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generation.adapters.outbound.providers.failure_words import about_content, about_our_account
from generation.adapters.outbound.providers.refusals import ACCOUNT, CONTENT_REFUSED, RUN_FAILED
from generation.ports.media_provider import ProviderUnavailable, RunOutput, RunReport, RunState

OUTPUTS_MAX = 64
WORDS_MAX = 200
# In a queue's item: its number, of which the lowest is next, the run's id, and its graph.
NUMBER, ID, GRAPH = 0, 1, 2
Place = Mapping[str, str]


@dataclass(frozen=True)
class Queued:
    """A run that has not ended: it is being made, or waits for others."""

    is_running: bool
    graph: object
    # Among those that wait: 1 is the next one.
    place: int | None = None


def in_queue(queue: Mapping[str, Any], run_id: str) -> Queued | None:
    """Return a run as the queue has it; None where it does not.

    Raises ProviderUnavailable for what is no queue.
    """
    running, pending = queue.get("queue_running"), queue.get("queue_pending")
    if not isinstance(running, list) or not isinstance(pending, list):
        raise ProviderUnavailable("the answer is no queue")
    for is_running, items in ((True, running), (False, pending)):
        for item in items:
            if isinstance(item, list) and len(item) > GRAPH and item[ID] == run_id:
                return Queued(is_running, item[GRAPH], None if is_running else _place(item, items))
    return None


def _place(own: list[object], waiting: list[object]) -> int | None:
    """Return an item's place: the server keeps them as a heap, in no order that can be read off."""
    numbers = [item[NUMBER] for item in waiting if isinstance(item, list) and item]
    number = own[NUMBER]
    if not isinstance(number, int | float):
        return None
    return 1 + sum(isinstance(other, int | float) and other < number for other in numbers)


def report_on(history: Mapping[str, Any], run_id: str, fetched: Callable[[Place], RunOutput]) -> RunReport:
    """Return how a run ended; UNKNOWN where the history does not have it.

    Raises ProviderUnavailable for what is no history.
    """
    if run_id not in history:
        return RunReport(RunState.UNKNOWN)
    run = history[run_id]
    status = run.get("status") if isinstance(run, dict) else None
    if not isinstance(status, dict):
        raise ProviderUnavailable("the answer is no history")
    if status.get("status_str") == "success" and status.get("completed") is not False:
        outputs = tuple(fetched(place) for place in places(run.get("outputs")))
        return RunReport(RunState.SUCCEEDED, progress=1.0, outputs=outputs)
    if status.get("status_str") == "error":
        return _failed(dict(_messages(status.get("messages"))))
    raise ProviderUnavailable("the answer is no history")


def places(outputs: object) -> tuple[Place, ...]:
    """Return where the files are that the nodes of a graph saved, each once, in their order.

    What a node only showed is of type `temp`, and nobody's result.
    """
    nodes = outputs.values() if isinstance(outputs, dict) else ()
    found = {tuple(place.items()): place for node in nodes for place in _of_node(node)}
    return tuple(found.values())[:OUTPUTS_MAX]


def _of_node(node: object) -> Iterator[Place]:
    """Whatever its kind: `images`, and `gifs`, `videos` or `audio` of other nodes."""
    for files in node.values() if isinstance(node, dict) else ():
        for file in files if isinstance(files, list) else ():
            if isinstance(file, dict) and file.get("type") == "output" and file.get("filename"):
                place = {name: file.get(name) or "" for name in ("filename", "subfolder", "type")}
                if all(isinstance(value, str) for value in place.values()):
                    yield place


def _messages(messages: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, list) and len(message) == 2 and isinstance(message[1], dict):
            yield str(message[0]), message[1]


def _failed(told: Mapping[str, Mapping[str, Any]]) -> RunReport:
    """Return why a run failed, as far as its words tell; they go nowhere."""
    if "execution_interrupted" in told:
        # Stopped by nobody that we know of: another try may do better.
        return RunReport(RunState.CANCELLED, retryable=True)
    said = told.get("execution_error", {}).get("exception_message")
    if about_content(said):
        return RunReport(RunState.FAILED, failure=CONTENT_REFUSED)
    if about_our_account(said):
        return RunReport(RunState.FAILED, failure=ACCOUNT, retryable=True, account_trouble=True)
    return RunReport(RunState.FAILED, failure=RUN_FAILED, retryable=True)


def wrong_in(told: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a graph, by its nodes and inputs: their values may be somebody's words."""
    nodes = told.get("node_errors")
    found = []
    for node_id, node in nodes.items() if isinstance(nodes, dict) else ():
        errors = node.get("errors") if isinstance(node, dict) else None
        for error in errors if isinstance(errors, list) else ():
            info = error.get("extra_info") if isinstance(error, dict) else None
            name = info.get("input_name") if isinstance(info, dict) else None
            if isinstance(error, dict):
                found.append(f"{node_id} {node.get('class_type')}.{name}: {error.get('type')}"[:WORDS_MAX])
    return found[:OUTPUTS_MAX]
