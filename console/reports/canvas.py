"""A sheet to draw on, in pixels from the top left, that becomes a small and clean SVG.

A drawing needs lines, boxes and words, and no more: written here it takes a fiftieth of the time that a plotting
library took (0.3 s a chart, half of a report), and brings no ids, style sheets or fonts into a page that has its own.

Text stays text: it can be searched and selected, and is drawn with the reader's font.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Literal

import numpy as np

from console.metrics.view import Floats
from console.reports.palette import NAME_OF, PALETTE

Anchor = Literal["left", "center", "right"]

TEXT_PX = 11
"""Of all text in a drawing; a little smaller than the page's small text."""

CHARACTER_PX = 6.4
"""Mean width of a character at that size, on the wide side: used to keep labels apart."""

_ANCHORS = {"left": "", "center": "text-anchor: middle; ", "right": "text-anchor: end; "}
_TAG = re.compile(r"<[a-z][^<>]*>")   # in data `<` is always escaped, so this never meets text from a log


class Canvas:
    """Draws lines, boxes and words; the last thing drawn lies on top."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def line(self, x: Floats | Sequence[float], y: Floats | Sequence[float], colour: str, *, width: float = 1.0,
             dashes: tuple[float, ...] = ()) -> None:
        """A polyline; NaN breaks it."""
        places = _path(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        dashed = f"stroke-dasharray: {','.join(f'{length:g}' for length in dashes)}; " if dashes else ""
        self._parts.append(f'<path d="{places}" style="fill: none; {dashed}stroke: {PALETTE[colour][0]}; '
                           f'stroke-width: {width:g}"/>')

    def box(self, left: float, top: float, right: float, bottom: float, colour: str, *, opacity: float = 1.0) -> None:
        """A filled box without an edge."""
        faint = f"; opacity: {opacity:g}" if opacity < 1 else ""
        self._parts.append(f'<path d="M{_px(left)} {_px(top)}H{_px(right)}V{_px(bottom)}H{_px(left)}z" '
                           f'style="fill: {PALETTE[colour][0]}{faint}"/>')

    def words(self, x: float, y: float, words: str, colour: str = "muted", *, anchor: Anchor = "left",
              bold: bool = False) -> None:
        """One line of text; y is its baseline."""
        weight = "font-weight: 700; " if bold else ""
        self._parts.append(f'<text style="{weight}font-size: {TEXT_PX}px; {_ANCHORS[anchor]}fill: '
                           f'{PALETTE[colour][0]}" x="{_px(x)}" y="{_px(y)}">{escape(words, quote=False)}</text>')

    def svg(self, alt: str) -> str:
        """The drawing with its light colours; `themed` makes it follow the page."""
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" role="img" '
                f'aria-label="{escape(alt)}" stroke-linejoin="round"><g>{"".join(self._parts)}</g></svg>')


def _path(x: Floats, y: Floats) -> str:
    """To a tenth of a pixel, finer than any screen; points that would lie on each other are one."""
    parts, last, broken = [], "", True
    for across, down in zip(x.tolist(), y.tolist(), strict=True):
        if across - across != 0 or down - down != 0:        # not finite
            broken = True
            continue
        place = f"{_px(across)} {_px(down)}"
        if broken or place != last:
            parts.append(f"{'M' if broken else 'L'}{place}")
        last, broken = place, False
    return "".join(parts)


def _px(value: float) -> str:
    """Ten-thousandths would only make the file large."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def shorten(words: str, characters: int) -> str:
    """Names from logs may be as long as they like; a label may not. The middle is left out."""
    if len(words) <= characters:
        return words
    head = characters // 2
    return f"{words[:head]}…{words[len(words) - (characters - 1 - head):]}"


def themed(svg: str) -> str:
    """The same drawing with the page's variables for colours, so that it follows light, dark and print."""
    return _TAG.sub(lambda tag: re.sub(r"#[0-9a-f]{6}", _variable, tag.group()), svg)


def _variable(colour: re.Match[str]) -> str:
    name = NAME_OF.get(colour.group())
    return f"var(--{name})" if name else colour.group()
