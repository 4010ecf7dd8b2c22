"""The room of drift: whether two samples of a column differ by more than chance, and by enough to matter.

Belongs here: one file per test or distance, all with one result (`TestResult`), by name in `TESTS`; the rule that makes
a verdict of p and effect (`verdict`); the comparison of two windows (`compare`), its sentences and its shapes.
Does not belong here: reading logs, choosing windows, time. Values in, values out: no file, no database; the only clock
is the stopwatch that `compare` is handed.

    compare     pairs the columns, adjusts p over all tests, sorts the table
    columns     which test a column gets
    chosen      further tests that a user asks for, beside the verdict
    verdict     limits with their reasons, Benjamini-Hochberg, the least visible effect
    words       sentences; what comes from a log is data in them
    shapes      histograms and shares to draw
    classifier  whether the rows of two windows can be told apart, and by which columns
    correlation pairs of columns that no longer go along as they did
    cusum       the quickest notice of a changed error rate, with a reference; adwin is the one without
    concept     whether outcomes still follow from the score, apart from what moved in inputs and outcomes
    estimated   performance before labels come, and what has to be assumed for it
    cube        rows per bucket of time and cell of value as running sums; preview compares two windows by them, and
                preview_shapes draws them
    label_shift how often each outcome is to be expected, from the shares of what was predicted (BBSE)
    answers, maturity, measures, outcomes    requests with answers and outcomes: which of them may be judged, errors
                over time, and which of P(X), P(Y), P(Y|X) moved (`outcomes_view`)
    together    classifier and correlations of two windows with their verdicts
    causes      what may have been done to the values of a column: units, defaults, nulls, cuts, labels, hours
    skew, training    training against serving: the same requests by their key; schema, distributions, causes
    course      which kind of change a series of buckets shows, and since when; `season` takes day and week out of it
    over_time   distances of every bucket of a column from a reference; `outcome_courses` those of outcomes and of the
                order that the score gives them; `courses` makes rows of them, `summary` says what they come to
    regimes     the stretches between changes, and which of them a window is like

Decisions
* A verdict needs both: p below 0.05 after the adjustment, and an effect above a limit that does not depend on the
  number of rows. p alone alarms at 500,000 rows about nothing; an effect alone alarms at 500 rows about chance.
* Counts are compared with counts, never with a reference taken as exact: that overstates chi-square by 1 + m/n, and is
  why other tools flag a third to all of the columns that have not moved.
* Missing values are a row of their own and are never filled or dropped in silence.
* D and total variation judge, because one wild value does not move them. PSI, the Jensen-Shannon and the Wasserstein
  distance are shown or on call for who knows them, with limits that know the sample sizes, and have no say.
* Of more than 50 values the 49 most frequent are tested, and beside them how many rows hold new ones: a change of all
  rare values at once would otherwise hide among the others.
* Under 30 values on a side there is no verdict: "too few to say" is not "no drift".
* Clicks and churn are judged as rates, in points: a click rate that doubles from 2 to 4 % moves only 0.02 of the rows.
* An input that the reference never had is watched at most, for nothing can have relied on it; other columns that only
  the current window has (a latency, beside training data) are told and no more.
* While a window is dragged its distances come from the count cube. Each has an interval that the exact one lies in:
  between two ends of bins F - G is at most what it is at the lower end and the bin's rows of one side, and a window
  that ends within a bucket can differ by the rows of that bucket. Values that are few, or frequent, have bins of their
  own, in which nothing can hide. Chi-square and rates are the same numbers as in the exact test while the values have
  cells of their own; p of small tables is the limit law's.
* Over time the kind of change is told from the share of rows beyond the cut where the column moved most, not from the
  distance: a distance is never below 0, so that a slope in it begins late and a season has twice its rhythm.
* A bucket that is a part of the reference is compared with the rest of it.
* Concept drift is told where P(Y|X) moved and no input or prediction moved at that time.
* Outcomes are judged on the time of their request, and only those of buckets that are old enough and have no hole:
  clicks are told sooner than their absence. An outcome counts in the stream of errors once the usual wait is over.
* Of rare outcomes a fifth and a half of their rate are watch and alarm where that is less than 1 and 3 points.
* Each column is sorted once a side; D, quantiles, bins and rare values are all read off the sorted array.
"""

from console.drift.compare import compare
from console.drift.counts import CategoryCounts
from console.drift.result import TestResult
from console.drift.sample import ColumnSample
from console.drift.tests import TESTS
from console.drift.view import (
    CategoryShape,
    ChosenTest,
    ColumnDrift,
    DriftView,
    NumericShape,
    Shape,
    ShownNumber,
    Verdict,
)

__all__ = ["TESTS", "CategoryCounts", "CategoryShape", "ChosenTest", "ColumnDrift", "ColumnSample", "DriftView",
           "NumericShape", "Shape", "ShownNumber", "TestResult", "Verdict", "compare"]
