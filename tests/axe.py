"""Deque's axe-core on a page: what breaks WCAG 2.0 to 2.2 A or AA, in words that name the element."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).parent / "e2e" / "vendor" / "axe.min.js"
LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
EVERYTHING: dict[str, Any] = {"runOnly": {"type": "tag", "values": LEVELS}}
# Of what axe looks for, all that another scheme of colours can change.
COLOURS: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
_RUN = """async (options) => {
  // Not before the page is drawn in the scheme that was just chosen.
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const {violations} = await axe.run(document, {...options, resultTypes: ["violations"]});
  return violations.flatMap(({id, nodes}) => nodes.map(({target, failureSummary}) =>
    `${id}: ${target.join(" ")}: ${failureSummary}`));
}"""


def violations(page: Page) -> list[str]:
    """Return what is wrong with the page as it stands: light and dark, on a desktop and on a phone.

    The page is moved while it shows nothing of motion, so that no colour is measured half way.
    """
    page.evaluate(_source())
    found = []
    for device, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]  # a TypedDict of its own
        for scheme, wanted in (("light", EVERYTHING), ("dark", COLOURS)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # a literal
            found += [f"{device}, {scheme}: {said}" for said in page.evaluate(_RUN, wanted)]
    return found


@cache
def _source() -> str:
    return SOURCE.read_text()
