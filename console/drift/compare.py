"""Two windows compared, column by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from console.drift import chosen
from console.drift.columns import findings
from console.drift.finding import Finding
from console.drift.result import NAN
from console.drift.sample import ColumnSample
from console.drift.verdict import benjamini_hochberg, judge, limits, worst
from console.drift.view import ChosenTest, ColumnDrift, DriftView, Verdict
from console.drift.words import overall, sentence
from console.jobs import Job, SilentJob
from console.window import Window

ORDER = tuple(Verdict)


def compare(reference: Sequence[ColumnSample], current: Sequence[ColumnSample], *,
            reference_window: Window | None = None, current_window: Window | None = None,
            reference_name: str = "reference", current_name: str = "current", command: str = "",
            tests: Sequence[str] = (), job: Job | None = None,
            stopwatch: Callable[[], float] = perf_counter) -> DriftView:
    """Every column of either side tested and judged, worst first.

    tests  names from TESTS: what they say stands beside each column that they fit; the verdict stays the default's

    A column on one side only is missing in every row of the other. p-values are adjusted over all tests of the call.
    The result does not depend on the order of rows or columns. `stopwatch` gives seconds, for the view's `seconds`.
    Raises JobStopped between two columns when the job is asked to stop; ValueError when a side names a column twice;
    BadSettings for an unknown test.
    """
    tests = chosen.known(tests)
    started, job = stopwatch(), job or SilentJob()
    before, after = _by_name(reference), _by_name(current)
    rows = tuple(max((sample.rows for sample in side), default=0) for side in (reference, current))
    names = sorted(before.keys() | after.keys())
    found: list[Finding] = []
    for done, name in enumerate(names):
        job.stop_if_asked()
        job.report(done, len(names), name)
        found += findings(before.get(name), after.get(name), rows[0], rows[1], tests)
    job.report(len(names), len(names), "")
    columns = judged(found)
    n_tests = sum(finding.tested for finding in found)
    verdict = worst([row.verdict for row in columns])
    shapes = tuple(finding.shape for finding in found if finding.shape is not None)
    return DriftView(reference_window, current_window, reference_name, current_name, rows[0], rows[1], columns, shapes,
                     n_tests, overall(columns, verdict, n_tests), verdict, command, stopwatch() - started)


def judged(found: Sequence[Finding]) -> tuple[ColumnDrift, ...]:
    """The rows of the table in its order: by verdict, then by how far the effect is over its limit."""
    tested = [finding for finding in found if finding.tested]
    adjusted = benjamini_hochberg([finding.result.p_value for finding in tested if finding.result])
    p_of = dict(zip(map(id, tested), adjusted.tolist(), strict=True))
    beside = chosen.adjusted([finding.chosen for finding in found])
    rows = [(_row(finding, p_of.get(id(finding), NAN), more), limits(finding.scale)[0])
            for finding, more in zip(found, beside, strict=True)]
    rows.sort(key=lambda pair: (ORDER.index(pair[0].verdict), -abs(pair[0].effect) / pair[1],
                                pair[0].column, pair[0].kind))
    return tuple(row for row, _ in rows)


def _row(finding: Finding, p_adjusted: float, beside: tuple[ChosenTest, ...]) -> ColumnDrift:
    result, tested = finding.result, finding.tested
    n, m = finding.sizes
    effect = result.effect if result else 0.0
    verdict = judge(p_adjusted, effect, finding.scale, n, m) if tested else Verdict.TOO_FEW
    verdict = ORDER[max(ORDER.index(verdict), ORDER.index(finding.worst))]
    return ColumnDrift(
        column=finding.column, kind=finding.kind, role=finding.role.value if finding.role else "", test=finding.test,
        statistic=result.statistic if result else NAN, p_value=result.p_value if result and tested else NAN,
        p_adjusted=p_adjusted, effect=effect, effect_name=result.effect_name if result else "difference",
        effect_low=result.effect_low if result else NAN, effect_high=result.effect_high if result else NAN,
        n_reference=n, n_current=m, missing_reference=finding.reference.missing_share,
        missing_current=finding.current.missing_share, detectable=finding.detectable, verdict=verdict,
        sentence=sentence(finding, verdict, p_adjusted), shown=finding.shown, chosen=beside)


def _by_name(samples: Sequence[ColumnSample]) -> dict[str, ColumnSample]:
    named = {sample.column: sample for sample in samples}
    if len(named) != len(samples):
        raise ValueError("A side names a column twice")
    return named
