"""What the fields of the product's own models are called, for the catalogues: models name them in English.

A page says a field by `language.say`; of an operator's own model it stays as it is written there.
"""

from gateway.adapters.inbound.console.languages import gettext_noop

FIELD_WORDS = (
    gettext_noop("An upload, or what you made before."),
    gettext_noop("An upload, or what you made before. The film has its shape."),
    gettext_noop(
        "Chooses the colours where the words do not. Without one, a seed is drawn and shown with the result."
    ),
    gettext_noop("Chooses where the eye goes. Without one, a seed is drawn and shown with the result."),
    gettext_noop("Film"),
    gettext_noop(
        "What to change: black and white, sepia, tintype, mirrored, upside down, blurred, in lines, "
        "brighter, darker, a negative. Anything else chooses colours."
    ),
    gettext_noop("First picture"),
    gettext_noop("Last picture"),
    gettext_noop("One to three: uploads, or what you made before."),
    gettext_noop("Picture"),
    gettext_noop("Pictures"),
    gettext_noop("Times"),
    gettext_noop("What to change, 3 to 1000 characters."),
    gettext_noop("Aspect ratio"),
    gettext_noop("File format"),
    gettext_noop("Height"),
    gettext_noop("How much of the picture is painted over."),
    gettext_noop(
        "A picture as large as the first one: where it is clear, the first one is changed. "
        "Without it, anywhere."
    ),
    gettext_noop("Images"),
    gettext_noop("Instructions"),
    gettext_noop("Longest answer, in tokens"),
    gettext_noop("Mask"),
    gettext_noop("Prompt"),
    gettext_noop("Quality"),
    gettext_noop("Second picture"),
    gettext_noop("Seconds"),
    gettext_noop("Repeats a picture, except at BabySea, which takes no seed."),
    gettext_noop("Seed"),
    gettext_noop("Videos"),
    gettext_noop("Steps"),
    gettext_noop("Strength"),
    gettext_noop("Directions"),
    gettext_noop("How to read it: a mood, an accent, a pace."),
    gettext_noop("Text"),
    gettext_noop("Third picture"),
    gettext_noop("Voice"),
    gettext_noop("What to read aloud, up to 4000 characters."),
    gettext_noop("What happens"),
    gettext_noop("What to avoid"),
    gettext_noop("What to draw, 3 to 1000 characters."),
    gettext_noop(
        "The same prompt and seed draw the same picture. "
        "Without one, a seed is drawn and shown with the result."
    ),
    gettext_noop(
        "The same prompt and seed draw the same film. Without one, a seed is drawn and shown with the result."
    ),
    gettext_noop(
        "To see what a failure looks like: fail breaks on the way, stall never ends until you cancel it, "
        "refuse is turned down. None of them costs anything."
    ),
    gettext_noop("Width"),
)
