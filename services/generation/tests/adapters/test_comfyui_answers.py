"""ComfyUI's own: what its history, its socket and its refusals say, whatever shape they come in."""

import contextlib
from typing import Any

import pytest
from generation.adapters.outbound.providers.comfyui.advance import Advance
from generation.adapters.outbound.providers.comfyui.answers import in_queue, places, report_on, wrong_in
from generation.adapters.outbound.providers.comfyui.graphs import sent, weights
from generation.adapters.outbound.providers.comfyui.settings import Settings
from generation.ports.media_provider import ProviderUnavailable, RunReport, RunState
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

ID = "11111111-1111-5111-8111-111111111111"
A, B = ({"filename": f"{name}.png", "subfolder": "", "type": "output"} for name in "ab")
SUCCESS = {"status_str": "success", "completed": True, "messages": []}
FIELDS = [ID, "status", "status_str", "outputs", "images", "filename", "type", "messages", "prompt_id"]
FIELDS += ["data", "queue_running", "queue_pending", "node_errors", "errors", "nodes", "node", "value", "max"]
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["output", "error", "success", ID]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def reported(**run: Any) -> RunReport:
    """What a run of the history amounts to."""
    return report_on({ID: run}, ID, lambda place: place)  # type: ignore[arg-type, return-value]


def failed(word: str, **told: Any) -> RunReport:
    """What a run amounts to that ended with this message."""
    messages = [["execution_start", {"prompt_id": ID}], [word, {"prompt_id": ID, **told}]]
    return reported(
        status={"status_str": "error", "completed": False, "messages": messages}, outputs={"9": A}
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("outputs", "found"),
    [
        ({"9": {"images": [A, B]}}, [A, B]),
        ({"9": {"images": [A]}, "12": {"images": [A, B], "animated": [True]}}, [A, B]),
        ({"9": {"gifs": [A]}, "10": {"videos": [B], "text": ["words"]}}, [A, B]),
        ({"9": {"images": [{**A, "type": "temp"}, {**B, "type": "input"}]}}, []),
        ({"9": {"images": [{"filename": "a.png", "type": "output"}]}}, [A]),
        (
            {
                "9": {
                    "images": [
                        {**A, "filename": ""},
                        {**A, "filename": None},
                        {**A, "filename": 7},
                        {"type": "output"},
                    ]
                }
            },
            [],
        ),
        ({"9": {"images": [{**A, "subfolder": ["x"]}]}}, []),
        ({"9": {"images": A}, "10": [A], "11": None}, []),
        ({}, []),
        (None, []),
        ([A], []),
        ({"9": {"images": [{**A, "filename": f"{n}.png"} for n in range(1_000)]}}, None),
    ],
)
def test_what_was_saved_is_delivered_once(outputs: object, found: list[dict[str, str]] | None) -> None:
    """In its order, of every kind; previews are nobody's, and there is an end to it."""
    made = places(outputs)
    assert list(made) == found if found is not None else len(made) == 64
    assert reported(status=SUCCESS, outputs=outputs).outputs == made


@pytest.mark.parametrize(
    ("report", "state", "reason", "retryable", "ours"),
    [
        (failed("execution_interrupted"), RunState.CANCELLED, None, True, False),
        (
            failed("execution_error", exception_message="CUDA out of memory"),
            RunState.FAILED,
            "PROVIDER_FAILED",
            True,
            False,
        ),
        (
            failed("execution_error", exception_message="Prompt was flagged by moderation"),
            RunState.FAILED,
            "CONTENT_REFUSED",
            False,
            False,
        ),
        (
            failed("execution_error", exception_message="Payment Required: add credits"),
            RunState.FAILED,
            "PROVIDER_FAILED",
            True,
            True,
        ),
        (
            failed("execution_error", exception_message={"a": 1}),
            RunState.FAILED,
            "PROVIDER_FAILED",
            True,
            False,
        ),
        (failed("something_new"), RunState.FAILED, "PROVIDER_FAILED", True, False),
    ],
)
def test_a_failure_is_told_by_its_words(
    report: RunReport, state: RunState, reason: str | None, retryable: bool, ours: bool
) -> None:
    """They go nowhere, and nothing of it is delivered."""
    assert (report.state, report.retryable, report.account_trouble, report.outputs) == (
        state,
        retryable,
        ours,
        (),
    )
    assert (report.failure.reason if report.failure else None) == reason
    assert report.failure is None or "CUDA" not in report.failure.detail


@pytest.mark.parametrize(
    "run",
    [
        {},
        {"status": None, "outputs": {"9": {"images": [A]}}},
        {"status": {"status_str": "success", "completed": False}},
        {"status": {"status_str": "running"}},
        {"status": "success"},
    ],
)
def test_what_is_no_end_is_no_verdict(run: dict[str, Any]) -> None:
    """Nobody guesses."""
    with pytest.raises(ProviderUnavailable):
        reported(**run)


def test_a_place_is_how_many_come_before() -> None:
    """By the numbers, whose order the list does not have; who runs has none."""
    items = [[7, "c", {}, {}, []], [3, "a", {}, {}, []], [5, ID, {}, {}, []], "x", []]
    found = in_queue({"queue_running": [[1, "r", {}]], "queue_pending": items}, ID)
    assert found is not None
    assert found.place == 2
    for number in (None, "5"):
        strange = in_queue({"queue_running": [], "queue_pending": [[number, ID, {}]]}, ID)
        assert strange is not None
        assert strange.place is None


def test_a_queue_says_who_runs_and_who_waits() -> None:
    """By our id alone; a queue in which it is not says nothing of it."""
    item = [0, ID, {"3": {}}, {}, ["9"]]
    other = [1, "another", {}, {}, []]
    running = in_queue({"queue_running": [other, item], "queue_pending": []}, ID)
    waiting = in_queue({"queue_running": [other], "queue_pending": ["x", [], item]}, ID)
    assert running is not None
    assert waiting is not None
    assert (running.is_running, waiting.is_running, running.graph) == (True, False, {"3": {}})
    assert in_queue({"queue_running": [other], "queue_pending": []}, ID) is None


@given(document=DOCUMENTS)
def test_whatever_is_said_is_read_or_no_verdict(document: Any) -> None:
    """Nothing of it raises anything else."""
    told = document if isinstance(document, dict) else {ID: document}
    for read in (lambda: report_on(told, ID, lambda place: place), lambda: in_queue(told, ID)):  # type: ignore[arg-type, return-value]
        with contextlib.suppress(ProviderUnavailable):
            read()  # type: ignore[no-untyped-call]
    wrong_in(told)
    advance = Advance(ID, {"3": 1})
    advance.hear(document)
    advance.hear({"type": "progress_state", "data": {"prompt_id": ID, "nodes": document}})
    advance.hear({"type": "execution_cached", "data": {"prompt_id": ID, "nodes": document}})
    assert 0 <= advance.share <= 1


def said(kind: str, **data: Any) -> dict[str, Any]:
    """A message of the socket about our run."""
    return {"type": kind, "data": {"prompt_id": ID, **data}}


def test_progress_is_the_share_of_nodes_and_steps() -> None:
    """A sampler's steps weigh as many nodes; what was remembered is done; it never goes back."""
    graph = {"3": {"inputs": {"steps": 8}}, "4": {"inputs": {"steps": True}}, "9": {}}
    advance = Advance(ID, weights(graph))
    assert advance.share == 0
    advance.hear(said("execution_cached", nodes=["4"]))
    assert advance.share == pytest.approx(1 / 10)
    advance.hear(said("executing", node="3"))
    advance.hear(said("progress", node="3", value=4, max=8))
    assert advance.share == pytest.approx(5 / 10)
    advance.hear(said("progress", node="3", value=1, max=8))
    advance.hear(said("progress", node="3", value=9, max=0))
    advance.hear({"type": "progress", "data": {"prompt_id": "another", "node": "3", "value": 8, "max": 8}})
    assert advance.share == pytest.approx(5 / 10)
    advance.hear(said("progress_state", nodes={"3": {"state": "finished"}, "9": {"value": 1, "max": 2}}))
    assert advance.share == pytest.approx(9.5 / 10)
    advance.hear(said("executing", node="9"))
    advance.hear(said("executing", node=None))
    assert (advance.share, advance.is_over) == (1, False)
    advance.hear(said("execution_success"))
    assert advance.is_over


def test_a_graph_has_our_files_and_names_of_its_own() -> None:
    """A server that remembers an earlier run's nodes makes new files all the same; links stay as they are."""
    graph = {
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "fox", "images": ["8", 0]}},
        "10": {"class_type": "LoadImage", "inputs": {"image": "upl_1", "choose": "file"}},
        "11": {"class_type": "SaveImage", "inputs": {"filename_prefix": ["12", 0], "images": ["8", 0]}},
        "12": "no node",
    }
    made = sent(graph, names={"upl_1": "tintype/upl_1.png [temp]"}, run_id=ID)
    assert made["9"]["inputs"] == {"filename_prefix": f"fox-{ID}", "images": ["8", 0]}
    assert made["10"]["inputs"] == {"image": "tintype/upl_1.png [temp]", "choose": "file"}
    assert (made["11"], made["12"]) == (graph["11"], "no node")
    assert graph["9"]["inputs"]["filename_prefix"] == "fox"  # type: ignore[index]


def test_what_is_wrong_with_a_graph_is_told_without_its_words() -> None:
    """Nodes and inputs have names of the operator's; values may be anybody's."""
    info = {"input_name": "ckpt_name", "received_value": "a secret fox"}
    errors = [
        {"type": "value_not_in_list", "details": "a secret fox", "extra_info": info},
        "x",
        {"type": "odd"},
    ]
    told = {"node_errors": {"4": {"class_type": "CheckpointLoaderSimple", "errors": errors}, "5": None}}
    assert wrong_in(told) == [
        "4 CheckpointLoaderSimple.ckpt_name: value_not_in_list",
        "4 CheckpointLoaderSimple.None: odd",
    ]


def test_a_proxy_is_let_in_by_one_of_two_ways() -> None:
    """A key, a name and a password, neither; never both."""
    url = "https://comfy.example"
    made = [
        Settings.model_validate({"base_url": url, **way}).headers
        for way in ({}, {"api_key": "k"}, {"basic_auth": "ada:pass:word"})
    ]
    assert made == [{}, {"authorization": "Bearer k"}, {"authorization": "Basic YWRhOnBhc3M6d29yZA=="}]
    for way in ({"api_key": "k", "basic_auth": "a:b"}, {"basic_auth": "ab"}):
        with pytest.raises(ValidationError):
            Settings.model_validate({"base_url": url, **way})
