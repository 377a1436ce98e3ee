"""The shape of a tile, before and after its picture is there."""

from gateway.domain.generation import Generation, Modality

# tiles.css has a class for each twentieth between these.
_STEP, _LEAST, _MOST = 20, 6, 60
_TEXT = 1.0
# Where no picture will come there are words, and a button below them.
_WORDS_LEAST = 1.0
# Of a side that was asked for; a model may take any text there.
_DIGITS_MAX = 5


def ratio_of(generation: Generation) -> float:
    """Return width by height: of the first output, else as asked for, else a square."""
    for output in generation.outputs[:1]:
        if output.width and output.height:
            return output.width / output.height
    asked = str(generation.input.get("ratio", "")).split(":")
    if (
        generation.modality is not Modality.TEXT
        and len(asked) == 2
        and all(side.isdecimal() and len(side) <= _DIGITS_MAX for side in asked)
    ):
        width, height = int(asked[0]), int(asked[1])
        return width / height if height else _TEXT
    return _TEXT


def shape_class(generation: Generation) -> str:
    """Return the number in the name of a tile's class: twentieths, within what a row can hold."""
    ratio = ratio_of(generation)
    if generation.status.is_final and not generation.outputs:
        ratio = max(ratio, _WORDS_LEAST)
    return str(min(max(round(ratio * _STEP), _LEAST), _MOST))
