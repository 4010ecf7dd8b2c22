"""Results that an incident has attached, as sections of finished strings."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from console.metrics.format import format_count, format_number, format_time, format_window
from console.reports.numbers import DASH, Table, value_text
from console.reports.results import Cell, Result, ResultColumn, ResultTable

if TYPE_CHECKING:
    from console.reports.arrange import Chart
    from console.reports.view import Figure, ReportView

SMALL = 0.001
Visible = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class ResultTables:
    """One table; `marks` goes with its rows: "recommended" or ""."""

    title: str
    table: Table
    marks: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class ResultSection:
    """One result. made: when it was kept, and about which time."""

    title: str
    made: str
    sentences: tuple[str, ...]
    tables: tuple[ResultTables, ...]
    charts: tuple[Chart, ...]
    notes: tuple[str, ...]
    command: str


def sections(view: ReportView, draw: Callable[[Figure], Chart], visible: Visible) -> tuple[ResultSection, ...]:
    """In the order in which they were attached."""
    return tuple(_section(one, draw, visible) for one in view.results)


def _section(one: Result, draw: Callable[[Figure], Chart], visible: Visible) -> ResultSection:
    about = f" It is about {format_window(one.window, relative=one.relative)}." if one.window is not None else ""
    return ResultSection(
        visible(one.title), f"Kept on {format_time(one.made)}, as it was seen then.{about}",
        tuple(map(visible, one.sentences)),
        tuple(_table(table, visible, relative=one.relative) for table in one.tables if table.rows),
        tuple(draw(figure) for figure in one.figures), tuple(map(visible, one.notes)), one.command)


def _table(one: ResultTable, visible: Visible, *, relative: bool) -> ResultTables:
    rows = tuple(tuple(cell_text(cell, column, visible, relative=relative)
                       for cell, column in zip(row, one.columns, strict=True)) for row in one.rows)
    return ResultTables(visible(one.title), Table(tuple(visible(column.title) for column in one.columns),
                                                  tuple(column.number for column in one.columns), rows),
                        tuple("recommended" if place == one.marked else "" for place in range(len(rows))),
                        visible(one.note))


def cell_text(cell: Cell, column: ResultColumn, visible: Visible, *, relative: bool) -> str:
    """As people read it; an interval behind its value."""
    match cell:
        case None:
            return DASH
        case bool():
            return "yes" if cell else "no"
        case str():
            return visible(cell)
        case datetime():
            return format_time(cell, relative=relative)
        case int():
            return format_count(cell)
        case float():
            return value_text(cell, column.unit)
    value, low, high = cell
    if not math.isfinite(value):
        return DASH
    text = value_text(value, column.unit) if column.unit else _plain(value)
    if not (math.isfinite(low) and math.isfinite(high)):
        return text
    scale = 100.0 if column.unit == "share" else 1.0
    return f"{text} ({_plain(low * scale)} to {_plain(high * scale)})"


def _plain(value: float) -> str:
    """Four decimals where three digits would need an exponent: gains of a loss are so small."""
    return f"{value:.4f}" if 0 < abs(value) < SMALL else format_number(value)


def rows_of(one: ResultTable) -> list[dict[str, Any]]:
    """Rows by the names of columns, each with the same names; where some row has an interval it is three numbers."""
    wide = {column.name for row in one.rows for cell, column in zip(row, one.columns, strict=True)
            if isinstance(cell, tuple)}
    return [{name: value for cell, column in zip(row, one.columns, strict=True)
             for name, value in _values(cell, column.name, wide=column.name in wide)} for row in one.rows]


def _values(cell: Cell, name: str, *, wide: bool) -> list[tuple[str, Any]]:
    if not wide:
        return [(name, cell)]
    value, low, high = cell if isinstance(cell, tuple) else (cell, None, None)
    return [(name, value), (f"{name}_low", low), (f"{name}_high", high)]

