"""Which release of the product this is."""

from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path


@cache
def version() -> str:
    """Return the release, such as `0.2.0`.

    As it was installed; an image holds the sources alone, and VERSION where the repository has it.
    """
    try:
        return installed("tintype-chassis")
    except PackageNotFoundError:
        return (Path(__file__).parents[4] / "VERSION").read_text().strip()
