"""The rows behind a report, put into a folder: as a log folder that opens again, and as Parquet for SQL.

What is written, of the time that the report's windows and charts are counted from
    NAME/             the log folder: a folder of Parquet for each stream, and a `pilothouse.toml` that says what its
                      columns mean, so that nothing is guessed anew and commands give the report's numbers
    rows/             `incident_rows`, `events` and `samples`, the tables that the report's SQL asks
    views.sql         makes them and the raw tables views of DuckDB

Decisions
- Cells are those of the workspace, under the names of the log; the time is in UTC, whatever the log wrote. Redacted
  columns hold what the report shows in their place, and the settings keep it from being redacted again.
- Files are cut where no file of the log covers the time: a gap stays a gap and is no time without requests. One row
  before and after each stretch goes along, so that the stretch is covered to its ends.
- Of outcomes, all are taken that belong to a request of these stretches, whenever they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from console.jobs import Job
from console.logs import config
from console.logs.config import ColumnSettings, FolderSettings, StreamSettings
from console.logs.names import SETTINGS
from console.logs.sniff import PLAIN_ROWS
from console.reports.redaction import MASK, How, Redactor, pseudonym_sql
from console.roles import RELATIVE, ColumnType, Role, StreamKind, TimeFormat
from console.session import settings
from console.session.outgoing import redactor_again, target_of
from console.store import quoted
from console.store.incident_rows import NAME
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.reports.view import ReportView
    from console.session.session import Session
    from console.store import ColumnInfo, StreamInfo, Workspace

BATCH = 50_000
ROWS, VIEWS = "rows", "views.sql"
WRITTEN = (StreamKind.REQUESTS, StreamKind.OUTCOMES, StreamKind.SAMPLES)
PLACE = (("source_file", "_path_of_file"), ("source_record", "_record + 1"))
"""Where each row stood in the log: columns of their own, which mean nothing to charts."""

OF_EVENTS = {"user_id": Role.USER_ID, "host": Role.HOST, "model": Role.MODEL, "model_version": Role.MODEL_VERSION,
             "request_id": Role.REQUEST_ID, "prediction": Role.PREDICTION, "status": Role.STATUS}
"""Columns of `events` that have texts of the log, and the role that they come from."""

AFTER = timedelta(microseconds=1)


def export(session: Session, view: ReportView, folder: Path, job: Job) -> str:
    """Gives what a README says of it. Raises JobStopped, OSError."""
    store, redactor = session.store, redactor_again(session, view)
    stretches = _stretches(view)
    name = target_of(session)
    streams = [one for one in store.streams() if one.kind in WRITTEN and one.rows]
    (folder / ROWS).mkdir()
    lines, said, total = [], {}, 0
    for number, stream in enumerate(streams):
        job.report(number, len(streams) + 3, f"Writing the rows of {stream.name}")
        place = f"{stream.kind.value}-{number + 1}"
        written = _stream(store, stream, stretches, folder / name / place, redactor, job)
        if written:
            total += written
            said[place] = _settings(stream, redactor)
            lines.append(_raw_view(stream, f"{name}/{place}/*.parquet"))
    tables = [("events", "SELECT * FROM events", "ts"), ("samples", "SELECT * FROM samples", "ts")]
    if view.rows_sql:
        tables.append((NAME, view.rows_sql, "ts"))
    for number, (table, sql, time) in enumerate(tables):
        job.report(len(streams) + number, len(streams) + 3, f"Writing {table}")
        if _table(store, table, sql, time, stretches, folder / ROWS / f"{table}.parquet", redactor, job):
            lines.append(f"CREATE OR REPLACE VIEW {table} AS SELECT * FROM read_parquet('{ROWS}/{table}.parquet');")
    (folder / VIEWS).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    (folder / name).mkdir(exist_ok=True)
    (folder / name / SETTINGS).write_text(_toml(session, said, redactor), encoding="utf-8", newline="\n")
    return README.format(rows=f"{total:,}", name=name, views=VIEWS, settings=SETTINGS, folder=ROWS)


README = """\
## The rows

{rows} rows, those of both windows and of the time that the charts show.

- `{name}/`: a log folder of these rows, with a `{settings}` that says what its columns mean. `pilothouse {name}` \
opens it, and the commands of the report, run in the folder of this README, print the report's numbers.
- `{folder}/`: the same rows as the tables that the report's SQL asks. `{views}` makes them views of DuckDB:

```
duckdb -init {views}
```

`source_file` and `source_record` say where each row stood in the log. Times are in UTC."""


def _stretches(view: ReportView) -> list[Window]:
    """The windows, and the whole buckets of every chart, joined where they touch."""
    found = [view.incident.window, view.incident.reference]
    for figure in view.figures:
        times, bucket_s = figure.chart.times, figure.chart.bucket_s
        if len(times):
            found.append(Window.from_epoch(float(times[0]), float(times[-1]) + bucket_s))
    peaks = [Window(one.peak_at, one.peak_at + timedelta(seconds=one.peak_bucket_s)) for one in view.impacts
             if one.peak_at is not None and one.peak_bucket_s]
    return _joined((*found, *peaks))


def _joined(windows: Iterable[Window]) -> list[Window]:
    """In order, each time in one of them at most."""
    joined: list[Window] = []
    for one in sorted(windows, key=lambda window: window.start):
        if joined and one.start <= joined[-1].end:
            joined[-1] = Window(joined[-1].start, max(joined[-1].end, one.end))
        else:
            joined.append(one)
    return joined


# ---- the log folder ------------------------------------------------------------------------------------------


def _stream(store: Workspace, stream: StreamInfo, stretches: Sequence[Window], folder: Path, redactor: Redactor,
            job: Job) -> int:
    columns = _written_columns(stream)
    cells = ", ".join([*(f"{_cell(column, redactor)} AS {quoted(name)}" for column, name in columns),
                       *(f"{sql} AS {quoted(name)}" for name, sql in _place(stream))])
    files = "(SELECT file_id AS _number_of_file, path AS _path_of_file FROM files)"
    source = f"{stream.rows_sql} LEFT JOIN {files} ON _number_of_file = _file"
    if stream.kind is StreamKind.OUTCOMES:
        where = _of_requests(store, stream, stretches)
        return _parquet(store, f"SELECT {cells} FROM {source} WHERE {where}", folder / "part-0001.parquet",
                        _times(columns), job)
    total = 0
    for number, one in enumerate(_covered(store, stream, stretches), start=1):
        total += _parquet(store, f"SELECT {cells} FROM {source} WHERE {_within('_ts', one)}",
                          folder / f"part-{number:04d}.parquet", _times(columns), job)
    return total


def _written_columns(stream: StreamInfo) -> list[tuple[ColumnInfo, str]]:
    """Each column with the name that it has in the file; each name once, whatever the case."""
    taken = {name for name, _ in PLACE}
    found = []
    for column in stream.columns:
        name = column.name if column.name and column.name.lower() not in taken else column.stored
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        found.append((column, name))
    return found


def _place(stream: StreamInfo) -> tuple[tuple[str, str], ...]:
    """Of counters without the file: every text of a sample names its series, and a counter goes on in the next file."""
    return PLACE if stream.column(Role.METRIC_KIND) is None else PLACE[1:]


def _cell(column: ColumnInfo, redactor: Redactor) -> str:
    name = quoted(column.stored)
    if column.role is Role.TIMESTAMP and column.time_format not in RELATIVE:
        return "_ts"
    match redactor.how(column.name):
        case None:
            return name
        case How.PSEUDONYM:
            return pseudonym_sql(f"{name}::VARCHAR", redactor.key)
        case How.MASKED if column.kept is ColumnType.TEXT:
            return f"CASE WHEN {name} IS NOT NULL THEN '{MASK}' END"
        case How.MASKED if column.kept is ColumnType.NUMBER:
            return f"CASE WHEN {name} IS NOT NULL THEN 0.0::DOUBLE END"
        case _:
            return f"CASE WHEN {name} IS NULL THEN NULL ELSE NULL END"


def _times(columns: Sequence[tuple[ColumnInfo, str]]) -> frozenset[str]:
    """Names of columns whose cells are instants in UTC."""
    return frozenset(name for column, name in columns
                     if column.role is Role.TIMESTAMP and column.time_format not in RELATIVE)


def _of_requests(store: Workspace, stream: StreamInfo, stretches: Sequence[Window]) -> str:
    """The outcomes of requests in these stretches; where ids do not join them, those of the time itself."""
    own = stream.column(Role.REQUEST_ID)
    asked = [(one, column) for one in store.streams() if one.kind is StreamKind.REQUESTS
             and (column := one.column(Role.REQUEST_ID)) is not None]
    within = " OR ".join(f"({_within('_ts', one)})" for one in stretches)
    if own is None or not asked:
        return within
    ids = " UNION ALL ".join(f"SELECT {quoted(column.stored)}::VARCHAR FROM {one.rows_sql} WHERE {within}"
                             for one, column in asked)
    newest = f"_ts = (SELECT max(_ts) FROM {stream.rows_sql})"      # it tells up to when outcomes are known
    return f"{quoted(own.stored)}::VARCHAR IN ({ids}) OR {newest}"


def _covered(store: Workspace, stream: StreamInfo, stretches: Sequence[Window]) -> list[Window]:
    """The stretches, cut where no file covers the time, each with one row more on either side where there is one; none
    overlaps another."""
    back = timedelta(seconds=3 * stream.step_s if stream.kind is StreamKind.SAMPLES else 0)
    found: list[Window] = []
    for part in store.coverage():
        for whole in stretches:
            start, end = max(whole.start, part.start), min(whole.end, part.end)
            if start >= end:
                continue
            first, last = _neighbours(store, stream, Window(start, end), part)
            found.append(Window(min(first, max(start - back, part.start)), last))
    return _joined(found)


def _neighbours(store: Workspace, stream: StreamInfo, window: Window, part: Window) -> tuple[datetime, datetime]:
    row = store.cursor().execute(
        f"SELECT epoch_us(max(_ts) FILTER (_ts < $start)), epoch_us(min(_ts) FILTER (_ts >= $end)) "
        f"FROM {stream.rows_sql} WHERE (_ts >= $from AND _ts < $start) OR (_ts >= $end AND _ts < $to)",
        {"start": _naive(window.start), "end": _naive(window.end), "from": _naive(part.start),
         "to": _naive(part.end)}).fetchall()[0]
    return (window.start if row[0] is None else from_epoch(row[0] / 1e6),
            window.end if row[1] is None else from_epoch(row[1] / 1e6) + AFTER)


def _settings(stream: StreamInfo, redactor: Redactor) -> StreamSettings:
    """What the folder's settings say of one stream: all that was guessed or chosen about it."""
    columns = {name: _column(column, redactor) for column, name in _written_columns(stream)}
    columns |= {name: ColumnSettings(role=Role.IGNORED.value) for name, _ in _place(stream)}
    return StreamSettings(kind=stream.kind, zone=stream.zone or None, columns=columns, half_of="")


def _column(column: ColumnInfo, redactor: Redactor) -> ColumnSettings:
    """A number whose cells lie as text stays text in the file, and is read as a number again."""
    instant = column.role is Role.TIMESTAMP and column.time_format not in RELATIVE
    form = TimeFormat.TYPED if column.kept is ColumnType.TIME or instant else column.time_format
    hidden = redactor.how(column.name) is How.PSEUDONYM
    kind = ColumnType.TIME if instant else ColumnType.TEXT if hidden else column.type
    role = column.role.value if column.role else config.NO_ROLE
    return ColumnSettings(role=role, unit=column.unit or None, type=kind,
                          time_format=form if kind is ColumnType.TIME or column.time_format in RELATIVE else None)


def _toml(session: Session, streams: dict[str, StreamSettings], redactor: Redactor) -> str:
    said = settings.read(session.store, session.folder)
    kept = tuple(one.column for one in redactor.columns if one.how is How.PSEUDONYM)
    masked = tuple(one.column for one in redactor.columns if one.how is How.MASKED)
    return config.as_text(msgspec.structs.replace(
        FolderSettings(), streams=streams, alarm=said.alarm, churn_days=said.churn_days, prices=said.prices,
        redact=masked, keep=tuple(dict.fromkeys((*kept, *said.keep)))))


# ---- tables for SQL ------------------------------------------------------------------------------------------


def _table(store: Workspace, name: str, sql: str, time: str, stretches: Sequence[Window], path: Path,
           redactor: Redactor, job: Job) -> bool:
    """Whether the log has such rows."""
    cursor = store.cursor()
    columns = [(str(row[0]), str(row[1])) for row in cursor.execute(f"DESCRIBE {sql}").fetchall()]
    by_role = _redacted_roles(store, redactor)
    cells = []
    for column, kind in columns:
        how, log_name = by_role.get(column), column.removeprefix("log.")
        if column.startswith("log."):
            how = redactor.how(log_name)
        cells.append(f"{_told(quoted(column), kind, how, redactor)} AS {quoted(column)}")
    within = " OR ".join(f"({_within(time, one)})" for one in stretches)
    return _parquet(store, f"SELECT {', '.join(cells)} FROM ({sql}) WHERE {within}", path, frozenset(), job) > 0


def _redacted_roles(store: Workspace, redactor: Redactor) -> dict[str, How]:
    """Columns of `events` that come from a redacted column of some stream; masked wins."""
    found: dict[str, How] = {}
    for stream in store.streams():
        for name, role in OF_EVENTS.items():
            column = stream.column(role) if stream.kind is StreamKind.REQUESTS else None
            how = redactor.how(column.name) if column is not None else None
            if how is not None and found.get(name) is not How.MASKED:
                found[name] = how
    return found


def _told(name: str, kind: str, how: How | None, redactor: Redactor) -> str:
    if how is None:
        return name
    if kind != "VARCHAR":
        return f"CASE WHEN {name} IS NOT NULL THEN 0::{kind} END"
    if how is How.PSEUDONYM:
        return pseudonym_sql(name, redactor.key)
    return f"CASE WHEN {name} IS NOT NULL THEN '{MASK}' END"


def _raw_view(stream: StreamInfo, files: str) -> str:
    """The raw table as the report's SQL names it."""
    cells = [f"{quoted(name)} AS {quoted(column.stored)}" for column, name in _written_columns(stream)]
    time = next((name for column, name in _written_columns(stream) if column.role is Role.TIMESTAMP), None)
    column = stream.column(Role.TIMESTAMP)
    if time is not None and column is not None:
        at = (f"timezone('UTC', {quoted(time)})" if column.time_format not in RELATIVE
              else f"TIMESTAMP '2000-01-01' + to_microseconds(round({quoted(time)} * "
              f"{1_000 if column.time_format is TimeFormat.RELATIVE_MS else 1_000_000})::BIGINT)")
        cells.append(f"{at} AS _ts")
    return (f"CREATE OR REPLACE VIEW {stream.table} AS SELECT {', '.join(cells)}, NULL AS _half\n"
            f"  FROM read_parquet('{files}');")


# ---- files ---------------------------------------------------------------------------------------------------


def _parquet(store: Workspace, sql: str, path: Path, instants: frozenset[str], job: Job) -> int:
    """The rows of a query as a file; how many. No rows, no file. instants: columns that are times in UTC."""
    import pyarrow as arrow
    import pyarrow.parquet as pq

    reader = store.cursor().sql(sql).to_arrow_reader(BATCH)
    schema = arrow.schema([field if field.name not in instants else arrow.field(
        field.name, arrow.timestamp("us", tz="UTC")) for field in reader.schema], {PLAIN_ROWS: b"1"})
    writer: pq.ParquetWriter | None = None
    rows = 0
    try:
        for batch in reader:
            job.stop_if_asked()
            if not batch.num_rows:
                continue
            if writer is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                writer = pq.ParquetWriter(path, schema, compression="zstd")
            writer.write_table(arrow.Table.from_batches([batch]).cast(schema))
            rows += batch.num_rows
    finally:
        if writer is not None:
            writer.close()
    return rows


def _within(time: str, window: Window) -> str:
    start, end = (f"TIMESTAMP '{_naive(moment).isoformat(sep=' ')}'" for moment in (window.start, window.end))
    return f"{time} >= {start} AND {time} < {end}"


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
