"""The workspace of a log folder: the one DuckDB file, its tables and their versions, the rollups, queries by name.

What belongs here: SQL, and everything that knows how rows lie. What does not: reading files (`console.logs` hands over
relations), what a number means on the board (`console.metrics`), and any judgement.

Tables, stable by name
    files           the ledger: each file, how far it was read, and the sums of its rows
    streams, columns    what a stream is, and what its columns mean; roles are a mapping on top of the rows
    raw_<stream>    the rows, columns under the names of the log, and `_file`, `_record` (number in the file from 0),
                    `_arrived`, `_ts` (UTC), `_misfit` (JSON of cells that did not fit their column; mostly NULL),
                    `_half` (NULL or 0: an event; 1: a second half, 2: one that was merged), `_filled` (see `halves`)
    quarantine      records that could not be read, with their number in the file: they can be read again
    healed          those that became rows so; they go back when the correction that made them readable is undone
    rollup_<stream>, bins_<stream>, rollup_outcomes, series    mergeable numbers per level, bucket and series
    dirty, dirty_outcomes, new_outcomes    what rollups do not hold yet
    new_halves, unanswered, half_columns    half rows to be merged, responses waited for, and where cells of halves go
    outcome_waits   how long outcomes took to come
    alarms, alarm_states    what alarms have been, as it was last judged
    alarm_acks, silences    what people said of alarms
    rollouts, rollout_events    rehearsals of rollouts, and their audit logs line by line
    results         runs of advice, and what incidents have attached, as they were seen
    annotations, incidents, incident_edits, incident_snapshots, meta (schema version, folder, notes)
Views: `events` (requests, halves merged, with their outcome), `outcomes`, `samples` (series, metric, time, value).

`answered` reads requests with their answers and outcomes row by row, `whole_rows` cells of several columns of one row.
`joined` brings columns of a file of the user's to rows, apart from the workspace.
`bucketed` counts a column per bucket of time and bin of values, for drift over time; `rollout_rows` gives the requests
as arrays, for replays.

Decisions
- `_ts` is stored and not a view's expression: zone maps then work for every way of writing a time, so that a window is
  read and not the log; and following, joining and rollups need no cast. It costs one column. When the role, format or
  zone of the time changes it is made anew by UPDATE from the kept cells; rows are never read again.
- A time column whose cells name no zone keeps the clock of the log (`columns.naive`), for a zone chosen wrongly and
  corrected later must not lose the hour that summer time skips. `_ts` and the views have UTC.
- Times that count from a start which the log does not name lie from `window.RELATIVE_START` on in `_ts`, kept as the
  numbers they are; `StreamInfo.relative` and `Workspace.relative` say so, and nobody shows them as dates. A time whose
  form the user chose is kept as it stands in the log, so that another choice needs no file.
- Numbers are DOUBLE, ids text. NaN and words for missing (`casting.MISSING_WORDS`) are NULL, so that no sum ever meets
  one; so is empty text, which CSV cannot tell from none. A cell that does not fit is NULL, its text is in `_misfit`;
  an integer that loses digits in a DOUBLE keeps its nearest value, and its text there too.
- A row of requests or samples without a usable time (none, unreadable, before 1971 or after 2199) has no place on the
  time axis: `append` gives it back for the quarantine. Outcomes and references may lack one.
- `_arrived` is when a row was seen, if it was; else the log's own arrival time, the outcome's time, the event's time.
- Rollups: rows commit with the list of their dirty buckets, and rollups are made again from that list, whole buckets at
  a time: a crash between the two costs a recompute. Levels are 1 s (logs under six hours), 10 s, 1 and 10 minutes, an
  hour. They hold log units; `scale` is applied on the way out, so that correcting a unit is free of work.
  Where a log is sparse, series are kept apart and binned at coarser levels only (`refreshing`): rollups of a bucket
  with ten rows are no smaller than the rows. Buckets that no level adds up to are read from the rows.
- A chart asks for the same stretch again and again, and the time went to planning and scanning: 5 ms of SQL for 500
  sums, 20 ms for percentiles. So rollups that are looked at are held in memory (`resident`, `tracks`; at most 128 MB,
  the longest unused goes first): sums as arrays by bucket, bins as counts that run over time and values, where a
  percentile of any stretch is two rows and a search. Without a split only; splits, one second and raw rows stay SQL.
  Each change of rollups names its first bucket when it commits, and from there on memory is read again: never a stale
  number, and a live log costs its tail. Reading from the beginning (0.1 s at 10 million rows) happens in a thread of
  its own, takes at most a twentieth of the time, and SQL answers meanwhile with the same numbers.
- What needs two columns of a row (right or wrong, error, log loss, agreement with a shadow model) is a derived column
  of rollups, as failures are (`derived`), and a column of joined outcomes. The truth is the label where there is one,
  else the click. It costs loading a twelfth more processor time where outcomes stand in the rows, nothing elsewhere.
- Answers have logarithmic bins like latencies: their distribution over time is then a matter of memory.
- Splits by any column, and what no rollup has, are read from the rows in stretches of half a million (`splits`,
  `scans`), between which a job can stop them.
- Where series are too sparse to have bins by the minute, bins by the minute are kept with all series together
  (`refreshing.DENSE_FOR_MINUTES`): a million rows drawn in minutes were 30 ms of raw rows. It costs loading less than
  a tenth of a second per million rows.
- Of a counter the increase since the sample before is stored with the sample (`counters`) and rolled up like any other
  number: resets are dealt with once, and a chart of any stretch is a sum.
- At most 200 columns are rolled up and 200 series kept apart in a stream; the rest of the series is `(other)`.
- Outcomes go to the latest request of their id that is not after them, over all streams of requests, and count at its
  time (`outcomes`). A request that comes more than an hour from another of the same id does not take an outcome
  away from that one before everything is joined again. The view `events` joins by id alone.
  Buckets under ten seconds are joined from the rows: first with the outcomes of the next hour, which are all of them
  when the rollup has counted as many.
- A live log is added to its rollups row by row, not bucket by bucket, where it is known that it only grew
  (`refreshing`). What one look brings is added up in memory and appended beside what is there (`adding`): forty
  statements over a hundred columns cost 300 ms of processor to plan, these four 60, and buckets that were deleted and
  written again several times a second held a gigabyte after a quarter of an hour. They are packed when
  they are many. Numbers of buckets shorter than ten seconds, which come from rows, are kept and read again from the
  first changed one on (`recent`). What was committed is moved into the file every 128 MB, or sooner where little
  comes (`Workspace.keep_small`): until then it stays in memory, 40 MB a minute at a thousand rows a second.
- Outcomes that come are added as well (`outcomes_added`; `pairing` says which request
  each goes to): each goes to its request, where no other pair can have
  changed. Their buckets were joined again whole before: at a thousand labels a second that come half an hour late,
  each look joined an hour of the log and held a gigabyte while it did.
- Half rows become one event before rollups are made (`halves` says how, `merging` does it): the cells of a second half
  go into its main row, and `StreamInfo.rows_sql` leaves out what was merged. Whoever counts, rolls up or draws reads
  that and not the table. A live log pays for what is new: 1,000 halves on a million rows take 35 ms, of which most is
  planning thirty statements; a million of each are merged in two seconds.
- Only some rows (`picked`): a stand-in for the workspace whose streams are SELECTs with a condition. By model, version
  and host it reads the rollups of some series; by any other column the rows. Outcomes are joined first and picked then,
  so that a retry that is not meant does not leave its outcome to one that is.
- A count cube is counted from the rows (`cells`), after a load and apart from it: 256 bins of ten million rows in ten
  columns are half as much work as loading them. Which rows are new to it is told by the first bucket that commits have
  changed (`moved`); whole buckets are counted again from there on.
- The wait from a request to its outcome is kept as logarithmic bins by bucket of ten seconds, so that an outcome that
  goes to another request takes its wait along.
- A load of text has the database hold less than it would (`Workspace.spare`): what is in the file need not be in
  memory too. Long statements of a load tell how far they are and end when they are no longer wanted (`giving_way`).
- The rows that an incident is counted from are one temporary table of its two windows (`incident_rows`); the SQL that
  fills and asks it (`incident_sql`) is what a report prints, so that a reader gets the same numbers.
- The reference is stored and read by column; it has no rollups and counts for the span of the log only when its times
  overlap it. Parquet is copied in like all else.
- A workspace has one owner. The schema has a version: newer ones are refused, older ones brought up by MIGRATIONS or
  refused with what to do.

Six folders walked through the schema
- NAB: a file a metric, `timestamp,value`. One stream of samples; the path gives METRIC_NAME, value is METRIC_VALUE, and
  the series is the metric: `samples` and a chart for each. Lacking: units of metrics. Nothing else.
- Triton `.prom`: a scrape has no time inside and its counters only grow. Samples in long shape: METRIC_NAME, HOST or
  MODEL from labels, METRIC_VALUE, METRIC_KIND, TIMESTAMP from the file name as a constant; METRIC_INCREASE for the
  store to fill; percentiles are read from the increases of buckets. Nothing lacking.
- BentoML: monitor rows (features, prediction, REQUEST_ID, no latency) and server-log rows (latency, status, by trace
  id). Two request streams with the same id; the monitor's rows complete the server's, which get its columns. Nothing
  lacking.
- KServe: request and response events with the same id, in one stream of halves. Latency is response time less request
  time, and a request without response failed. Nothing lacking.
- NannyML: reference, analysis and targets. Reference stream by its name, requests with TIMESTAMP and REQUEST_ID,
  targets as outcomes without a time of their own: LABEL goes to the latest request of the id. Nothing lacking.
- make_logs.py, split: predictions are requests, labels are outcomes (REQUEST_ID, OUTCOME_TIME, CLICKED), reference is
  a reference, system is samples in wide shape (HOST, CPU, MEMORY, LOAD). With --flat CLICKED and OUTCOME_TIME stand in
  the requests themselves. Nothing lacking.
"""

from __future__ import annotations

from console.store.model import (
    AnsweredRows,
    Appended,
    ColumnInfo,
    ColumnMoments,
    FileEntry,
    Floats,
    Moments,
    PercentileSeries,
    StreamInfo,
    Totals,
)
from console.store.names import FAILED, quoted
from console.store.queries import sql
from console.store.sampled import SampledSeries
from console.store.shown import FileView, QuarantineView, RefusedView
from console.store.workspace import Workspace
from console.store.writer import Writer

__all__ = ["FAILED", "AnsweredRows", "Appended", "ColumnInfo", "ColumnMoments", "FileEntry", "FileView", "Floats",
           "Moments", "PercentileSeries", "QuarantineView", "RefusedView", "SampledSeries", "StreamInfo", "Totals",
           "Workspace", "Writer", "quoted", "sql"]
