"""What is asked of every provider that a stand-in answers for, and what its stand-in is told to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random
from typing import Any
from uuid import uuid4

FLUX = {"ratio": "1:1"}
SMALL = {"width": 256, "height": 256}
# A model of each, with the smallest of its pictures.
MODELS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "replicate": ("bfl/flux-schnell", FLUX),
    "babysea": ("bfl/flux-schnell", FLUX),
    "fal": ("bfl/flux-schnell", FLUX),
    "comfydeploy": ("pixio/krea-flux", SMALL),
    "comfyui": ("comfyui/flux-schnell", SMALL),
    "openai": ("openai/gpt-image-1", {"quality": "low"}),
    "local": ("local/sketch", {}),
}
# Whoever knows a key of ours: a job that was submitted there is never submitted again.
KEYED = ("babysea", "comfyui")
# A submit that is turned away, or whose answer is lost; a run that can't be delivered at first, or ever.
HARMLESS = ("", "", "rate_limited:1", "busy:1", "error:1", "page:1", "lost:1", "early", "wrong_type", "")
SPOILT = ("fail:1", "no_files:1", "html:1", "truncated", "private", "gone", "refuse", "empty:1", "unpaid:1")
OPENAI_WORDS = ("", "", "fail:429:1]][[retry_after:1", "fail:503:1", "stall:2", "cut", "answer:gif", "")
LOCAL_INPUTS: tuple[Mapping[str, Any], ...] = ({}, {}, {}, {"simulate": "fail"}, {"simulate": "refuse"}, {})
CANCELLED_EVERY = 9
# For whoever has no words of its own: nobody is told what to expect.
STANDING_ORDER = {
    "polls": ["", "error", "", "rate_limited", "page", "", "busy", ""],
    "webhooks": ["", "dropped", "doubled", "late", "swapped", "forged"],
    "late_s": 1.0,
}


@dataclass(frozen=True)
class Asked:
    """A job: its request, which of its providers is first, and what is known of its end."""

    model: str
    given: Mapping[str, Any]
    providers: tuple[str, ...]
    prompt: str
    is_cancelled: bool
    # Nothing that it is in for makes anybody submit it again.
    is_bought_once: bool

    @property
    def body(self) -> dict[str, Any]:
        """What is posted."""
        given = {**self.given, "prompt": self.prompt}
        return {"model": self.model, "input": given, "provider_order": list(self.providers)}


def jobs(count: int) -> Iterator[Asked]:
    """So many, over all providers in turn: each by itself, and now and then with the others behind it."""
    chance = Random(count)
    turns, openai_words, local_inputs = cycle(MODELS), cycle(OPENAI_WORDS), cycle(LOCAL_INPUTS)
    for number, provider in enumerate(islice(turns, count)):
        model, given = MODELS[provider]
        if provider == "openai":
            word = next(openai_words)
        else:
            word = "" if provider == "local" else chance.choice(chance.choice((HARMLESS, SPOILT)))
        more = next(local_inputs) if provider == "local" else {}
        yield Asked(
            model=model,
            given={**given, **more},
            providers=_order(provider, has_company=number % 3 == 0),
            prompt=f"a fox {uuid4().hex}" + (f" [[{word}]]" if word else ""),
            is_cancelled=number % CANCELLED_EVERY == 5,
            is_bought_once=word in HARMLESS,
        )


def _order(provider: str, *, has_company: bool) -> tuple[str, ...]:
    model, _ = MODELS[provider]
    behind = [name for name, (other, _) in MODELS.items() if other == model and name != provider]
    return (provider, *behind) if has_company else (provider,)
