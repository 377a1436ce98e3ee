"""Where a file came from, as it says itself to machines."""

from dataclasses import dataclass
from enum import StrEnum

from generation.domain.identifiers import ModelId


class DigitalSource(StrEnum):
    """IPTC's words (https://cv.iptc.org/newscodes/digitalsourcetype/)."""

    # A trained model made it from words alone.
    TRAINED = "trainedAlgorithmicMedia"
    # A trained model made it from somebody's pictures.
    TRAINED_COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
    # A program that was trained on nothing made it.
    ALGORITHMIC = "algorithmicMedia"
    # Such a program changed somebody's pictures.
    ALGORITHMICALLY_ENHANCED = "algorithmicallyEnhanced"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a file may tell everybody: no word of its user's, and not who that is."""

    model_id: ModelId
    source: DigitalSource


def digital_source(*, is_trained: bool, from_media: bool) -> DigitalSource:
    """Return the word for what a model made."""
    if is_trained:
        return DigitalSource.TRAINED_COMPOSITE if from_media else DigitalSource.TRAINED
    return DigitalSource.ALGORITHMICALLY_ENHANCED if from_media else DigitalSource.ALGORITHMIC
