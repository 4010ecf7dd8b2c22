"""Numbers per stretch of time: what the board, the overview strip, `pilothouse metrics` and reports show.

Belongs here: the catalogue of metrics as data, the choice of buckets, and the step from the store's moments
and percentiles to charts. Does not belong here: SQL over rollups (the store), thresholds (alarms), the
comparison of two windows (drift).

Decisions
- A metric is defined once, in `catalogue`; the command line, the board and the report read that row.
- Buckets lie on the epoch's grid, so that two views of the same time show the same numbers.
- Throughput is rows in the bucket divided by the bucket's length, zero where files cover the time and nothing
  came. All else has no value without rows, and is a gap.
- While a log is followed, the throughput of the bucket that is still filling is not drawn: half a bucket
  would look like a fall of the traffic.
- A share is kept as 0 to 1 (unit "share") and written in percent.
- A counter is shown as its increase a second. What was added after buckets without a sample is spread over them, and
  the first and last bucket last as long as their share of samples: a missed scrape is a gap and no burst.
- A log without requests has throughput, errors and latency from the counters of its server (`counted`), with a badge.
  Where there are requests they are the truth, and counters are series beside them.
- Samples farther apart than the board's buckets are drawn in longer ones of their own, in whole steps for increases.
- The board has what rollups give (`CATALOGUE`). What reads rows or takes more room than a line (`MORE`, the families
  `missing:COLUMN` and so on) is shown when asked for, and its job can stop it.
- How good answers are is told row by row in the store (`store.derived`) and added up. What the answers are is told from
  all outcomes: words are right when equal; a probability against 0 and 1 has a log loss and a Brier score, and is right
  on its side of 0.5; any other number has an error. Clicks have no accuracy: hardly anybody clicks, and a model that
  says so of everybody is right nearly always.
- Rates that wait for outcomes are drawn of buckets that are old enough (`Metric.waits`; `maturity` says which), errors
  of answers as the CTR. The younger ones are named (`ChartView.waits`) and hatched, not drawn pale: half of the
  outcomes make another rate.
- Out of range and unseen are held against the reference; without one, against the first day of the log, or the first
  quarter of a shorter one. Both are exact. Of numbers, rollups tell by least and greatest value which buckets have
  cells outside, and no others are read; words are read. A column of more than 1,000 words is text and is left out.
- How often the data changes: `input_changes` is the share of numeric input columns that do not stand still. A column
  stands still in a bucket when all its values there and in the bucket before are one value, and that is no accident by
  its behaviour on the first day (`store.early`: a short stretch of rows stood still in a share c of cases, so m of them
  together do with c^m; below e^-10 it counts). Rare flags and constants are not judged. One frozen feature of ten shows
  as 90 %. `unchanged:COLUMN` says for how long, of words too, from rows then. `still_sql` is both as SQL to show.
- Churn of a bucket: the share of its users without a request in N days from its end (`churn_days`, 7); it is known N
  days before the log ends. A log that says itself who has left has `churned`.
- Cost is what the log says (a column named so, in a log that counts tokens), else tokens by the prices of
  pilothouse.toml, and by the hour, so that buckets of any length compare.
- A queue is the mean of the first gauge whose name says so: those of known servers before others.
- Maps are laid out of the store's logarithmic bins: at an edge a row may lie in the step beside its own. As a chart a
  map has one series, its median.
- Own metrics are expressions over requests, checked and written anew by `store.expressions`, and run when the folder is
  trusted; that is kept outside of folder and workspace (`session.own_metrics`). They read the rows of the window.
- A split by a role reads rollups; by any other column it reads rows: the eight values that occur most in the window,
  and the rest as one. Waits for joined outcomes, ranges, unseen values, churn and own metrics are not split.
"""
