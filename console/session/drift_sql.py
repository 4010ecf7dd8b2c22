"""SQL for the rows of a drift table: what gives the effect, or the counts that a test was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.roles import StreamKind
from console.store import quoted
from console.store.incident_rows import moment
from console.window import Window

if TYPE_CHECKING:
    from console.drift.view import ColumnDrift, DriftView
    from console.store import StreamInfo, Workspace


def drift_sql(store: Workspace, drift: DriftView) -> tuple[str, ...]:
    """One query for each row of the table, over the raw rows; "" where there is none.

    Of a Kolmogorov-Smirnov test and of missing values it gives the effect; of categories the two countings.
    """
    stream = max((one for one in store.streams() if one.kind is StreamKind.REQUESTS), key=lambda one: one.rows,
                 default=None)
    if stream is None or drift.reference is None or drift.current is None:
        return ("",) * len(drift.columns)
    stored = {column.name: column.stored for column in reversed(stream.columns)}
    return tuple(_of_row(stream, stored[row.column], row, drift.reference, drift.current)
                 if row.column in stored else "" for row in drift.columns)


def _of_row(stream: StreamInfo, stored: str, row: ColumnDrift, reference: Window, current: Window) -> str:
    name, before, now = quoted(stored), _within(reference), _within(current)
    if row.kind == "missing":
        return (f"SELECT avg(({name} IS NULL)::INTEGER) FILTER ({now})\n"
                f"     - avg(({name} IS NULL)::INTEGER) FILTER ({before}) AS value\nFROM {stream.rows_sql}")
    counts = (f"SELECT {name} AS v, count(*) FILTER ({before}) AS n_reference,\n"
              f"       count(*) FILTER ({now}) AS n_current\nFROM {stream.rows_sql}\n"
              f"WHERE {name} IS NOT NULL AND (({before}) OR ({now}))\nGROUP BY v")
    if row.test == "ks":
        inner = counts.replace("\n", "\n    ")
        return ("SELECT max(abs(f - g)) AS value FROM (\n"
                "  SELECT sum(n_reference) OVER (ORDER BY v) / sum(n_reference) OVER () AS f,\n"
                "         sum(n_current) OVER (ORDER BY v) / sum(n_current) OVER () AS g\n"
                f"  FROM (\n    {inner}))")
    return f"{counts}\nORDER BY n_reference + n_current DESC, v"


def _within(window: Window) -> str:
    return f"_ts >= {moment(window.start)} AND _ts < {moment(window.end)}"
