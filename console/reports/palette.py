"""The colours of a report by meaning, light and dark. The only place in this room that names a colour.

From Wong's palette (Nature Methods 8, 2011, 441), which people with any colour vision can tell apart. Blue is the
reference and orange is the current window, here as everywhere; so curves take neither. Nothing is said by colour
alone: reference is dashed and current solid, curves differ in dashes, verdicts in shape and word.
"""

from __future__ import annotations

PALETTE: dict[str, tuple[str, str]] = {
    "paper": ("#fffffe", "#17191c"),
    "ink": ("#1c1e21", "#e7e5e1"),
    "muted": ("#5b6066", "#a3a8ad"),
    "rule": ("#d5d8dc", "#3a3e43"),
    "grid": ("#e6e8eb", "#2b2f33"),
    "shade": ("#f5f6f7", "#1f2226"),
    "reference": ("#0072b2", "#56b4e9"),
    "current": ("#e69f00", "#f0b440"),
    "second": ("#009e73", "#35c79f"),
    "third": ("#cc79a7", "#e29ac2"),
    "fourth": ("#8a7a00", "#f0e442"),
    "alarm": ("#c24e00", "#f08a4b"),
}
"""Name to (light, dark). All light ones differ, so that a drawing in light colours can be told back to names."""

CURVES: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("ink", ()),
    ("second", (5, 2)),
    ("third", (7, 2, 1.5, 2)),
    ("fourth", (2, 2)),
    ("muted", (9, 3)),
)
"""Colour and dashes (lengths on and off, in pixels) of the first, second, ... curve of a chart."""


def css_variables(side: int) -> str:
    """`--ink: #1c1e21; ...` for a style sheet; side 0 is light, 1 is dark."""
    return " ".join(f"--{name}: {colours[side]};" for name, colours in PALETTE.items())


NAME_OF: dict[str, str] = {colours[0]: name for name, colours in PALETTE.items()}
"""From a light colour back to its name."""
