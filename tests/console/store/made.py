"""Small logs made by hand, and the way in and out of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from console.logs.plan import ColumnPlan, FileFormat, StreamPlan, TimeFormat
from console.roles import ColumnType, Role, StreamKind
from console.store import Appended, StreamInfo, Workspace
from console.window import Window

NUMBER, TEXT, TIME, FLAG = ColumnType.NUMBER, ColumnType.TEXT, ColumnType.TIME, ColumnType.FLAG


def column(name: str, kind: ColumnType = NUMBER, role: Role | None = None, *, unit: str = "",
           form: TimeFormat | None = None, chosen: bool = False) -> ColumnPlan:
    """One column under its own name."""
    return ColumnPlan(name, name, kind, role, unit, form or (TimeFormat.ISO if kind is TIME else None), chosen=chosen)


def stream(name: str, *columns: ColumnPlan, kind: StreamKind = StreamKind.REQUESTS, zone: str = "UTC") -> StreamPlan:
    """A stream without files."""
    return StreamPlan(name, kind, FileFormat.CSV, "made", columns, (), zone, zone_assumed=zone == "UTC")


REQUESTS = stream("requests", column("ts", TIME, Role.TIMESTAMP), column("id", TEXT, Role.REQUEST_ID),
                  column("version", TEXT, Role.MODEL_VERSION), column("latency", NUMBER, Role.LATENCY, unit="ms"),
                  column("status", NUMBER, Role.STATUS), column("age", NUMBER, Role.FEATURE),
                  column("device", TEXT, Role.FEATURE))
LABELS = stream("labels", column("id", TEXT, Role.REQUEST_ID), column("told", TIME, Role.OUTCOME_TIME),
                column("clicked", NUMBER, Role.CLICKED), kind=StreamKind.OUTCOMES)


def put(ws: Workspace, plan: StreamPlan, rows: Mapping[str, Sequence[str | None]], *, path: str = "a.csv",
        first: int = 0, arrived: datetime | None = None) -> tuple[StreamInfo, Appended]:
    """One batch of texts in a transaction of its own, as a loader would; not refreshed."""
    info = ws.ensure_stream(plan)
    count = len(next(iter(rows.values())))
    table = pa.table({"_record": pa.array(range(first, first + count), pa.int64()),
                      **{f"c{i}": pa.array(list(values), pa.string()) for i, values in enumerate(rows.values())}})
    with ws.writing() as w:
        file_id = w.file(path, info.stream_id)
        w.connection.register("batch", table)
        appended = w.append(info.stream_id, file_id, "batch", text=True,
                            columns={name: f"c{i}" for i, name in enumerate(rows)}, arrived=arrived, constants={})
        w.connection.unregister("batch")
        w.update_file(file_id, state="loaded")
    return info, appended


def texts(frame: pd.DataFrame) -> dict[str, list[str | None]]:
    """A frame as the cells of a CSV file."""
    return {name: [None if pd.isna(cell) else cell.isoformat() if isinstance(cell, pd.Timestamp) else repr(cell)
                   if isinstance(cell, float) else str(cell) for cell in frame[name]] for name in frame.columns}


def log(rows: int = 4000, hours: float = 30.0, seed: int = 1) -> pd.DataFrame:
    """Requests in no order of time, with missing cells."""
    rng = np.random.default_rng(seed)
    seconds = np.sort(rng.uniform(0, hours * 3600, rows)).round(3)
    rng.shuffle(seconds)
    latency = rng.lognormal(3, 0.8, rows)
    age = rng.normal(40, 12, rows)
    age[rng.random(rows) < 0.1] = np.nan
    status = rng.choice([200.0, 404.0, 500.0, 503.0, np.nan], rows, p=[.85, .05, .05, .03, .02])
    return pd.DataFrame({
        "ts": pd.Timestamp("2026-03-02T05:17:00Z") + pd.to_timedelta(seconds, unit="s"),
        "id": [f"r{i}" for i in range(rows)], "version": rng.choice(["v1", "v2"], rows, p=[.8, .2]),
        "latency": latency, "status": status, "age": age,
        "device": np.where(rng.random(rows) < 0.05, None, rng.choice(["phone", "desktop"], rows))})


def window(start: str, end: str) -> Window:
    """From ISO times in UTC."""
    return Window(datetime.fromisoformat(start).replace(tzinfo=UTC), datetime.fromisoformat(end).replace(tzinfo=UTC))


def whole(ws: Workspace) -> Window:
    """All of the time axis."""
    span = ws.span()
    assert span is not None
    return span


def by_bucket(times: Any, values: Any) -> dict[float, float]:
    """Bucket start to value, without what is not there."""
    return {float(time): float(value) for time, value in zip(times, values, strict=True) if not np.isnan(value)}


def all_numbers(ws: Workspace) -> dict[str, pd.DataFrame]:
    """Every rollup table added up by its keys, so that two workspaces can be compared."""
    found = {}
    con = ws.cursor()
    for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'rollup_%' "
                                "OR table_name LIKE 'bins_%' ORDER BY ALL").fetchall():
        names = [row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()]
        keys = [name for name in names if name in ("level_s", "bucket", "series", "stream_id", "number", "bin")]
        sums = ", ".join(f"{name[:3] if name[:3] in ('min', 'max') else 'sum'}({name})::DOUBLE AS {name}"
                         for name in names if name not in keys)
        found[table] = con.execute(f"SELECT {', '.join(keys)}, {sums} FROM {table} GROUP BY ALL ORDER BY ALL").df()
    return found


def same_numbers(ours: dict[str, pd.DataFrame], theirs: dict[str, pd.DataFrame]) -> None:
    """Raises AssertionError where they differ by more than rounding."""
    assert ours.keys() == theirs.keys()
    for table, frame in ours.items():
        pd.testing.assert_frame_equal(frame, theirs[table], rtol=1e-9, atol=1e-9, check_dtype=False)
