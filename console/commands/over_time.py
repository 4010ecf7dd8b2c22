"""What `pilothouse drift --over-time` prints."""

from __future__ import annotations

from typing import Any

import typer

from console.commands.common import iso, say
from console.drift.course_view import CourseRow, CourseView
from console.metrics.format import format_span, format_window
from console.window import from_epoch

MARKS = " .:-=+*#"
"""From what does not matter to five times the alarm limit."""


def document(view: CourseView) -> dict[str, Any]:
    """The JSON document. Values are null where a bucket has too few rows."""
    relative = view.relative
    return {"kind": view.kind.value, "verdict": view.verdict.value, "onset": iso(view.onset, relative=relative),
            "onset_low": iso(view.onset_low, relative=relative), "onset_high": iso(view.onset_high, relative=relative),
            "sentence": view.sentence,
            "like": None if view.match is None else {
                "from": iso(view.match.window.start, relative=relative),
                "to": iso(view.match.window.end, relative=relative), "like": view.match.like,
                "distance": view.match.distance, "column": view.match.column, "sentence": view.match.sentence},
            "reference": {"from": iso(view.reference.start, relative=relative),
                          "to": iso(view.reference.end, relative=relative)},
            "current": {"from": iso(view.current.start, relative=relative),
                        "to": iso(view.current.end, relative=relative)},
            "bucket_seconds": view.bucket_s,
            "buckets": [{"start": iso(from_epoch(start), relative=relative), "rows": int(rows)}
                        for start, rows in zip(view.starts_s.tolist(), view.rows_n.tolist(), strict=True)],
            "rows": [_row(row, relative=relative) for row in view.rows], "notes": list(view.notes),
            "command": view.command, "seconds": round(view.seconds, 6)}


def _row(row: CourseRow, *, relative: bool) -> dict[str, Any]:
    return {"column": row.column, "title": row.title, "what": row.what, "group": row.group.value,
            "measure": row.measure, "kind": row.kind.value, "verdict": row.verdict.value,
            "onset": iso(row.onset, relative=relative), "onset_low": iso(row.onset_low, relative=relative),
            "onset_high": iso(row.onset_high, relative=relative), "ends": iso(row.ends, relative=relative),
            "size": row.size, "before": row.before, "after": row.after, "runner_up": row.runner_up or None,
            "bic_gap": row.bic_gap, "season": row.season or None, "sentence": row.sentence,
            "values": row.values.tolist(), "n": [int(n) for n in row.n.tolist()], "alarms": row.alarms.tolist()}


def tell(view: CourseView) -> None:
    """A line a row: kind, the course in marks, the sentence."""
    say(f"Against {format_window(view.reference, relative=view.relative)}, {len(view.starts_s)} buckets of "
        f"{format_span(view.bucket_s)}")
    for row in view.rows:
        marks = "".join(MARKS[min(len(MARKS) - 1, int(shade * len(MARKS)))] for shade in row.shades.tolist())
        typer.echo(f"{row.kind.value.replace('_', ' '):<10}|{marks}| {row.sentence}")
    for note in view.notes:
        say(note)
    say(view.sentence)
    if view.match is not None:
        say(view.match.sentence)
