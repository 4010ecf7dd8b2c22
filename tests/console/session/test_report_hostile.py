"""A log that means harm: what stands in it comes out of every format as text."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from console.jobs import SilentJob
from console.reports.arrange import visible
from console.reports.view import ReportView
from console.session import Session
from console.window import Window

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler's pdftotext is not installed")

HTML = "<img src=x onerror=alert(1)>"
SCRIPT = "</style><script>alert(2)</script>"
TYPST = '#panic("typst") $x^2$ @ref *b*'
MARKDOWN = "**md** | `tick` [l](http://evil.example) @team #12"
FORMULA = "=HYPERLINK(\"http://evil.example\";1)"
WIDE = "＝1+1"
TURNED = "user\u202etxt.exe"
LONG = "long" * 2500
VALUES = [HTML, SCRIPT, TYPST, MARKDOWN, FORMULA, WIDE, TURNED, LONG]
COLUMN = f"{HTML} {MARKDOWN}"
TITLE = f"{SCRIPT} {TYPST} {MARKDOWN} {TURNED}"
ROWS = 800


@dataclass(frozen=True)
class Made:
    view: ReportView
    out: Path
    unpacked: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    root = tmp_path_factory.mktemp("hostile")
    folder = root / "logs <i>&'; rm -rf"
    folder.mkdir()
    half = ROWS // 2
    frame = pd.DataFrame({
        "ts": pd.date_range("2026-03-02", periods=ROWS, freq="30s", tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ"),
        "latency_ms": [10.0, 12.0] * half, "status_code": [200] * half + [200, 500] * (half // 2),
        "model_version": ([HTML] * half + [MARKDOWN, FORMULA] * (half // 2)),
        "host": [TURNED, TYPST] * half,
        COLUMN: [VALUES[at % 4] for at in range(half)] + [VALUES[at % 8] for at in range(half)],
        FORMULA: [float(at % 50) for at in range(half)] + [float(at % 50 + 20) for at in range(half)],
        TURNED: [float(at % 7) for at in range(half)] + [float(at % 7 + 4) for at in range(half)],
        LONG: [float(at % 9) for at in range(half)] + [float(at % 9 + 4) for at in range(half)],
        TYPST: [WIDE] * ROWS})
    frame.to_csv(folder / "<b>@team=1+1.csv", index=False)
    with (folder / "<b>@team=1+1.csv").open("a") as file:
        file.write(f'no time,"{SCRIPT}",{FORMULA}\n')
    session = Session.open(folder, workspace=root / "w.duckdb")
    session.load(SilentJob())
    whole = session.selection().whole
    assert whole is not None
    middle = whole.start + (whole.end - whole.start) / 2
    session.brush("reference", Window(whole.start, middle))
    session.brush("current", Window(middle, whole.end))
    view = session.report(None, SilentJob(), title=TITLE, keep=(COLUMN, TYPST, FORMULA))
    out = root / "out"
    out.mkdir()
    for ending in ("html", "pdf", "md", "json", "zip"):
        session.write_report(view, out / f"report.{ending}", SilentJob())
    session.close()
    with zipfile.ZipFile(out / "report.zip") as packed:
        packed.extractall(root / "unpacked")
    (unpacked,) = (root / "unpacked").iterdir()
    yield Made(view, out, unpacked)


class Read(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.parts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @cached_property
    def text(self) -> str:
        return "".join(self.parts)


@pytest.fixture(scope="module")
def html(made: Made) -> Read:
    return Read((made.out / "report.html").read_text())


@pytest.fixture(scope="module")
def markdown(made: Made) -> Read:
    return Read(MarkdownIt("gfm-like", {"linkify": False}).render((made.out / "report.md").read_text()))


def shown(value: str) -> str:
    """As a reader sees it; a long one is cut, and said to be."""
    return visible(value if len(value) < 200 else value[:100])


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b]+", "", text)


@pytest.mark.parametrize("value", [COLUMN, TITLE, *VALUES], ids=lambda value: value[:12])
def test_that_it_stands_in_the_html_as_text(html: Read, value: str) -> None:
    assert shown(value) in html.text
    assert not {"script", "img", "i", "iframe", "a", "link"} & set(html.tags)
    assert not {"onerror", "src", "href"} & html.attributes


@pytest.mark.parametrize("value", [COLUMN, TITLE, *VALUES], ids=lambda value: value[:12])
def test_that_it_renders_from_markdown_as_text(markdown: Read, value: str) -> None:
    assert squeezed(shown(value)) in squeezed(markdown.text)
    assert not {"script", "img", "i", "a", "b"} & set(markdown.tags)


@needs_poppler
def test_that_it_is_printed_as_text(made: Made) -> None:
    done = subprocess.run(["pdftotext", str(made.out / "report.pdf"), "-"], capture_output=True, check=True, timeout=60)
    text = re.sub(r"U\+([0-9A-F]{4,5})", lambda found: chr(int(found[1], 16)), squeezed(done.stdout.decode()))
    for value in (COLUMN, TITLE, HTML, SCRIPT, TYPST, MARKDOWN, FORMULA, WIDE, TURNED):
        assert squeezed(shown(value)) in text, value


def test_that_json_has_the_very_values(made: Made) -> None:
    data = json.loads((made.out / "report.json").read_text())
    assert data["incident"]["title"] == visible(TITLE)
    assert {COLUMN, FORMULA, TURNED, LONG} <= {row["column"] for row in data["drift"]["columns"]}
    labels = {label for shape in data["drift"]["shapes"] for label in shape.get("labels", [])}
    assert {HTML, SCRIPT, TYPST, MARKDOWN, FORMULA, WIDE} <= labels
    assert {HTML, MARKDOWN, FORMULA, TURNED, TYPST} & {row["value"] for row in data["segments"]}


def test_that_csv_has_it_as_text_in_its_own_cell(made: Made) -> None:
    rows = list(csv.DictReader(io.StringIO((made.unpacked / "tables" / "segments.csv").read_text())))
    values = {row["value"] for row in rows}
    assert f"'{FORMULA}" in values and visible(TURNED) in values and MARKDOWN in values
    for path in made.unpacked.rglob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text())):
            for cell in row:
                assert not re.match(r"[\s]*[=+@＝＋＠\t\r]", cell), (path, cell)


def test_that_files_of_the_archive_have_harmless_names(made: Made) -> None:
    with zipfile.ZipFile(made.out / "report.zip") as packed:
        for name in packed.namelist():
            assert re.fullmatch(r"[A-Za-z0-9 ._/-]+", name) and ".." not in name and not name.startswith("/")


def test_that_drawings_of_the_archive_hold_no_markup_of_the_log(made: Made) -> None:
    for path in made.unpacked.rglob("*.svg"):
        read = Read(path.read_text())
        assert not {"script", "img", "b", "i"} & set(read.tags) and "onerror" not in read.attributes
