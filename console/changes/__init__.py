"""What someone on call asks first: since that moment, what is different?

Belongs here: which numbers left their usual way, when each began, in what order they are told, and the sentences. Does
not belong here: what a number means (`console.metrics`), tests of two samples (`console.drift`), rules (`alarms`).

    tracks   all numbers that may have moved, over the same buckets
    usual    what was to be expected of a number: its level, the time of day, the weekend
    onset    when it left that, for how long, and how sure that is
    judge    how far it moved, whether that matters, and whether it may be nothing
    parts    whether it moved everywhere or within one version or host only
    feedback whether outcomes still go along with the score and the inputs
    order    what is told first
    focus    a second look, at what a first one found and in shorter buckets, is about that alone
    trained  the beginning of a log, which has no before: the training data stands in

Decisions
- Before is all of the log before the moment (less a stretch that is searched for beginnings, for a time is typed late).
  The time of day is learned from it where there is a day, the weekend where there is one. Where there is not, a move
  that may be the time of day or the weekend is told as weak, and why.
- A beginning is a change point: the stretch of buckets whose shift is likeliest, with the beginnings that are nearly as
  likely as its interval. A slope is told as such. Shares are judged by the likelihood of counts: of ten errors the
  normal law knows nothing.
- Noise is measured at the length of the shift: a number that wanders for hours has seldom jumped.
- A move needs both: beyond chance (5.5 scales; 3.7 where it begins at the moment asked, for there chance has one try),
  and large enough to matter, by the limits of drift for columns and by those of `judge` for metrics.
- What is one thing is one row: the percentiles of latency; missing values and the column they are in; a metric that is
  bad within a version only, and that version. Of beginnings that may be the same, the earlier step of the pipeline
  comes first: a column that is null, then the score, then the clicks.
- Numbers come from rollups; values of columns from every k-th row, a million at most. How outcomes go along with score
  and inputs is looked at in half a million rows around the moment: joining ten million takes minutes.
"""

from __future__ import annotations

from console.changes.since import changed_since
from console.changes.view import ChangeKind, ChangeRow, ChangesView
from console.changes.words import short

__all__ = ["ChangeKind", "ChangeRow", "ChangesView", "changed_since", "short"]
