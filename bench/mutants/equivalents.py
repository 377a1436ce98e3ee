"""Mutants that behave as the original does, each with its reason: `equivalents.toml`."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded.mutants import Mutant

FILE = Path(__file__).with_name("equivalents.toml")


@dataclass(frozen=True)
class Equivalent:
    """A change that no test can notice. Lines move, so that it is known by its texts."""

    module: str
    before: str
    after: str
    reason: str
    function: str | None = None

    def is_of(self, mutant: Mutant) -> bool:
        """Whether it is this mutant."""
        known = (self.module, self.function, self.before, self.after)
        return known == (mutant.module, mutant.function, mutant.before, mutant.after)


def listed(file: Path = FILE) -> list[Equivalent]:
    """Return all of them. Raises TypeError for one without a reason."""
    return [Equivalent(**entry) for entry in tomllib.loads(file.read_text()).get("equivalent", [])]


def outdated(equivalents: Iterable[Equivalent], made: Sequence[Mutant]) -> list[Equivalent]:
    """Return those of these modules that no mutant is: the code moved on."""
    modules = {mutant.module for mutant in made}
    return [
        equivalent
        for equivalent in equivalents
        if equivalent.module in modules and not any(equivalent.is_of(mutant) for mutant in made)
    ]
