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
"""
