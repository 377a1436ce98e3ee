"""Use case: tell whoever has a plan what it opens, once the catalogue says something else than was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from billing.application.publish_change import opened_by, publish_change
from billing.domain.catalogue import Catalogue
from billing.domain.identifiers import PlanId, UserId
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 100

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class TellEntitlementsHandler:
    """What was told is kept, so that a change of the configuration is seen by whoever starts with it.

    Several may run: each looks again under the lock of the user's plans. A plan that the catalogue has no
    more keeps what it opened, as it waits for the catalogue in everything else.
    """

    units: UnitsOfWork
    catalogue: Catalogue
    clock: Clock

    async def __call__(self) -> int:
        """Tell everybody for whom it changed, and return how many they were."""
        opened = {plan.plan_id: plan.entitlements for plan in self.catalogue.plans}
        told = 0
        after: UserId | None = None
        while found := await self._page(opened, after):
            for user_id in found:
                try:
                    told += await self._tell(user_id)
                except Exception as failure:  # noqa: BLE001 - whatever it is: the next look finds them again
                    log.warning("a plan's words can't be told", user_id=user_id, error=repr(failure))
            after = found[-1]
        if told:
            log.info("plans open something else than before", subscribers=told)
        return told

    async def _page(self, opened: Mapping[PlanId, Sequence[str]], after: UserId | None) -> Sequence[UserId]:
        async with self.units.of_system() as work:
            return await work.told_otherwise(opened, after=after, limit=BATCH_MAX)

    async def _tell(self, user_id: UserId) -> bool:
        async with self.units.of_system() as work:
            await work.lock_plans(user_id)
            live = await work.live_subscription(user_id)
            plan = self.catalogue.find_plan(live.plan_id) if live else None
            if live is None or plan is None:
                return False
            if await work.told_entitlements(user_id) == opened_by(plan, live.standing):
                return False
            await publish_change(work, live, plan, self.clock.now(), standing=live.standing)
        return True
