"""Rows of the table, the data that benchmarks share, and the folder where both are kept."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
FULL_VARIABLE = "PILOTHOUSE_BENCH_FULL"
MINUTES_VARIABLE = "PILOTHOUSE_BENCH_MINUTES"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio` is ours / reference: smaller is better, 0.05 is twenty times as fast.

    reach   the most that the judged number may be; None: shown beside, not judged
    judged  "ratio" or "ours"
    """

    name: str
    ours: float
    reference: float | None
    ratio: float | None
    unit: str = ""
    reach: float | None = None
    note: str = ""
    judged: str = "ratio"

    @classmethod
    def against(cls, name: str, ours: float, reference: float, *, unit: str = "s", reach: float | None = None,
                note: str = "") -> Row:
        """With the ratio worked out."""
        return cls(name, ours, reference, ours / reference, unit, reach, note)

    @classmethod
    def read(cls, found: Row | Mapping[str, Any]) -> Row:
        """A module may give plain dictionaries."""
        return found if isinstance(found, Row) else cls(**found)

    @property
    def verdict(self) -> str:
        """ok, missed, or nothing where nothing is asked."""
        value = self.ratio if self.judged == "ratio" else self.ours
        if self.reach is None or value is None:
            return ""
        return "ok" if value <= self.reach else "missed"

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        return {**asdict(self), "verdict": self.verdict}


def is_full() -> bool:
    """Whether the sizes of the design are asked for."""
    return bool(os.environ.get(FULL_VARIABLE))


def size(full: int) -> int:
    """That many rows with `--full`, a fifth of it otherwise."""
    return full if is_full() else full // 5


def minutes(usual: float, *, full: float) -> float:
    """How long something goes on: as asked for by `--minutes`, else what is usual, or what the design asks for."""
    asked = os.environ.get(MINUTES_VARIABLE)
    return float(asked) if asked else full if is_full() else usual


def cache() -> Path:
    """Where made data stays between runs: in the system's folder for what may be thrown away."""
    folder = Path(tempfile.gettempdir()) / "pilothouse-benchmarks"
    folder.mkdir(exist_ok=True)
    return folder


def logs(rows: int, file_format: str = "parquet", *, days: float = 7, scenario: str = "healthy") -> Path:
    """A folder by `make_logs.py`, made once."""
    folder = cache() / f"logs-{file_format}-{scenario}-{rows}-{days:g}"
    done = folder.with_suffix(".done")
    if not done.exists():
        if folder.exists():
            raise SystemExit(f"{folder} was left half made; delete it")
        program = ROOT / "tests" / "console" / "make_logs.py"
        subprocess.run([sys.executable, str(program), str(folder), "--rows", str(rows), "--days", f"{days:g}",
                        "--format", file_format, "--scenario", scenario, "--quiet"], check=True)
        done.touch()
    return folder


def table(rows: list[Row]) -> str:
    """The table as text, columns aligned."""
    lines = [("", "ours", "reference", "ratio", "reach", "", "")]
    for row in rows:
        reach = "" if row.reach is None else (f"<= {row.reach:.2f}x" if row.judged == "ratio"
                                              else f"<= {row.reach:g} {row.unit}")
        lines.append((row.name, f"{row.ours:.3g} {row.unit}",
                      "-" if row.reference is None else f"{row.reference:.3g} {row.unit}",
                      "-" if row.ratio is None else f"{row.ratio:.2f}x", reach, row.verdict, row.note))
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) if at in (0, 6) else cell.rjust(width)
                               for at, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
                     for line in lines)


def python_environ() -> dict[str, str]:
    """For child processes that are timed: byte code kept, as on a user's machine, and nothing of the user's touched."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environ | {"PYTHONPYCACHEPREFIX": str(cache() / "bytecode"), "PILOTHOUSE_HOME": str(cache() / "home")}
