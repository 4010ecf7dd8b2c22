"""A report of a real log in all formats: the same numbers in all, and each number again from the evidence."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from console.commands import app
from console.jobs import JobStopped, SilentJob
from console.reports.arrange import arrange
from console.reports.origins import origins
from console.reports.view import ReportView
from console.session import Session
from console.session.outgoing import target_of
from console.window import Window
from tests.console.folders import MakeFolder, truth_of

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler's pdftotext is not installed")


@dataclass(frozen=True)
class Made:
    """One report, and what was written from it."""

    folder: Path
    session: Session
    view: ReportView
    out: Path               # holds report.html, .pdf, .md, .json, .zip
    unpacked: Path          # the top folder of the zip

    @property
    def logs(self) -> Path:
        return self.unpacked / self.folder.name

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.unpacked / "report.json").read_text())
        return found


@pytest.fixture(scope="module")
def made(log_folder: MakeFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = log_folder("bad-canary", "csv", rows=4000, days=1, system=True)
    root = tmp_path_factory.mktemp("evidence")
    session = Session.open(folder, workspace=root / "w.duckdb")
    session.load(SilentJob())
    injected = truth_of(folder)["injections"][0]
    start, end = (datetime.fromisoformat(injected[side]) for side in ("start", "end"))
    session.brush("current", Window(start, end))
    view = session.report(None, SilentJob(), title="ctr-v2 answers badly")
    out = root / "out"
    out.mkdir()
    for ending in ("html", "pdf", "md", "json", "zip"):
        session.write_report(view, out / f"report.{ending}", SilentJob())
    with zipfile.ZipFile(out / "report.zip") as packed:
        packed.extractall(root / "unpacked")
    (unpacked,) = (root / "unpacked").iterdir()
    yield Made(folder, session, view, out, unpacked)
    session.close()


@pytest.fixture(scope="module")
def stranger(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Somebody else, who has nothing but the evidence."""
    session = Session.open(made.logs, workspace=tmp_path_factory.mktemp("stranger") / "w.duckdb")
    session.load(SilentJob())
    yield session
    session.close()


class Commands:
    """Runs the command lines of a report over the evidence; its session is opened once."""

    def __init__(self, session: Session) -> None:
        self._session, self._found = session, dict[str, dict[str, Any]]()

    def __call__(self, command: str) -> dict[str, Any]:
        if command not in self._found:
            program, *arguments = shlex.split(command)
            assert program == "pilothouse" and arguments[-1] == "--json"
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Session, "open", lambda *_, **__: self._session)
                patch.setattr(self._session, "close", lambda: None)
                patch.setattr(self._session, "load", lambda job: None)
                result = CliRunner().invoke(app, arguments, catch_exceptions=False)
            assert result.exit_code == 0, result.output
            self._found[command] = json.loads(result.stdout)
        return self._found[command]


@pytest.fixture(scope="module")
def run(made: Made, stranger: Session) -> Iterator[Commands]:
    before = Path.cwd()
    os.chdir(made.unpacked)
    yield Commands(stranger)
    os.chdir(before)


@pytest.fixture(scope="module")
def sql(made: Made) -> Iterator[duckdb.DuckDBPyConnection]:
    before = Path.cwd()
    os.chdir(made.unpacked)
    with duckdb.connect() as con:
        con.execute((made.unpacked / "views.sql").read_text())
        yield con
    os.chdir(before)


def at(document: Any, place: str) -> Any:
    """A JSON pointer."""
    for step in place.strip("/").split("/"):
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def same(found: float | None, told: float | None, slack: float = 1e-9) -> bool:
    if found is None or told is None or math.isnan(told):
        return (found is None or math.isnan(found)) and (told is None or math.isnan(told))
    return found == pytest.approx(told, rel=slack, abs=1e-12)


def test_that_the_evidence_gives_every_number_of_the_tables_again(made: Made, run: Commands,
                                                                  sql: duckdb.DuckDBPyConnection) -> None:
    found = origins(made.view)
    assert len(found) > 60 and sum(bool(one.sql) for one in found) > 50
    for one in found:
        assert one.command
        assert same(at(run(one.command), one.place), one.value), one.title
        if one.sql and not one.place.startswith(("/segments", "/columns")):
            first = sql.execute(one.sql).fetchall()[0][0]
            assert same(first, one.value), one.title
        if one.sql and one.place.startswith("/segments"):
            segment = at(made.data, one.place.rpartition("/")[0])
            counted = {str(row[0]): row[1] for row in sql.execute(one.sql).fetchall()}
            assert counted[segment["value"]] == one.value, one.title
    by_column = {what.removeprefix("Segments by "): query for what, query in made.view.queries
                 if what.startswith("Segments by ")}
    for segment in made.view.segments:
        rows = {row[0]: row for row in sql.execute(by_column[segment.column]).fetchall()}
        assert rows[segment.value][1] == segment.requests and same(rows[segment.value][3], segment.failed_share)
    assert made.view.drift is not None
    for row, query in zip(made.view.drift.columns, made.view.drift_sql, strict=True):
        answers = sql.execute(query).fetchall()
        if row.test == "ks" or row.kind == "missing":
            assert same(answers[0][0], row.effect), row.column
        else:
            assert (sum(one[1] for one in answers), sum(one[2] for one in answers)) == (row.n_reference, row.n_current)


def test_that_the_evidence_gives_every_point_of_every_chart_again(made: Made, run: Commands,
                                                                 sql: duckdb.DuckDBPyConnection) -> None:
    assert len(made.view.figures) >= 8
    for figure in made.view.figures:
        chart = figure.chart
        commands = figure.command.splitlines()
        assert len(commands) == len(chart.series)
        for series, command in zip(chart.series, commands, strict=True):
            buckets = run(command)["buckets"]
            assert len(buckets) == len(chart.times)
            for told, bucket in zip(series.values.tolist(), buckets, strict=True):
                assert math.isnan(told) or same(bucket["value"], told), (chart.metric, series.name)
        starts = {int(start): at for at, start in enumerate(chart.times.tolist())}
        rows = sql.execute(chart.sql).fetchall()
        assert len(rows) > 10, chart.metric
        slack = 0.011 if chart.metric in ("latency", "ttft") else 1e-9         # percentiles are right to 1 %
        for start, values in rows:
            place = starts[int(start.timestamp() - datetime(1970, 1, 1).timestamp())]
            for series, value in zip(chart.series, values if isinstance(values, list) else [values], strict=True):
                told = float(series.values[place])
                assert math.isnan(told) or same(value, told, slack), (chart.metric, start)


def test_that_counts_by_the_stranger_are_those_of_the_report(made: Made, sql: duckdb.DuckDBPyConnection) -> None:
    window = made.view.incident.window
    (counts,) = sql.execute("SELECT count(*), count(DISTINCT user_id) FROM events WHERE ts >= ? AND ts < ?",
                            [window.start.replace(tzinfo=None), window.end.replace(tzinfo=None)]).fetchall()
    assert counts == (made.view.requests, made.view.users)


class Text(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(text)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b]+", "", text)


@needs_poppler
def test_that_every_number_of_the_impact_table_is_the_same_in_all_formats(made: Made) -> None:
    html = squeezed("".join(Text((made.out / "report.html").read_text()).parts))
    pdf = squeezed(subprocess.run(["pdftotext", "-layout", str(made.out / "report.pdf"), "-"], capture_output=True,
                                  check=True, timeout=60).stdout.decode())
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render((made.out / "report.md").read_text())
    markdown = squeezed("".join(Text(rendered).parts))
    data = json.loads((made.out / "report.json").read_text())
    text = (made.unpacked / "tables" / "impact.csv").read_text()
    table = {row["metric"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(data["impact"]) >= 9
    for row, shown, impact in zip(data["impact"], arrange(made.view).impact.rows, made.view.impacts, strict=True):
        texts = list(row["text"].values())
        assert texts == list(shown[1:8])
        for text in texts:
            assert squeezed(text) in html and squeezed(text) in pdf and squeezed(text) in markdown, text
        assert squeezed("".join(texts)) in html and squeezed("".join(texts)) in markdown
        for name in ("before", "during", "peak", "n_before", "n_during"):
            value = getattr(impact, name)
            assert same(row[name], value) and same(float(table[impact.metric][name]), value)


def test_that_the_archive_is_whole_and_says_its_checksums(made: Made) -> None:
    lines = (made.unpacked / "MANIFEST.sha256").read_text().splitlines()
    told = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    there = {path.relative_to(made.unpacked).as_posix() for path in made.unpacked.rglob("*") if path.is_file()}
    assert set(told) == there - {"MANIFEST.sha256"}
    for name, digest in told.items():
        assert hashlib.sha256((made.unpacked / name).read_bytes()).hexdigest() == digest
    assert {"README.md", "report.html", "report.pdf", "report.md", "report.json", "report.schema.json", "views.sql",
            "tables/impact.csv", "rows/events.parquet", "rows/incident_rows.parquet",
            f"{made.folder.name}/pilothouse.toml"} <= there
    assert len(list((made.unpacked / "charts").glob("*.svg"))) >= len(made.view.figures)


def test_that_no_user_leaves_the_house_and_the_report_says_so(made: Made, sql: duckdb.DuckDBPyConnection) -> None:
    users = {line.split(",")[2] for path in made.folder.glob("predictions/*") for line in
             path.read_text().splitlines()[1:]}
    users = {user for user in users if len(user) > 3}
    assert users
    told = {row[0] for row in sql.execute("SELECT user_id FROM events").fetchall()}
    assert not told & users
    for path in (*made.unpacked.rglob("*"), *made.out.iterdir()):
        if path.suffix in (".json", ".csv", ".md", ".html", ".svg", ".toml", ".sql"):
            cells = set(re.findall(r"[\w-]+", path.read_text(encoding="utf-8")))
            assert not {user for user in users & cells if not user.isdigit()}, path
    assert [one.column for one in made.view.redacted] == ["user_id"]
    assert "user_id" in (made.out / "report.md").read_text() and "pseudonym" in (made.out / "report.html").read_text()


def test_that_no_path_of_this_machine_is_inside(made: Made) -> None:
    here = str(made.folder.parent)
    for path in (*made.unpacked.rglob("*"), *made.out.glob("report.[hmj]*")):
        if path.is_file():
            assert here.encode() not in path.read_bytes(), path
    assert target_of(made.session, paths=True) == str(made.folder)


def test_that_a_report_can_be_stopped_and_leaves_nothing(made: Made, tmp_path: Path) -> None:
    class Stopped(SilentJob):
        def __init__(self, after: int) -> None:
            self.left = after

        def stop_if_asked(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise JobStopped

    for after in (0, 3, 12):
        with pytest.raises(JobStopped):
            made.session.write_report(made.view, tmp_path / "report.zip", Stopped(after))
        assert list(tmp_path.iterdir()) == []
