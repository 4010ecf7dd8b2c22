"""Small pictures of two distributions: what a column looked like in the reference and in the current window."""

from __future__ import annotations

import numpy as np

from console.drift.view import CategoryShape, Floats, NumericShape, Shape
from console.metrics.format import format_number
from console.reports.canvas import CHARACTER_PX, Canvas, shorten
from console.reports.scales import round_ticks, tick_texts

SCREEN, PAPER = (304, 144), (216, 120)
MOST_LABELS = 5
TAIL = 0.005           # what lies beyond this share on each end may be cut off if that frees half the picture


def draw_shape(shape: Shape, alt: str, size: tuple[int, int] = SCREEN) -> str:
    """As SVG in light colours: reference dashed and blue, current solid and orange."""
    canvas = Canvas(*size)
    if isinstance(shape, NumericShape):
        _outlines(canvas, shape)
    else:
        _bars(canvas, shape)
    return canvas.svg(alt)


def _outlines(canvas: Canvas, shape: NumericShape) -> None:
    """Two step outlines. Where bins differ in width the height is the share per width: area is what counts."""
    edges, reference, current = visible_bins(shape)
    top, ground = 8.0, canvas.height - 24.0
    if len(reference) == 0:
        canvas.words(canvas.width / 2, canvas.height / 2, "no values", anchor="center")
        return
    widths = np.diff(edges)
    heights = [side / widths for side in (reference, current)]
    highest = max(float(np.nanmax(side, initial=0.0)) for side in heights) or 1.0
    low, high = float(edges[0]), float(edges[-1])
    left, right = 8.0, canvas.width - 8.0
    x = left + (edges - low) / (high - low) * (right - left)
    canvas.line([left, right], [ground, ground], "rule")
    ticks = round_ticks(low, high, 5)
    last = -1e9
    for tick, text in zip(ticks, tick_texts(ticks), strict=True):
        place, half = left + (tick - low) / (high - low) * (right - left), len(text) * CHARACTER_PX / 2
        if low <= tick <= high and place - half > last and place + half < canvas.width and place - half > 0:
            canvas.line([place, place], [ground, ground + 4], "rule")
            canvas.words(place, ground + 17, text, anchor="center")
            last = place + half + 4
    for side, colour, dashes, width in ((heights[1], "current", (), 1.8), (heights[0], "reference", (4.0, 3.0), 1.6)):
        y = ground - np.nan_to_num(side) / highest * (ground - top)
        canvas.line(np.repeat(x, 2), np.concatenate([[ground], np.repeat(y, 2), [ground]]), colour,
                    width=width, dashes=dashes)


def visible_bins(shape: NumericShape) -> tuple[Floats, Floats, Floats]:
    """Edges (k + 1,) and both sides (k,) as drawn: open ends and long thin tails left out.

    The share of a bin without width (one value, many times) goes to its neighbour, so that nothing is lost.
    """
    edges = np.asarray(shape.edges, dtype=float)
    sides = np.nan_to_num(np.stack([shape.reference, shape.current]).astype(float))
    closed = np.isfinite(edges[:-1]) & np.isfinite(edges[1:])
    edges, sides = np.append(edges[:-1][closed], edges[1:][closed][-1:]), sides[:, closed]
    width = np.diff(edges) > 0
    if not width.any():
        return edges[:1], np.empty(0), np.empty(0)
    home = np.clip(np.cumsum(width) - 1, 0, None)
    sides = np.stack([np.bincount(home, side, minlength=int(width.sum())) for side in sides])
    edges = np.append(edges[:-1][width], edges[-1])
    mass = np.cumsum(sides, axis=1)
    inner = np.flatnonzero(((mass > TAIL) & (mass - sides < 1 - TAIL)).any(axis=0))
    if len(inner) and edges[inner[-1] + 1] - edges[inner[0]] < 0.5 * (edges[-1] - edges[0]):
        kept = slice(int(inner[0]), int(inner[-1]) + 1)
        return edges[kept.start:kept.stop + 1], sides[0, kept], sides[1, kept]
    return edges, sides[0], sides[1]


def _bars(canvas: Canvas, shape: CategoryShape) -> None:
    """A pair of bars for each value: reference above as a dashed outline, current below filled."""
    labels = shape.labels[:MOST_LABELS]
    names = [shorten(label, 14) for label in labels]
    left = 8.0 + CHARACTER_PX * max((len(name) for name in names), default=0) + 8
    right = canvas.width - 52.0
    highest = float(np.nanmax(np.concatenate([shape.reference, shape.current]), initial=0.0)) or 1.0
    row = (canvas.height - 8) / MOST_LABELS
    for index, name in enumerate(names):
        top = 4 + index * row
        canvas.words(left - 8, top + row / 2 + 3, name, "ink", anchor="right")
        before, now = float(shape.reference[index]), float(shape.current[index])
        x = left + before / highest * (right - left)
        canvas.box(left, top + 12, left + now / highest * (right - left), top + 21, "current", opacity=0.85)
        canvas.line([left, x, x, left], [top + 3, top + 3, top + 11, top + 11], "reference", width=1.2,
                    dashes=(3.0, 2.0))
        canvas.words(x + 5, top + 11, f"{format_number(before * 100)} %")
        canvas.words(left + now / highest * (right - left) + 5, top + 22, f"{format_number(now * 100)} %", "ink")
    canvas.line([left, left], [4, 4 + row * len(names)], "rule")
