"""What the table of columns shows while a window is dragged: rows that move their bars and keep their places."""

from __future__ import annotations

from collections.abc import Sequence

from console.drift.view import DriftPreview, PreviewRow, Verdict
from console.metrics.format import format_count, format_span
from widgets.panels.drift_table import TableRow

ORDER = tuple(Verdict)
Place = tuple[str, str]
MOST_NAMED = 5


def places_of(rows: Sequence[TableRow], view: DriftPreview) -> tuple[Place, ...]:
    """The order that rows keep for a whole drag: as they stand now; those that do not, and all of them where none do,
    by what the first frame says."""
    standing = [(row.column, row.kind) for row in rows]
    counted = {(row.column, row.kind) for row in view.columns}
    new = sorted((row for row in view.columns if (row.column, row.kind) not in standing),
                 key=lambda row: (ORDER.index(row.verdict), -abs(row.effect), row.column, row.kind))
    return tuple(place for place in standing if place in counted) + tuple((row.column, row.kind) for row in new)


def in_places(view: DriftPreview, places: Sequence[Place]) -> tuple[PreviewRow, ...]:
    """Its rows in that order; rows that came since stand behind."""
    by_place = {(row.column, row.kind): row for row in view.columns}
    return tuple([by_place.pop(place) for place in places if place in by_place]) + tuple(by_place.values())


def small_text(view: DriftPreview, then: str) -> str:
    """Under the sentence: what stands behind a preview, and what comes after it."""
    rows = f"{format_count(view.n_reference)} rows in the reference, {format_count(view.n_current)} in the current " \
           "window"
    out = f"; without {_named(view.left_out)}, for which there is no room" if view.left_out else ""
    return f"Preview, counted in steps of {format_span(view.step_s)}: {rows}{out}. {then}"


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
