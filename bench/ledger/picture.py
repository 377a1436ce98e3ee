"""The figures as a picture: one group of bars a situation, drawn without a library."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 860, 250, 110
BAR, GAP, HEAD, FOOT = 20, 8, 40, 30
OURS, THEIRS, QUIET, INK, SOFT = "#2f6fde", "#b9c0cc", "#d9a441", "#1c2330", "#667085"

# What is drawn, from top to bottom: the figure, what it is called, and its colour.
BARS = (
    ("pgbench_spread_ops_s", "pgbench, 10,000 accounts", THEIRS),
    ("batch_spread_ops_s", "ApplyBatch, 10,000 accounts", OURS),
    ("pgbench_hot_ops_s", "pgbench, one account", THEIRS),
    ("batch_hot_ops_s", "ApplyBatch, one account", OURS),
    ("coalesced_ops_s", "coalescing client, 1000 callers", OURS),
    ("unary_ops_s", "unary calls, 32 callers", OURS),
    ("noop_unary_ops_s", "unary calls that do nothing", THEIRS),
    ("relay_events_s", "relay, events", QUIET),
)


def picture(phases: Mapping[str, Mapping[str, float]]) -> str:
    """Return an SVG of the phases, by title, on one scale."""
    most = max(figures.get(name, 0) for figures in phases.values() for name, _, _ in BARS) or 1
    parts: list[str] = []
    top = HEAD + 14
    for title, figures in phases.items():
        parts.append(_text(20, top + 4, title, size=15, bold=True))
        top += 22
        for name, label, colour in BARS:
            if name in figures:
                parts += _bar(top, label, figures[name], figures[name] / most, colour)
                top += BAR + GAP
        top += 24
    height = top + FOOT - 40
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        f' width="{WIDTH}" height="{height}" role="img" font-family="system-ui, sans-serif">',
        "<title>The ledger beside pgbench</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(20, 24, "Commands a second (reserve and charge alike); more is better", size=12, fill=SOFT),
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _bar(top: int, label: str, value: float, part: float, colour: str) -> list[str]:
    length = max(2.0, part * (WIDTH - LEFT - RIGHT))
    return [
        _text(LEFT - 12, top + BAR - 5, label, size=13, anchor="end"),
        f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" rx="3" fill="{colour}"/>',
        _text(LEFT + length + 8, top + BAR - 5, f"{value:,.0f}", size=13),
    ]


def _text(
    x: float, y: float, words: str, *, size: int, bold: bool = False, fill: str = INK, anchor: str = "start"
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{weight}>'
        f"{escape(words)}</text>"
    )
