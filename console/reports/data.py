"""The report as JSON: every number in full, under a published schema (`resources/reports/report.schema.json`).

Numbers are those of the view, in their units; beside the ones that people read stands the text that the other formats
show. A number that is not known is null. The file is ASCII: characters that hide or turn text are spelled `\\u202e`.
"""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from importlib.resources import files
from typing import Any

import numpy as np

from console.drift.view import CategoryShape, Shape
from console.metrics.format import format_exact
from console.reports.arrange import Document, arrange
from console.reports.origins import origins
from console.reports.result_sections import rows_of
from console.reports.results import Result
from console.reports.view import Figure, Incident, ReportView
from console.window import Window

FORMAT = 1
"""Grows when a reader of an older one could misread it."""

SCHEMA = "report.schema.json"
_LEFT_OUT = {"milestones", "lessons", "log", "actions", "alarms", "changes", "drift", "rollout", "results", "window",
             "reference", "incident_id", "looked", "created", "notes", "title"}


def write_json(view: ReportView) -> str:
    """The whole document. The same view gives the same text."""
    return json_of(view, arrange(view))


def json_of(view: ReportView, document: Document) -> str:
    """document: the same report, arranged; its texts stand beside the numbers."""
    return json.dumps(data_of(view, document), ensure_ascii=True, allow_nan=False, indent=1) + "\n"


def schema_text() -> str:
    """The published schema, JSON Schema draft 2020-12."""
    return (files("resources") / "reports" / SCHEMA).read_text(encoding="utf-8")


def data_of(view: ReportView, document: Document) -> dict[str, Any]:
    """The same as values that JSON has."""
    plain = _Plain(view.incident.relative)
    incident = view.incident
    return {
        "format": FORMAT,
        "program": view.program,
        "generated": view.generated.isoformat().replace("+00:00", "Z"),
        "folder": view.folder,
        "incident": _incident(incident, document, plain),
        "summary": list(view.summary),
        "requests": view.requests,
        "requests_before": view.requests_before,
        "users": view.users,
        "users_before": view.users_before,
        "impact": [{**plain(one), "text": dict(zip(("before", "during", "interval", "peak", "peak_at", "n_before",
                                                    "n_during"), row[1:8], strict=True))}
                   for one, row in zip(view.impacts, document.impact.rows, strict=True)],
        "affected": [plain(one) for one in view.affected],
        "affected_means": view.affected_means,
        "segments": [plain(one) for one in view.segments],
        "budgets": [plain(one) for one in view.budgets],
        "times": {**plain(incident.times), "moments": [plain(one) for one in incident.milestones]},
        "timeline": [{"at": plain(at), "what": what, "source": source} for at, what, source in view.timeline],
        "figures": [_figure(view, figure, plain) for figure in view.figures],
        "results": [_result(view, one, plain) for one in view.results],
        "drift": _drift(view, plain),
        "changes": [plain(row) for row in view.changes.rows] if view.changes is not None else [],
        "alarms": [plain(one) for one in incident.alarms],
        "examples": [{**plain(one), "cells": [{"column": name, "value": value} for name, value in one.cells]}
                     for one in view.examples],
        "quarantined": plain(view.quarantined),
        "people": {"notes": incident.notes, "log": [plain(one) for one in incident.log],
                   "lessons": plain(incident.lessons), "actions": [plain(one) for one in incident.actions]},
        "versions": [plain(one) for one in view.versions],
        "data_quality": list(view.data_quality),
        "inputs": [plain(one) for one in view.inputs],
        "hashes": {"rules_sha256": view.rules_sha256, "inputs_sha256": dict(document.hashes).get("Input files", "")},
        "redacted": [plain(one) for one in view.redacted],
        "reproduce": [{"what": what, "command": command} for what, command in view.reproduce],
        "origins": [{"number": one.title, "value": plain(one.value), "text": one.text, "command": one.command,
                     "place": one.place, "sql": one.sql} for one in origins(view)],
        "queries": [{"what": what, "sql": sql} for what, sql in view.queries],
    }


def _incident(incident: Incident, document: Document, plain: _Plain) -> dict[str, Any]:
    return {"id": incident.incident_id, "title": document.title, "window": plain(incident.window),
            "reference": plain(incident.reference),
            "created": incident.created.isoformat().replace("+00:00", "Z"),
            **{name: value for name, value in plain(incident).items() if name not in _LEFT_OUT}}


def _result(view: ReportView, one: Result, plain: _Plain) -> dict[str, Any]:
    return {"id": one.result_id, "kind": one.kind.value, "title": one.title,
            "made": one.made.isoformat().replace("+00:00", "Z"), "at": plain(one.at), "window": plain(one.window),
            "sentences": list(one.sentences), "notes": list(one.notes), "facts": dict(one.facts),
            "command": one.command,
            "tables": [{"name": table.name, "title": table.title, "note": table.note,
                        "marked": table.marked if table.marked >= 0 else None,
                        "columns": [plain(column) for column in table.columns],
                        "rows": [{name: plain(value) for name, value in row.items()} for row in rows_of(table)]}
                       for table in one.tables],
            "figures": [_figure(view, figure, plain) for figure in one.figures]}


def _figure(view: ReportView, figure: Figure, plain: _Plain) -> dict[str, Any]:
    chart = figure.chart
    return {
        "metric": chart.metric, "title": chart.title, "unit": chart.unit, "bucket_s": chart.bucket_s,
        "sentence": chart.sentence, "formula": chart.formula, "limits": chart.error, "alt": figure.alt,
        "command": figure.command, "sql": chart.sql,
        "starts": [plain(datetime.fromtimestamp(float(at), tz=view.generated.tzinfo)) for at in chart.times],
        "series": [{"name": one.name, "values": plain(one.values), "n": plain(np.nan_to_num(one.n))}
                   for one in chart.series],
        "thresholds": [{"level": plain(level), "rule": rule} for level, rule in figure.thresholds],
        "firing": [{"window": plain(window), "rule": rule} for window, rule in figure.firing],
    }


def _drift(view: ReportView, plain: _Plain) -> dict[str, Any] | None:
    drift = view.drift
    if drift is None:
        return None
    return {"sentence": drift.sentence, "verdict": drift.verdict.value, "tests": drift.n_tests,
            "n_reference": drift.n_reference, "n_current": drift.n_current, "command": drift.command,
            "columns": [plain(row) for row in drift.columns],
            "shapes": [_shape(shape, plain) for shape in drift.shapes]}


def _shape(shape: Shape, plain: _Plain) -> dict[str, Any]:
    if isinstance(shape, CategoryShape):
        return {"column": shape.column, "labels": list(shape.labels), "reference": plain(shape.reference),
                "current": plain(shape.current)}
    return {"column": shape.column, "edges": plain(shape.edges), "reference": plain(shape.reference),
            "current": plain(shape.current), "quantiles": plain(shape.quantiles)}


class _Plain:
    """From values of ours to those of JSON. relative: times count from a start that the log does not name."""

    def __init__(self, relative: bool) -> None:
        self._relative = relative

    def __call__(self, value: Any) -> Any:
        if isinstance(value, Window):
            return {"from": self(value.start), "to": self(value.end)}
        if is_dataclass(value) and not isinstance(value, type):
            return {one.name: self(getattr(value, one.name)) for one in fields(value)}
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, datetime):
            return format_exact(value, relative=self._relative)
        if isinstance(value, np.ndarray):
            return [self(one) for one in value.tolist()]
        if isinstance(value, float):
            return _number(value)
        if isinstance(value, list | tuple):
            return [self(one) for one in value]
        return value


def _number(value: float) -> float | int | None:
    """None for what is not known or beyond numbers; a whole number without a fraction."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


