"""A report made by hand, with all that a log can throw at a document: markup, formulas, other scripts, long names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from console.drift.view import CategoryShape, ColumnDrift, DriftView, NumericShape, Verdict
from console.metrics.view import ChartView, Floats, SeriesView
from console.reports.gather import alt_text, impacts_of, summarise
from console.reports.results import Result, ResultColumn, ResultKind, ResultTable
from console.reports.view import Figure, Incident, ReportView, Segment
from console.window import Window

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
REFERENCE = Window(START, START + timedelta(hours=2))
CURRENT = Window(START + timedelta(hours=4), START + timedelta(hours=5))
BUCKETS, BUCKET_S = 360, 60

SCRIPT = "<script>alert(1)</script>"
DOLLARS = "$\\alpha$ & \"quoted\" 'single' #eval(\"1\") *bold* _under_"
FORMULA = "=HYPERLINK(+@-1)"
CJK = "価格表 €"
LONG = "feature_" + "averylongname" * 15
LONG = LONG[:200]
TURNED = "user\u202etxt.exe"


def sample_report(*, notes: str = "", drift: bool = True) -> ReportView:
    """An hour of errors and slow answers after two healthy ones; nine charts, and columns named by an enemy."""
    incident = Incident("INC-20260302-1400-a1b2", "Checkout ranker answers slowly and fails", CURRENT, REFERENCE,
                        datetime(2026, 3, 2, 15, 30, tzinfo=UTC), notes, "high", "draft")
    charts = sample_charts()
    compared = sample_drift() if drift else None
    impacts = tuple(impact for chart in charts for impact in impacts_of(chart, CURRENT, REFERENCE, EXACT))
    requests = int(sum(charts[0].series[0].n[240:300]))
    figures = tuple(Figure(chart, f"pilothouse metrics prod-ranker --metric {chart.metric} --bucket 60s "
                                  "--from 2026-03-02T10:00Z --to 2026-03-02T16:00Z --json",
                           alt_text(chart)) for chart in charts)
    segments = (
        Segment("model_version", "v42", 21_770, 0.0534, 412.0, 0.021, 0.0312),
        Segment("model_version", "v41", 7_236, 0.0011, 44.1, 0.0004, 0.0401),
        Segment("host", SCRIPT, 9_871, 0.0401, 300.0, 0.01, float("nan")),
        Segment("country", CJK, 312, 0.0321, 120.5, 0.0, 0.02),
        Segment("campaign", FORMULA, 55, 0.0, 31.25, 0.0, 0.01),
    )
    timeline = (
        (CURRENT.start - timedelta(minutes=4), "Version v42 first seen", "model_version, app.jsonl:120331"),
        (CURRENT.start, "Error rate leaves its range", "error_rate"),
        (CURRENT.start + timedelta(minutes=7), f"Annotation: {DOLLARS}", "annotations"),
        (CURRENT.end, "Error rate is back in its range", "error_rate"),
    )
    return ReportView(
        incident, "prod-ranker", datetime(2026, 3, 2, 16, 5, tzinfo=UTC), "Pilothouse 0.1.0",
        summarise(incident, requests, impacts, compared, users=4_321), requests, 4_321, impacts, segments, figures,
        compared, timeline,
        ("130 of 1,204,331 records (0.0108 %) could not be read; the quarantine has them.",
         "10 minutes between 11:40 and 11:50 UTC are not covered by any file.",
         f"The column {SCRIPT} holds markup; it is shown as text."),
        (("The same report", "pilothouse report prod-ranker --from 2026-03-02T14:00Z --to 2026-03-02T15:00Z "
                             "--reference 2026-03-02T10:00Z..2026-03-02T12:00Z --out report.html"),
         ("Drift", "pilothouse drift prod-ranker --reference 2026-03-02T10:00Z..2026-03-02T12:00Z "
                   "--current 2026-03-02T14:00Z..2026-03-02T15:00Z")),
        (("Error rate", "SELECT bucket, n, n_failed / nullif(n, 0) AS failed_share\nFROM rollup_requests\n"
                        "WHERE bucket >= $from_time AND bucket < $to_time\nORDER BY bucket;"),),
        results=(sample_result(),) if drift else (),
    )


def sample_result() -> Result:
    """Advice with a rule that an enemy named, intervals, a chart, and cells that hold nothing."""
    times = CURRENT.start.timestamp() + 60.0 * np.arange(60)
    chart = ChartView("advice_costs", "Cost an hour of what could answer", "", "output", "lower", times, 60,
                      tuple(SeriesView(name, level + np.sin(np.arange(60) / 9), np.ones(60))
                            for name, level in (("model", 41.5), ("stump", 17.25))),
                      "A false positive costs 1.", "cost times requests", "")
    nothing = float("nan")
    return Result(
        "RES-1a2b3c4d", ResultKind.ADVICE, "Advice, 2 Mar 2026 14:00 UTC", datetime(2026, 3, 2, 16, tzinfo=UTC),
        CURRENT.start, Window(START, START + timedelta(hours=6)),
        (f"A shock: price and {SCRIPT} changed at once.", "Fall back."), "pilothouse advise prod-ranker --json",
        (ResultTable("responses", "Cost an hour since then", (
            ResultColumn("title", "What answers", number=False), ResultColumn("per_hour", "Cost an hour, 95 %"),
            ResultColumn("difference", "Beside the model, 95 %"), ResultColumn("right", "Right", "share"),
            ResultColumn("outcomes", "Outcomes"), ResultColumn("since", "Since", number=False)),
            (("Model as logged", (41.53, 39.17, 43.89), None, 0.8125, 7_231, CURRENT.start),
             (f"A rule: {SCRIPT} is {DOLLARS}", (17.29, 15.06, 19.52), (-24.24, -26.91, -21.57), None, 7_231, None),
             (FORMULA, (nothing, nothing, nothing), (nothing, nothing, nothing), nothing, 0, None)), 1,
            "No answer costs 0.954."),),
        (Figure(chart, "pilothouse advise prod-ranker --json", "Cost an hour of the model and of a rule."),),
        ("Every 3rd of 29,006 requests was read.",), (("cause", "shock"), ("recommended", "stump")))


EXACT = {"p50": (12.3, 44.5), "p95": (41.7, 389.0), "p99": (88.2, 912.0)}


def sample_charts() -> tuple[ChartView, ...]:
    """Nine, over six hours in minutes; ten minutes are missing, the fifth hour is bad."""
    random = np.random.default_rng(7)
    times = START.timestamp() + np.arange(BUCKETS) * float(BUCKET_S)
    bad = np.zeros(BUCKETS)
    bad[240:300] = np.clip(np.minimum(np.arange(60) / 12, (60 - np.arange(60)) / 8), 0, 1)
    n = np.round(480 + 60 * np.sin(np.arange(BUCKETS) / 60) + random.normal(0, 15, BUCKETS))
    gap = slice(100, 110)
    n[gap] = 0

    def noise(size: float) -> Floats:
        return random.normal(0, size, BUCKETS)

    def chart(metric: str, title: str, unit: str, better: str, sentence: str, formula: str,
              *series: tuple[str, Floats], limits: str = "") -> ChartView:
        made = []
        for name, values in series:
            values = values.copy()
            values[gap] = np.nan
            values[105] = values[104 - 10]
            made.append(SeriesView(name, values, n))
        return ChartView(metric, title, unit, "software", better, times, BUCKET_S, tuple(made), sentence, formula,
                         "", f"SELECT bucket, {metric} FROM rollup_1", limits)

    failed = np.round(n * np.clip(0.0009 + 0.063 * bad + noise(0.0003), 0, 1)) / np.maximum(n, 1)
    return (
        chart("throughput", "Throughput", "req/s", "neither", "Requests a second.", "requests / seconds", ("", n / 60)),
        chart("latency", "Latency", "ms", "lower", "The time within which a share of the requests was answered.",
              "value at rank ceil(q n)", ("p50", 12 + 32 * bad + noise(0.5)), ("p95", 41 + 350 * bad + noise(3)),
              ("p99", 88 + 820 * bad + noise(9)), limits="Percentiles are nearest-rank and right to 1 %."),
        chart("error_rate", "Error rate", "share", "lower", "Share of the requests that failed on the server's side.",
              "failed / requests with a status", ("", failed)),
        chart("missing_values", "Missing values", "share", "lower", "Share of the cells that hold no value.",
              "missing cells / cells", ("", np.clip(0.012 + noise(0.002), 0, 1))),
        chart("null_responses", "Null responses", "share", "lower", "Share of the requests that got no prediction.",
              "requests without a prediction / requests", ("", np.clip(0.02 * bad + 0.0004, 0, 1))),
        chart("ctr", "CTR", "share", "higher", "Clicks per request whose outcome is known.",
              "clicked / requests with an outcome", ("", np.clip(0.04 - 0.011 * bad + noise(0.004), 0, 1))),
        chart("cpu", "CPU", "%", "lower", "Mean processor use over hosts.", "mean of the samples",
              ("", 38 + 45 * bad + noise(2))),
        chart("memory", "Memory", "MB", "lower", "Mean memory in use over hosts.", "mean of the samples",
              ("", 11_200 + noise(12))),
        chart("sampled:" + SCRIPT, DOLLARS, "", "neither", "Mean of the samples of this series.", "sum / number",
              (SCRIPT, 0.31 + 0.1 * bad + noise(0.01)), (CJK, 0.2 + noise(0.01))),
    )


def sample_drift() -> DriftView:
    """Two columns moved for certain, one perhaps; the rest did not, or had too few rows."""
    nan = float("nan")
    edges = np.linspace(0, 100, 41)
    middle = (edges[:-1] + edges[1:]) / 2
    before, now = (np.exp(-((middle - at) / wide) ** 2) for at, wide in ((40, 18), (58, 22)))

    def row(column: str, kind: str, test: str, statistic: float, p: float, effect: float, verdict: Verdict,
            sentence: str, n: int = 29_006, interval: tuple[float, float] = (nan, nan)) -> ColumnDrift:
        return ColumnDrift(column, kind, "feature", test, statistic, p, p if p != p else min(1.0, p * 7),
                           effect,
                           "TVD" if kind == "categorical" else "D", *interval, 57_120, n, 0.01, 0.01, 0.012,
                           verdict, sentence)

    columns = (
        row(SCRIPT, "numeric", "KS", 0.312, 0.0, 0.312, Verdict.ALARM,
            "The values of this column grew: its median went from 39.8 to 57.6.", interval=(0.305, 0.319)),
        row(CJK, "categorical", "chi-square", 812.4, 3.1e-120, 0.186, Verdict.ALARM,
            f"{FORMULA} makes up 41.2 % where it was 22.6 %."),
        row(LONG, "numeric", "KS", 0.0211, 0.00071, 0.0211, Verdict.WATCH, "A small move, surely there."),
        row("price", "numeric", "KS", 0.0071, 0.31, 0.0071, Verdict.NONE, "No difference beyond what chance gives."),
        row("price", "missing", "proportions", 1.21, 0.226, 0.0009, Verdict.NONE, "As many values are missing."),
        row(TURNED, "categorical", "chi-square", 3.2, 0.52, 0.0, Verdict.NONE, "No difference."),
        row("=cmd|' /C calc'!A0", "numeric", "KS", nan, nan, nan, Verdict.TOO_FEW, "11 rows are too few to test.", 11),
    )
    shapes = (
        NumericShape(SCRIPT, edges, before / before.sum(), now / now.sum(),
                     ((0.05, 12.4, 25.1), (0.25, 30.2, 44.4), (0.5, 39.8, 57.6), (0.75, 49.7, 70.3),
                      (0.95, 68.1, 91.2))),
        CategoryShape(CJK, (FORMULA, DOLLARS, "東京", LONG, "(other)"), np.array([0.226, 0.3, 0.2, 0.15, 0.124]),
                      np.array([0.412, 0.21, 0.16, 0.12, 0.098])),
        NumericShape(LONG, np.array([0, 1, 2, 3, 5, 10_000.0]), np.array([0.3, 0.3, 0.2, 0.199, 0.001]),
                     np.array([0.28, 0.31, 0.2, 0.209, 0.001]), ((0.5, 1.6, 1.7),)),
    )
    return DriftView(REFERENCE, CURRENT, "2 Mar 2026 10:00 - 12:00 UTC", "2 Mar 2026 14:00 - 15:00 UTC", 57_120, 29_006,
                     columns, shapes, 7, f"3 of 6 columns moved: {SCRIPT} (D 0.312), {CJK} (TVD 0.186) and one more.",
                     Verdict.ALARM, "pilothouse drift prod-ranker", 0.2)
