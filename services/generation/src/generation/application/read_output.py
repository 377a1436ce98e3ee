"""Reads an output that is kept inline, for whoever has a grant."""

from dataclasses import dataclass

from generation.domain.errors import AddressEnded, OutputNotFound
from generation.domain.identifiers import OutputId
from generation.domain.output import Output, Part
from generation.ports.clock import Clock
from generation.ports.read_grants import ReadGrants
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ReadOutputHandler:
    """Sees the account of the grant alone. Raises AddressEnded without a grant, OutputNotFound with one."""

    units: UnitsOfWork
    grants: ReadGrants
    clock: Clock

    async def __call__(self, output_id: OutputId, signature: str) -> tuple[Output, bytes]:
        """Return what is known of it, and its bytes."""
        grant = self.grants.open(signature)
        if grant is None or grant.output_id != output_id or self.clock.now() >= grant.expires_at:
            raise AddressEnded("this address opens nothing, or no longer")
        async with self.units.of(grant.account_id) as work:
            found = [each for each in await work.outputs.with_ids([output_id]) if each.is_inline]
            content = await work.outputs.text(output_id, Part.CONTENT) if found else None
        if content is None:
            raise OutputNotFound("no such output")
        return found[0], content
