"""Answers about drift as one JSON document or as lines of a table: what the command prints and the window exports."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from console.drift.estimated import Estimate
from console.drift.outcomes_view import OutcomesView
from console.drift.together import TogetherView
from console.drift.training import SkewRow, TrainingView
from console.drift.view import ChosenTest, ColumnDrift, DriftView
from console.errors import CannotWrite
from console.metrics.format import format_exact
from console.window import Window, from_epoch

Answer = OutcomesView | TogetherView | TrainingView | DriftView
Lines = list[list[Any]]


def write(view: Answer, path: Path, *, relative: bool = False) -> None:
    """As the ending says: .json whole, .csv its main table. Raises CannotWrite."""
    written(path, lambda: document(view, relative=relative), lambda: as_csv(view, relative=relative))


def written(path: Path, whole: Callable[[], dict[str, Any]], table: Callable[[], str]) -> None:
    """The document where the ending is .json, else the table. Raises CannotWrite."""
    text = msgspec.json.format(msgspec.json.encode(whole()), indent=2).decode() + "\n" \
        if path.suffix.lower() == ".json" else table()
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotWrite("The table could not be written", where=str(path), do=error.strerror or "") from error


def document(view: Answer, *, relative: bool = False) -> dict[str, Any]:
    """The document of any of them."""
    match view:
        case OutcomesView():
            return outcomes_document(view)
        case TogetherView():
            return together_document(view, relative=relative)
        case TrainingView():
            return training_document(view, relative=relative)
        case DriftView():
            return drift_document(view, relative=relative)


def as_csv(view: Answer, *, relative: bool = False, delimiter: str = ",") -> str:
    """Its main table: the buckets, the columns, or the columns and then the pairs."""
    return table_text(lines(view, relative=relative), delimiter)


def table_text(rows: Lines, delimiter: str) -> str:
    """As a file of such cells. Cells that a spreadsheet would take for a formula begin with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    for line in rows:
        writer.writerow([_defused(cell) for cell in line])
    return text.getvalue()


def lines(view: Answer, *, relative: bool = False) -> Lines:
    """The same as cells, the heads first."""
    found = document(view, relative=relative)
    match view:
        case OutcomesView():
            rows = [dict(_flat(bucket)) for bucket in found["outcomes"]["buckets"]]
        case TogetherView():
            rows = [{"column": one["column"], "other": None, "auc_lost": one["auc_lost"], "reference": None,
                     "current": None, "p_adjusted": None, "verdict": None}
                    for one in found["classifier"]["columns"]]
            rows += [{"column": one["column"], "other": one["other"], "auc_lost": None, "reference": one["reference"],
                      "current": one["current"], "p_adjusted": one["p_adjusted"], "verdict": one["verdict"]}
                     for one in found["correlations"]]
        case _:
            rows = [dict(_flat({key: value for key, value in row.items() if key != "chosen"}))
                    for row in found["columns"]]
    heads = list(dict.fromkeys(key for row in rows for key in row))
    return [heads, *([row.get(head) for head in heads] for row in rows)]


def _flat(row: dict[str, Any]) -> list[tuple[str, Any]]:
    """`auc.low` for what stands inside; lists are left out."""
    found: list[tuple[str, Any]] = []
    for key, value in row.items():
        if isinstance(value, dict):
            found += [(f"{key}.{name}", inner) for name, inner in value.items() if not isinstance(inner, list)]
        else:
            found.append((key, value))
    return found


def _defused(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def iso(at: datetime | None, *, relative: bool) -> str | None:
    """A time as commands take it."""
    return None if at is None else format_exact(at, relative=relative)


def drift_document(view: DriftView, *, relative: bool) -> dict[str, Any]:
    """The columns one by one."""
    return {"columns": [_column(row) for row in view.columns],
            "dataset": {"reference": _side(view.reference, view.reference_name, view.n_reference, relative),
                        "current": _side(view.current, view.current_name, view.n_current, relative),
                        "tests": view.n_tests, "verdict": view.verdict.value, "sentence": view.sentence,
                        "command": view.command, "seconds": round(view.seconds, 6)}}



def outcomes_document(view: OutcomesView) -> dict[str, Any]:
    """As JSON: what moved, figures, signals, buckets."""
    buckets = view.buckets
    relative = view.relative
    shown = [{"start": iso(from_epoch(float(start)), relative=relative), "requests": int(n), "outcomes": int(told),
              "expected_share": _number(expected), "state": state.value,
              **{_key(measure.name): {"value": _number(measure.value[place]), "low": _number(measure.low[place]),
                                      "high": _number(measure.high[place])} for measure in buckets.measures}}
             for place, (start, n, told, expected, state) in enumerate(zip(
                 buckets.start_s, buckets.n, buckets.n_told, buckets.expected, buckets.state, strict=True))]
    return {"outcomes": {
        "task": view.task.value, "answer": view.answer_name, "outcome": view.outcome_name,
        "moved": [{"what": one.what, "name": one.name, "verdict": one.verdict.value if one.verdict else None,
                   "sentence": one.sentence} for one in view.moved],
        "figures": [{"name": one.name, "unit": one.unit or None, "reference": _number(one.reference),
                     "current": _number(one.current), "expected": _estimate(Estimate(one.expected, one.low, one.high))}
                    for one in view.figures],
        "label_shift": [{"label": one.label, "reference": one.reference,
                         "expected": _estimate(Estimate(one.current, one.low, one.high))} for one in view.shift],
        "signals": [{"detector": one.detector, "at": iso(one.at, relative=relative),
                     "began": iso(one.began, relative=relative), "rising": one.rising, "before": one.before,
                     "after": one.after, "alarms": one.times, "sentence": one.sentence} for one in view.signals],
        "strata": [{"name": name, "n_reference": one.n_reference, "n_current": one.n_current,
                    "reference": one.reference, "current": one.current}
                   for name, one in zip(view.strata_names, view.strata, strict=True)],
        "bucket_s": buckets.bucket_s,
        "usual": {_key(measure.name): _number(measure.usual) for measure in buckets.measures},
        "ripe_until": iso(view.ripe_until, relative=relative), "usual_wait_s": view.usual_wait_s, "buckets": shown},
        "dataset": {
            "reference": _side(view.reference, view.reference_name, view.n_reference, relative)
            | {"outcomes": view.told_reference},
            "current": _side(view.current, view.current_name, view.n_current, relative)
            | {"outcomes": view.told_current, "judged": view.judged_current},
            "each": view.each, "verdict": view.verdict.value, "sentence": view.sentence, "notes": list(view.notes),
            "command": view.command, "seconds": round(view.seconds, 6)}}


def together_document(view: TogetherView, *, relative: bool) -> dict[str, Any]:
    """As JSON: the classifier with its columns, and the pairs."""
    return {"classifier": {"auc": view.auc, "low": view.auc_low, "high": view.auc_high, "p_value": view.p_value,
                           "sentence": view.sentence,
                           "columns": [{"column": one.column, "auc_lost": one.auc_lost} for one in view.columns]},
            "correlations": [{"column": pair.change.column, "other": pair.change.other,
                              "reference": pair.change.reference, "current": pair.change.current, "z": pair.change.z,
                              "p_value": pair.change.p_value, "p_adjusted": pair.change.p_adjusted,
                              "verdict": pair.verdict.value} for pair in view.pairs],
            "dataset": {"reference": _side(view.reference, view.reference_name, view.n_reference, relative),
                        "current": _side(view.current, view.current_name, view.n_current, relative),
                        "pairs_sentence": view.pairs_sentence, "verdict": view.verdict.value,
                        "sentence": view.sentence, "command": view.command, "seconds": round(view.seconds, 6)}}


def training_document(view: TrainingView, *, relative: bool) -> dict[str, Any]:
    """As JSON: a row for each column."""
    return {"columns": [_skew_row(row) for row in view.columns],
            "dataset": {"reference": _side(view.reference, view.reference_name, view.n_reference, relative),
                        "current": _side(view.current, view.current_name, view.n_current, relative),
                        "same_requests": view.compared, "verdict": view.verdict.value, "sentence": view.sentence,
                        "command": view.command, "seconds": round(view.seconds, 6)}}


def _skew_row(row: SkewRow) -> dict[str, Any]:
    drift, same = row.drift, row.mismatch
    return {"column": row.column, "training": row.training or None, "serving": row.serving or None,
            "test": drift.test if drift else None, "effect": _number(drift.effect) if drift else None,
            "effect_name": drift.effect_name if drift else None,
            "p_adjusted": _number(drift.p_adjusted) if drift else None,
            "mismatch": None if same is None or not same.compared else
            {"rate": same.rate, "compared": same.compared, "differing": same.differing,
             "missing_training": same.missing_training, "missing_serving": same.missing_serving,
             "usual_ratio": _number(same.usual_ratio), "usual_offset": _number(same.usual_offset),
             "examples": [list(one) for one in same.examples]},
            "cause": row.cause or None, "verdict": row.verdict.value, "sentence": row.sentence}


def _side(window: Window | None, name: str, n: int, relative: bool) -> dict[str, Any]:
    start, end = (window.start, window.end) if window else (None, None)
    return {"name": name, "from": iso(start, relative=relative), "to": iso(end, relative=relative), "rows": n}


def _key(name: str) -> str:
    return name.lower().replace(" ", "_")


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _estimate(found: Estimate) -> dict[str, float | None]:
    return {"value": _number(found.value), "low": _number(found.low), "high": _number(found.high)}


def _column(row: ColumnDrift) -> dict[str, Any]:
    return {"column": row.column, "kind": row.kind, "role": row.role or None, "test": row.test,
            "statistic": row.statistic, "p_value": row.p_value, "p_adjusted": row.p_adjusted, "effect": row.effect,
            "effect_name": row.effect_name, "n_reference": row.n_reference, "n_current": row.n_current,
            "missing_reference": row.missing_reference, "missing_current": row.missing_current,
            "detectable": row.detectable, "verdict": row.verdict.value, "sentence": row.sentence,
            "chosen": [_beside(test) for test in row.chosen]}


def _beside(test: ChosenTest) -> dict[str, Any]:
    return {"test": test.name, "statistic": test.statistic, "p_value": test.p_value, "p_adjusted": test.p_adjusted,
            "effect": test.effect, "effect_name": test.effect_name, "effect_low": test.effect_low,
            "effect_high": test.effect_high, "limit": test.limit, "method": test.method,
            "beyond_chance": test.beyond_chance}
