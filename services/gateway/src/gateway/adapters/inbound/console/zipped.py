"""Files as one ZIP, with a text in it that names what is missing."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from gateway.adapters.inbound.archive import File, Member, Missing, archived
from gateway.domain.generation import Output
from gateway.ports.output_files import OutputFiles

PROBLEMS = "problems.txt"


def zipped(
    members: Sequence[tuple[str, Output]], files: OutputFiles, *, now: datetime
) -> AsyncIterator[bytes]:
    """Yield a ZIP of these; one that can't be read whole is named in a text at its end."""
    return archived(_files(members), files, now=now, ending=_problems)


async def _files(members: Sequence[tuple[str, Output]]) -> AsyncIterator[Member]:
    for name, output in members:
        yield File(name, output)


def _problems(_: Sequence[str], missing: Sequence[Missing]) -> tuple[str, str] | None:
    return (PROBLEMS, "".join(f"{each.name}: {each.why}\n" for each in missing)) if missing else None
