"""The words of results that an incident has attached, changed before they leave the house."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from console.reports.redaction import Redactor
from console.reports.results import Cell, Result, ResultTable

Told = Callable[[str], str]


def told_result(one: Result, told: Told) -> Result:
    """With all its texts changed; commands stay, for they are copied."""
    return replace(
        one, title=told(one.title), sentences=tuple(map(told, one.sentences)), notes=tuple(map(told, one.notes)),
        facts=tuple((name, told(value)) for name, value in one.facts),
        tables=tuple(_table(table, told) for table in one.tables),
        figures=tuple(replace(figure, alt=told(figure.alt), chart=replace(
            figure.chart, sentence=told(figure.chart.sentence),
            series=tuple(replace(part, name=told(part.name)) for part in figure.chart.series)))
            for figure in one.figures))


def _table(one: ResultTable, told: Told) -> ResultTable:
    def cell(value: Cell) -> Cell:
        return told(value) if isinstance(value, str) else value

    return replace(one, note=told(one.note), rows=tuple(tuple(map(cell, row)) for row in one.rows))


def results_texts(results: Iterable[Result]) -> list[str]:
    """All that `told_result` changes."""
    seen: list[str] = []

    def note(text: str) -> str:
        seen.append(text)
        return text

    for one in results:
        told_result(one, note)
    return seen


def redacted_result(one: Result, redactor: Redactor) -> Result:
    """A text that says more of a redacted column than its name may tell a value of it: a rule of one question does.
    Nothing else is left of it."""
    names = [each.column for each in redactor.columns]
    if not names:
        return one
    wanted = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names, key=len, reverse=True)))

    def told(text: str) -> str:
        found = wanted.search(text)
        return text if found is None or found[0] == text.strip() else f"About {found[0]}; its values are redacted."

    return told_result(one, told)
