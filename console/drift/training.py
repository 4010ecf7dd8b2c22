"""Training against serving: schema, the same requests, distributions, and what was probably done to the values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from console.drift.causes import SAID, UNIT_FACTORS, Cause, Suspicion, hour_shift, suspicions
from console.drift.compare import compare
from console.drift.result import NAN
from console.drift.sample import ColumnSample
from console.drift.skew import Mismatch
from console.drift.verdict import worst
from console.drift.view import ColumnDrift, DriftView, Shape, Verdict
from console.drift.words import quoted
from console.jobs import Job, SilentJob
from console.metrics.format import format_count, format_value
from console.roles import ColumnType, Role
from console.window import Window

WATCH_MISMATCH, ALARM_MISMATCH = 0.001, 0.01
"""Of the same requests no value should differ at all: one in a thousand is worth a look, one in a hundred a fault."""
TYPE_WORDS = {ColumnType.NUMBER: "number", ColumnType.TEXT: "text", ColumnType.TIME: "time", ColumnType.FLAG: "flag"}
EXACT = 0.005
NAMED_AT_MOST = 3
TIME_OF_DAY = "(time of day)"


@dataclass(frozen=True, slots=True)
class TrainingColumn:
    """A column of one side: its name, how it is kept, its role."""

    name: str
    type: ColumnType
    role: Role | None


@dataclass(frozen=True, slots=True)
class SkewRow:
    """One column.

    training, serving   how it is kept on each side: number, text, time, flag; "" where it is not there
    drift      the two-sample test of its values, None where it was not to be tested
    mismatch   the same requests compared, None where none have a key on both sides
    cause      in a word, "" for none
    """

    column: str
    training: str
    serving: str
    drift: ColumnDrift | None
    mismatch: Mismatch | None
    cause: str
    verdict: Verdict
    sentence: str

    @property
    def rate(self) -> float:
        """Share of the same requests whose value differs; nan where none were compared."""
        return self.mismatch.rate if self.mismatch is not None else NAN


@dataclass(frozen=True, slots=True, eq=False)
class TrainingView:
    """Training data against a window of the log, the worst column first. compared: requests that both sides have."""

    reference: Window | None
    current: Window | None
    reference_name: str
    current_name: str
    n_reference: int
    n_current: int
    compared: int
    columns: tuple[SkewRow, ...]
    shapes: tuple[Shape, ...]
    sentence: str
    verdict: Verdict
    command: str
    seconds: float

    def shape(self, column: str) -> Shape | None:
        """The two distributions of that column."""
        return next((shape for shape in self.shapes if shape.column == column), None)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One side: its columns, their cells (floats with NaN, or text and None), hours of the day where it has times."""

    columns: Sequence[TrainingColumn]
    cells: Mapping[str, Any]
    hours: Any = None


def training_skew(training: Rows, serving: Rows, same: Sequence[Mismatch] = (), *,
                  reference_window: Window | None = None, current_window: Window | None = None,
                  reference_name: str = "training", current_name: str = "serving", command: str = "",
                  job: Job | None = None, stopwatch: Callable[[], float] = perf_counter) -> TrainingView:
    """Every column of either side, the worst first.

    same   the same requests compared by `mismatches`
    Raises JobStopped.
    """
    started, job = stopwatch(), job or SilentJob()
    before, after = ({column.name: column for column in side.columns} for side in (training, serving))
    both = [name for name in after if name in before]
    samples = [[ColumnSample(name, side.cells[name], after[name].role,
                             after[name].type if before[name].type is after[name].type else None)
                for name in both if name in training.cells and name in serving.cells] for side in (training, serving)]
    job.report(0, 2, "Comparing the columns")
    drift = compare(samples[0], samples[1], job=job)
    by_key = {one.column: one for one in same}
    rows = []
    job.report(1, 2, "Looking for causes")
    for name in sorted(before.keys() | after.keys()):
        job.stop_if_asked()
        there = before.get(name), after.get(name)
        if there[0] is None or there[1] is None:
            rows.append(_one_sided(name, there))
            continue
        found = [row for row in drift.columns if row.column == name]
        why = suspicions(training.cells[name], serving.cells[name]) if name in training.cells else ()
        rows.append(_row(name, (there[0], there[1]), found, by_key.get(name), why))
    shifted = hour_shift(training.hours, serving.hours) if training.hours is not None and serving.hours is not None \
        else None
    if shifted is not None:
        rows.append(SkewRow(TIME_OF_DAY, "time", "time", None, None, SAID[shifted.cause], Verdict.WATCH,
                            f"{shifted.sentence[0].upper()}{shifted.sentence[1:]}."))
    rows.sort(key=lambda row: (list(Verdict).index(row.verdict), -_size(row), row.column))
    job.report(2, 2, "")
    compared = max((one.compared for one in same), default=0)
    return TrainingView(reference_window, current_window, reference_name, current_name, drift.n_reference,
                        drift.n_current, compared, tuple(rows), drift.shapes, _overall(rows, compared, drift),
                        worst([row.verdict for row in rows]), command, stopwatch() - started)


def _one_sided(name: str, there: tuple[TrainingColumn | None, TrainingColumn | None]) -> SkewRow:
    """A column of training that serving lacks cannot reach the model; one that only serving has was never learnt."""
    _, after = there
    kind = tuple(TYPE_WORDS[one.type] if one is not None else "" for one in there)
    if after is None:
        return SkewRow(name, kind[0], "", None, None, "not served", Verdict.ALARM,
                       f"{quoted(name)} is in training data and not in serving.")
    return SkewRow(name, "", kind[1], None, None, "not trained on", Verdict.WATCH,
                   f"{quoted(name)} is in serving and not in training data.")


def _row(name: str, there: tuple[TrainingColumn, TrainingColumn], found: Sequence[ColumnDrift],
         same: Mismatch | None, why: Sequence[Suspicion]) -> SkewRow:
    kinds = TYPE_WORDS[there[0].type], TYPE_WORDS[there[1].type]
    verdicts = [row.verdict for row in found]
    clauses: list[str] = []
    if kinds[0] != kinds[1]:
        verdicts.append(Verdict.ALARM)
        clauses.append(f"{kinds[0]} in training, {kinds[1]} in serving")
    if same is not None and same.compared:
        verdicts.append(_of_same(same))
        if same.differing:
            clauses.append(_differing(same))
    verdict = worst(verdicts)
    moved = verdict in (Verdict.ALARM, Verdict.WATCH)
    cause = ""
    if moved:
        causes = [one.cause for one in why]
        if same is not None and _is_unit(same):         # the same requests tell a factor exactly
            causes = [Cause.UNIT, *(one for one in causes if one not in (Cause.UNIT, Cause.RATIO, Cause.OFFSET))]
        cause = ", ".join(dict.fromkeys(SAID[one] for one in causes)) or \
            ("another type" if kinds[0] != kinds[1] else "")
        clauses += [one.sentence for one in why]
    tested = next((row for row in found if row.verdict is worst([row.verdict for row in found])), None)
    if tested is not None and (not clauses or moved):
        clauses.append(_of_test(name, tested, why))
    said = "; ".join(clauses) or "nothing to compare"
    return SkewRow(name, *kinds, tested, same, cause, verdict, f"{quoted(name)}: {said}.")


def _of_test(name: str, tested: ColumnDrift, why: Sequence[Suspicion]) -> str:
    """Its sentence without the name, and without the causes that stand before it."""
    said = tested.sentence.removesuffix(".")
    for one in why:
        said = said.replace(f"; {one.sentence}", "")
    return said.removeprefix(f"the values of {quoted(name)} ").removeprefix(f"{quoted(name)} ")


def _is_unit(same: Mismatch) -> bool:
    """Whether most of the same requests differ by a factor that a unit has."""
    ratio = max(same.usual_ratio, 1 / same.usual_ratio) if same.usual_ratio > 0 else math.nan
    return same.compared > 0 and same.rate > 0.5 and any(abs(ratio / one - 1) < EXACT for one in UNIT_FACTORS)


def _of_same(same: Mismatch) -> Verdict:
    return Verdict.ALARM if same.rate >= ALARM_MISMATCH else Verdict.WATCH if same.rate >= WATCH_MISMATCH else \
        Verdict.NONE


def _differing(same: Mismatch) -> str:
    said = f"differs in {format_value(same.rate, 'share')} of {format_count(same.compared)} same requests"
    if math.isfinite(same.usual_ratio) and abs(same.usual_ratio - 1) > 0.001:
        return f"{said}, usually × {same.usual_ratio:.4g}"
    if same.examples:
        key, training, serving = same.examples[0]
        return f"{said}, such as {_cell(training)} → {_cell(serving)} ({_cell(key)})"
    return said


def _cell(text: str) -> str:
    return quoted(text[:40]) if text != "nan" and text != "None" else "missing"


def _size(row: SkewRow) -> float:
    rate = row.rate
    effect = abs(row.drift.effect) if row.drift is not None and math.isfinite(row.drift.effect) else 0.0
    return max(effect, 0.0 if math.isnan(rate) else rate) if row.training and row.serving else 2.0


def _overall(rows: Sequence[SkewRow], compared: int, drift: DriftView) -> str:
    moved = [row for row in rows if row.verdict in (Verdict.ALARM, Verdict.WATCH)]
    keys = f"{format_count(compared)} same requests compared" if compared else "no request is on both sides by its key"
    if not moved:
        return f"None of {len(rows)} columns differs between training and serving ({drift.n_tests} tests, {keys})."
    named = ", ".join(f"{quoted(row.column)}{f' ({row.cause})' if row.cause else ''}" for row in moved[:NAMED_AT_MOST])
    rest = f" and {len(moved) - NAMED_AT_MOST} more" if len(moved) > NAMED_AT_MOST else ""
    return f"{len(moved)} of {len(rows)} columns differ between training and serving: {named}{rest} " \
           f"({drift.n_tests} tests, {keys})."
