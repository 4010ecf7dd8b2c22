"""Text from logs is data: a column, a value and a folder with evil names go through load, drift and report as text."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from console.jobs import SilentJob
from console.session import Session
from console.window import Window

EVIL_COLUMN = "<script>alert(1)</script>"
EVIL_SQL = 'a"; DROP TABLE files; --'
EVIL_VALUES = ["<img src=x onerror=alert(1)>", "'); DROP TABLE events; --", "=cmd|' /C calc'!A0"]


class Tags(HTMLParser):
    """All elements of a document, and what they load."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "srcset", "data") and value
                       and not value.startswith(("#", "data:"))]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    folder = tmp_path / "logs <b>&"
    folder.mkdir()
    rows = 2000
    times = pd.date_range("2026-03-02", periods=rows, freq="30s", tz="UTC")
    half = rows // 2
    frame = pd.DataFrame({
        "ts": times.strftime("%Y-%m-%dT%H:%M:%SZ"), "latency_ms": [10.0, 12.0] * half,
        "status_code": [200] * half + [200, 500] * (half // 2), "model_version": EVIL_VALUES[:2] * half,
        EVIL_COLUMN: [EVIL_VALUES[0]] * half + [EVIL_VALUES[1]] * half,
        EVIL_SQL: [float(number % 50) for number in range(half)] + [float(number % 50 + 20) for number in range(half)],
        "select": [EVIL_VALUES[2]] * rows})
    frame.to_csv(folder / "requests.csv", index=False)
    opened = Session.open(folder, workspace=tmp_path / "w.duckdb")
    opened.load(SilentJob())
    whole = opened.selection().whole
    assert whole is not None
    middle = whole.start + (whole.end - whole.start) / 2
    opened.brush("reference", Window(whole.start, middle))
    opened.brush("current", Window(middle, whole.end))
    yield opened
    opened.close()


def test_that_evil_columns_load_and_keep_their_names(session: Session) -> None:
    names = [column.name for column in session.sources().streams[0].columns]
    assert EVIL_COLUMN in names
    assert EVIL_SQL in names
    assert session.store.totals().rows_loaded == 2000


def test_that_drift_of_evil_columns_is_found(session: Session) -> None:
    moved = {row.column for row in session.drift(SilentJob()).columns if row.verdict.value == "alarm"}
    assert {EVIL_COLUMN, EVIL_SQL} <= moved


def test_that_the_report_shows_evil_names_as_text_and_loads_nothing(session: Session, tmp_path: Path) -> None:
    view = session.report(None, SilentJob())
    out = tmp_path / "report.html"
    session.write_report(view, out, SilentJob())
    text = out.read_text()
    tags = Tags()
    tags.feed(text)
    assert "script" not in tags.names
    assert "img" not in tags.names
    assert tags.loads == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "default-src 'none'" in text


def test_that_the_pdf_of_evil_names_is_written(session: Session, tmp_path: Path) -> None:
    out = tmp_path / "report.pdf"
    session.write_report(session.report(None, SilentJob()), out, SilentJob())
    assert out.read_bytes().startswith(b"%PDF")
