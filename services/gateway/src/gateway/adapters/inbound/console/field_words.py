"""What the fields of the product's own models are called, for the catalogues: models name them in English.

A page says a field by `language.say`; of an operator's own model it stays as it is written there.
"""

from gateway.adapters.inbound.console.languages import gettext_noop

FIELD_WORDS = (
    gettext_noop("Aspect ratio"),
    gettext_noop("File format"),
    gettext_noop("Images"),
    gettext_noop("Instructions"),
    gettext_noop("Longest answer, in tokens"),
    gettext_noop("Prompt"),
    gettext_noop("Quality"),
    gettext_noop("Seconds"),
    gettext_noop("Seed"),
    gettext_noop("Videos"),
    gettext_noop("What happens"),
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
)
