"""A workspace that an earlier version made opens with all that it holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from console.session import incidents
from console.store import Workspace
from tests.console.store.made import REQUESTS, put

pytestmark = pytest.mark.usefixtures("made_anew")

VERSION_1 = """
CREATE TABLE meta (key VARCHAR, value VARCHAR);
INSERT INTO meta VALUES ('schema_version', '1');
CREATE TABLE files (
    file_id INTEGER, path VARCHAR, stream_id INTEGER, format VARCHAR, compression VARCHAR,
    device HUGEINT, inode HUGEINT, size BIGINT, mtime_ns BIGINT,
    "offset" BIGINT, records BIGINT, next_record BIGINT, prefix_digest VARCHAR, anchor VARCHAR, header VARCHAR,
    state VARCHAR, reason VARCHAR, rows_loaded BIGINT, rows_quarantined BIGINT, rows_ignored BIGINT, ignored VARCHAR,
    first_ts TIMESTAMP, last_ts TIMESTAMP
);
INSERT INTO files VALUES (1, 'old.csv', 1, 'csv', 'none', 0, 0, 99, 0, 99, 2, 2, '', '', '', 'loaded', '', 2, 0, 0,
                          '{}', TIMESTAMP '2026-03-02 06:00:00', TIMESTAMP '2026-03-02 06:00:01');
CREATE TABLE streams (
    stream_id INTEGER, name VARCHAR, kind VARCHAR, format VARCHAR, why VARCHAR, zone VARCHAR, zone_assumed BOOLEAN,
    "table" VARCHAR, split_s INTEGER, bins_s INTEGER
);
INSERT INTO streams VALUES (1, 'requests', 'requests', 'csv', 'made', 'UTC', true, 'raw_1', 0, 0);
CREATE TABLE "columns" (
    stream_id INTEGER, number INTEGER, name VARCHAR, stored VARCHAR, type VARCHAR, kept VARCHAR, role VARCHAR,
    unit VARCHAR, time_format VARCHAR, naive BOOLEAN, why VARCHAR, samples VARCHAR, chosen BOOLEAN
);
INSERT INTO "columns" VALUES
    (1, 1, 'ts', 'ts', 'time', 'time', 'timestamp', '', 'iso', false, '', '[]', false),
    (1, 2, 'id', 'id', 'text', 'text', 'request_id', '', NULL, false, '', '[]', false),
    (1, 3, 'latency', 'latency', 'number', 'number', 'latency', 'ms', NULL, false, '', '[]', false);
CREATE TABLE raw_1 (ts TIMESTAMP, id VARCHAR, latency DOUBLE, _file INTEGER, _record BIGINT, _arrived TIMESTAMP,
                    _ts TIMESTAMP, _misfit VARCHAR);
INSERT INTO raw_1 VALUES
    (TIMESTAMP '2026-03-02 06:00:00', 'a', 10, 1, 0, TIMESTAMP '2026-03-02 06:00:00', TIMESTAMP '2026-03-02 06:00:00',
     NULL),
    (TIMESTAMP '2026-03-02 06:00:01', 'b', 20, 1, 1, TIMESTAMP '2026-03-02 06:00:01', TIMESTAMP '2026-03-02 06:00:01',
     NULL);
CREATE TABLE rollup_1 (level_s INTEGER, bucket TIMESTAMP, series INTEGER, n BIGINT, n_3 BIGINT, sum_3 DOUBLE,
                       sq_3 DOUBLE, min_3 DOUBLE, max_3 DOUBLE);
CREATE TABLE bins_1 (level_s INTEGER, bucket TIMESTAMP, series INTEGER, number INTEGER, bin INTEGER, n BIGINT);
CREATE TABLE quarantine (file_id INTEGER, line BIGINT, byte_offset BIGINT, reason VARCHAR, raw VARCHAR);
CREATE TABLE annotations (annotation_id VARCHAR, first_ts TIMESTAMP, last_ts TIMESTAMP, text VARCHAR, origin VARCHAR);
CREATE TABLE incidents (incident_id VARCHAR, incident VARCHAR);
CREATE TABLE series (
    stream_id INTEGER, series INTEGER, model VARCHAR, model_version VARCHAR, host VARCHAR, metric_name VARCHAR
);
CREATE TABLE dirty (stream_id INTEGER, bucket TIMESTAMP);
INSERT INTO dirty VALUES (1, TIMESTAMP '2026-03-02 06:00:00');
CREATE TABLE dirty_outcomes (bucket TIMESTAMP);
CREATE TABLE new_outcomes (stream_id INTEGER, file_id INTEGER, first_record BIGINT, last_record BIGINT);
CREATE TABLE rollup_outcomes (
    level_s INTEGER, bucket TIMESTAMP, stream_id INTEGER, series INTEGER,
    n BIGINT, n_clicked BIGINT, sum_clicked DOUBLE, sq_clicked DOUBLE, min_clicked DOUBLE, max_clicked DOUBLE,
    n_label BIGINT, sum_label DOUBLE, sq_label DOUBLE, min_label DOUBLE, max_label DOUBLE
);
"""


def test_that_a_workspace_of_version_1_opens_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(VERSION_1)
    ws = Workspace.open(path, folder=None)
    try:
        (stream,) = ws.streams()
        assert (stream.rows, stream.half_of, stream.answers, stream.dialect) == (2, "", False, "")
        assert ws.frozen_incident("none", (0, 1, 0, 1)) is None
        put(ws, REQUESTS, {"ts": ["2026-03-02T06:00:02Z"], "id": ["c"], "version": ["v1"], "latency": ["30"]},
            path="new.csv")
        assert ws.refresh()
        assert ws.execute_readonly("SELECT request_id, latency_ms FROM events ORDER BY ts") == [
            ("a", 10), ("b", 20), ("c", 30)]
        assert ws.execute_readonly("SELECT sum(n), sum(sum_3) FROM rollup_1 WHERE level_s = 10") == [(3, 60)]
        assert ws.totals().events == 3
    finally:
        ws.close()


def test_that_a_migrated_workspace_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(VERSION_1)
    shapes = []
    for name in ("old", "new"):
        ws = Workspace.open(tmp_path / f"{name}.duckdb", folder=None)
        if name == "new":
            ws.ensure_stream(REQUESTS)
        shapes.append(set(ws.execute_readonly(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal "
            "AND table_name NOT LIKE 'rollup_1' AND (table_name <> 'raw_1' OR column_name LIKE '\\_%' ESCAPE '\\')")))
        ws.close()
    assert shapes[0] == shapes[1]


def test_that_a_migrated_workspace_opens_again(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(VERSION_1)
    Workspace.open(path, folder=None).close()
    ws = Workspace.open(path, folder=None)
    assert ws.execute_readonly("SELECT half_of FROM streams") == [("",)]
    ws.close()


def test_that_incidents_of_an_older_workspace_are_there_and_can_be_edited(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(VERSION_1)
        con.execute("INSERT INTO incidents VALUES ('INC-1', ?)", [
            '{"incident_id":"INC-1","title":"Slow","window":{"start":"2026-03-02T06:00:00Z","end":"2026-03-02T07:00:00Z"},'
            '"reference":{"start":"2026-03-02T05:00:00Z","end":"2026-03-02T06:00:00Z"},'
            '"created":"2026-03-02T08:00:00Z","notes":"n","severity":"high","status":"open","relative":false}'])
    ws = Workspace.open(path, folder=None)
    try:
        (row,) = incidents.rows(ws)
        assert (row.title, row.severity, row.status) == ("Slow", "high", "open")
        assert ws.execute_readonly("SELECT title, first_ts::VARCHAR FROM incidents") == [
            ("Slow", "2026-03-02 06:00:00")]
        incidents.write(ws, replace(incidents.read(ws, "INC-1"), title="Slower"))
        assert incidents.undo(ws, "INC-1").title == "Slow"
    finally:
        ws.close()
