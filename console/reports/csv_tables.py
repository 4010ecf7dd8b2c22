"""Tables of a report as CSV, for spreadsheets: text that they would run is defused, numbers stay numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from console.reports.arrange import visible
from console.reports.numbers import csv_cell


def csv_text(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """None is an empty cell; numbers in full; line ends as RFC 4180 has them not, but every program reads: LF."""
    lines = [",".join(map(cell, heads))]
    lines += [",".join(map(cell, row)) for row in rows]
    return "\n".join(lines) + "\n"


def cell(value: Any) -> str:
    """One cell, in quotes where it needs them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return repr(value)
    return csv_cell(visible(str(value)))


def tables(data: Mapping[str, Any]) -> dict[str, str]:
    """Every table of the JSON report, by file name. Lists within cells are left to the JSON."""
    found = {name: _of(data[name]) for name in (
        "impact", "affected", "segments", "budgets", "timeline", "changes", "alarms", "versions", "inputs", "redacted",
        "origins")}
    found["moments"] = _of(data["times"]["moments"])
    found["drift"] = _of(data["drift"]["columns"] if data["drift"] else [])
    found["unread"] = _of(data["quarantined"]["samples"])
    found["actions"] = _of(data["people"]["actions"])
    found["examples"] = _examples(data["examples"])
    for number, one in enumerate(data["results"], start=1):
        for table in one["tables"]:
            found[f"result-{number}-{table['name']}"] = _of(table["rows"])
    return {f"{name}.csv": text for name, text in found.items() if text}


def _of(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    heads = [name for name, value in rows[0].items() if not isinstance(value, list | dict)]
    return csv_text(heads, [[row.get(name) for name in heads] for row in rows])


def _examples(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    names = list(dict.fromkeys(one["column"] for row in rows for one in row["cells"]))
    lines = []
    for row in rows:
        cells = {one["column"]: one["value"] for one in row["cells"]}
        lines.append([row["at"], row["file"], row["line"], row["record"], row["why"],
                      *(cells.get(one) for one in names)])
    return csv_text(["at", "file", "line", "record", "why", *names], lines)
