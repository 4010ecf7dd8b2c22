"""Made-up views of advice: what a shock, a response and a backtest look like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from console.advice.events import EventKind, KnownEvent
from console.advice.shock import ChangeCause, Evidence, Shock
from console.advice.view import (
    BacktestView,
    CostLine,
    CostsUsed,
    CurvePoint,
    Decision,
    ResponseAnswer,
    ResponseView,
    ShockView,
    StrategyCurve,
    TrainingAnswer,
)
from console.drift.course_view import CourseRow, CourseView, DriftKind, RowGroup
from console.drift.view import Verdict
from console.window import Window, from_epoch

START, BUCKET_S, BUCKETS, ONSET = 1_772_409_600.0, 21_600.0, 56, 28     # 2 March 2026, 0:00 UTC
AT = from_epoch(START + ONSET * BUCKET_S)
WHOLE = Window.from_epoch(START, START + BUCKETS * BUCKET_S)
BEFORE, SINCE = Window(WHOLE.start, AT), Window(AT, WHOLE.end)


def course_row(column: str, onset: int | None = ONSET) -> CourseRow:
    values = np.full(BUCKETS, 0.01)
    row = CourseRow(column, column, "values", RowGroup.INPUT, "D", values, np.full(BUCKETS, 200.0),
                    np.zeros(BUCKETS), values > 1, DriftKind.NONE, Verdict.NONE, sentence=f"{column} stayed.")
    if onset is None:
        return row
    at = from_epoch(START + onset * BUCKET_S)
    return replace(row, kind=DriftKind.SUDDEN, verdict=Verdict.ALARM, onset=at, onset_low=at,
                   onset_high=at, sentence=f"{column} rose at once: D 0.40.")


def courses(*rows: CourseRow) -> CourseView:
    return CourseView(Window.from_epoch(START, START + 14 * BUCKET_S), WHOLE, START + np.arange(BUCKETS) * BUCKET_S,
                      BUCKET_S, np.full(BUCKETS, 200.0), rows, DriftKind.SUDDEN, Verdict.ALARM, AT, AT, AT,
                      "Sudden drift.", None, ("A note.",), False, 1.0, "pilothouse drift x --over-time")


def shock_view(**more: object) -> ShockView:
    policy = KnownEvent("Lockdown <b>", AT, AT + timedelta(days=1), EventKind.POLICY)
    found = Shock(ChangeCause.SHOCK, AT, AT, AT, ("price", "traffic"), (policy,),
                  (Evidence(ChangeCause.SHOCK, True, "price and traffic changed at once."),
                   Evidence(ChangeCause.DEPLOYMENT, False, "No model version gained or lost requests then.")),
                  "A shock, 9 Mar 2026 00:00 UTC: price and traffic changed at once.")
    return replace(ShockView(None, AT, found, courses(course_row("price"), course_row("age", 40)), True, 1,
                             found.sentence, ("A note.",), BEFORE, SINCE, False, "pilothouse advise x --json", 1.2),
                   **more)  # type: ignore[arg-type]


def nothing() -> ShockView:
    found = Shock(ChangeCause.NONE, None, None, None, (), (), (
        Evidence(ChangeCause.SHOCK, False, "Nothing changed at once."),), "No shock: Nothing changed at once.")
    return shock_view(at=None, shock=found, at_once=False, calendar=0, sentence=found.sentence, reference=None,
                      current=None)


def cost_line(name: str, title: str, level: float, difference: float) -> CostLine:
    costs = np.full(4, level)
    costs[3] = np.nan
    return CostLine(name, title, costs, costs - 5, costs + 5, level, level - 3, level + 3, difference, difference - 2,
                    difference + 2, 900, f"{title}: {level} an hour.")


def response(**more: object) -> ResponseAnswer:
    lines = (cost_line("model", "Model as logged", 100.0, 0.0), cost_line("stump", "A rule: price over 3", 80.0, -20.0))
    view = ResponseView(AT.timestamp() + 3600.0 * np.arange(4), 3600.0, lines, "stump", True,
                        "Fall back: A rule: price over 3.", AT + timedelta(hours=3), "Switching back is justified.",
                        CostsUsed("yes_no", 1.0, 20.0, 0.9, 0.05, "a false positive", "A false positive costs 1."),
                        1000)
    return replace(ResponseAnswer(AT, view, "", "", (), BEFORE, SINCE, False, "pilothouse advise x --shock T --json",
                                  0.3), **more)  # type: ignore[arg-type]


def point(labels: int, loss: float, against: float) -> CurvePoint:
    return CurvePoint(AT + timedelta(hours=labels / 10), labels / 10, labels, 500, 400, loss, loss - 0.01, loss + 0.01,
                      against, against - 0.01, against + 0.01, 0.9)


def training(**more: object) -> TrainingAnswer:
    curves = (StrategyCurve("old", "Model as logged", (replace(point(100, 0.3, 0.0), against_old_low=0.0,
                                                               against_old_high=0.0),), None, None, "Old."),
              StrategyCurve("all", "All data", (point(100, 0.3, 0.0), point(900, 0.29, -0.005)), None, None, "All."),
              StrategyCurve("post", "Data since the shock only", (point(100, 0.35, 0.05), point(900, 0.25, -0.05)), 900,
                            900, "Post."))
    view = BacktestView("log loss", curves, (Decision(AT, "", "all", "Then: not distinguishable yet."),
                                             Decision(AT, "post", "post", "Now: train again.")), "post",
                        "Now: train again.", "At most 6,000 rows are learned from.", 900)
    return replace(TrainingAnswer(AT, view, (), BEFORE, SINCE, False, "pilothouse advise x --shock T --json", 60.0),
                   **more)  # type: ignore[arg-type]
