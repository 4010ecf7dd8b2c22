"""A sheet to draw on, in pixels from the top left, that becomes a small and clean SVG.

matplotlib writes the SVG; what it adds for files of their own (ids, style sheet, white ground, fonts by name) is taken
out, because several drawings share one page, and the page's fonts and colours rule.

Text stays text (it can be searched and selected, and is drawn with the reader's font) and is never read as mathematics:
a column may well be called `$x$`.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Literal

import numpy as np

from console.metrics.view import Floats
from console.reports.palette import NAME_OF, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Anchor = Literal["left", "center", "right"]

TEXT_PX = 11
"""Of all text in a drawing; a little smaller than the page's small text."""

CHARACTER_PX = 6.4
"""Mean width of a character at that size, on the wide side: used to keep labels apart."""

_SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "pilothouse", "text.parse_math": False, "text.usetex": False,
             "path.simplify": True, "path.simplify_threshold": 0.1}
_one_at_a_time = threading.Lock()     # matplotlib's settings are one for the whole process
_TAG = re.compile(r"<[a-z][^<>]*>")   # in data `<` is always escaped, so this never meets text from a log
_NUMBER = re.compile(r"-?\d+\.\d+")


class Canvas:
    """Draws lines, boxes and words; the last thing drawn lies on top."""

    def __init__(self, width: int, height: int) -> None:
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / 72, height / 72))
        self._axes: Axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_xlim(0, width)
        self._axes.set_ylim(height, 0)
        self._axes.set_axis_off()
        self._order = 0

    def line(self, x: Floats | Sequence[float], y: Floats | Sequence[float], colour: str, *, width: float = 1.0,
             dashes: tuple[float, ...] = ()) -> None:
        """A polyline; NaN breaks it."""
        from matplotlib.lines import Line2D

        drawn = Line2D(np.asarray(x), np.asarray(y), color=PALETTE[colour][0], linewidth=width,
                       solid_capstyle="butt", clip_on=False, zorder=self._next())
        if dashes:
            drawn.set_linestyle((0, tuple(length / width for length in dashes)))
        self._axes.add_line(drawn)

    def box(self, left: float, top: float, right: float, bottom: float, colour: str, *, opacity: float = 1.0) -> None:
        """A filled box without an edge."""
        from matplotlib.patches import Rectangle

        self._axes.add_patch(Rectangle((left, top), right - left, bottom - top, facecolor=PALETTE[colour][0],
                                       edgecolor="none", linewidth=0, alpha=opacity, clip_on=False,
                                       zorder=self._next()))

    def words(self, x: float, y: float, words: str, colour: str = "muted", *, anchor: Anchor = "left",
              bold: bool = False) -> None:
        """One line of text; y is its baseline."""
        self._axes.text(x, y, words, color=PALETTE[colour][0], fontsize=TEXT_PX, ha=anchor, va="baseline",
                        fontweight="bold" if bold else "normal", parse_math=False, clip_on=False, zorder=self._next())

    def svg(self, alt: str) -> str:
        """The drawing with its light colours; `themed` makes it follow the page."""
        from matplotlib import rc_context
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        out = io.BytesIO()
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        with _one_at_a_time, warnings.catch_warnings(), rc_context(_SETTINGS):  # type: ignore[arg-type]
            warnings.simplefilter("ignore")        # a glyph that matplotlib's own font lacks: the reader's has it
            FigureCanvasSVG(self._figure).print_svg(out, metadata=nothing)  # type: ignore[no-untyped-call]
        return _cleaned(out.getvalue().decode(), self.width, self.height, alt)

    def _next(self) -> int:
        self._order += 1
        return self._order


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


def _cleaned(svg: str, width: int, height: int, alt: str) -> str:
    body = svg[svg.index('<g id="axes_1"'): svg.rindex("</g>")]
    body = _TAG.sub(_clean_tag, body)
    body = re.sub(r">\s+<", "><", body)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'aria-label="{escape(alt)}" stroke-linejoin="round">{body}</svg>')


def _clean_tag(tag: re.Match[str]) -> str:
    text = re.sub(r' (id|transform)="[^"]*"', "", tag.group())
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    text = re.sub(r"stroke-dashoffset: 0;? ?", "", text)
    return re.sub(r' (d|x|y)="([^"]*)"', lambda found: f' {found[1]}="{_rounded(found[2])}"', text)


def _rounded(numbers: str) -> str:
    """To a tenth of a pixel: finer than any screen, and a third of the size."""
    return _NUMBER.sub(lambda number: f"{float(number.group()):.1f}".removesuffix(".0"), numbers).replace("\n", "")
