"""Both documents, read back: safe, whole, and with the same numbers."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from console.drift.view import CategoryShape
from console.errors import BadSettings, CannotWrite
from console.reports import write_html, write_pdf, write_report
from console.reports.arrange import PROMPTS, arrange, visible
from console.reports.pdf import _breakable, _spelled
from console.reports.view import ActionItem
from tests.console.reports.sample import CJK, DOLLARS, FORMULA, LONG, SCRIPT, sample_report

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler's pdftotext is not installed")
_NUMBER = re.compile(r"\d(?:[\d,]*\d)?(?:\.\d+)?(?:e[+-]?\d+)?")


class Reader(HTMLParser):
    """Tags with their attributes, and the text outside of drawings, styles and folded tables."""

    def __init__(self, text: str, skipped: tuple[str, ...] = ("svg", "style", "details")) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.parts: list[str] = []
        self._skipped, self._skip = 0, skipped
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._skipped += tag in self._skip

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in self._skip

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.parts.append(data)

    @cached_property
    def text(self) -> str:
        return " ".join(" ".join(self.parts).split())


@lru_cache
def reading(text: str, skipped: tuple[str, ...] = ("svg", "style", "details")) -> Reader:
    """Each document is read once."""
    return Reader(text, skipped)


@lru_cache
def pdf_text(content: bytes, *options: str) -> str:
    """What is printed."""
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=content, capture_output=True, check=True, timeout=60)
    return " ".join(done.stdout.decode().replace("\u200b", "").split())


def read_back(text: str) -> str:
    """Characters that no font of this machine has are spelled in a PDF."""
    return re.sub(r"U\+(1[0-9A-F]{4}|[0-9A-F]{4})", lambda found: chr(int(found[1], 16)), text)


@pytest.fixture(scope="module")
def html() -> str:
    return write_html(sample_report())


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return write_pdf(sample_report())


def test_that_the_html_runs_nothing_and_loads_nothing(html: str) -> None:
    reader = reading(html)
    assert "<script" not in html.lower()
    assert not {"script", "iframe", "object", "embed", "link", "base", "form", "img"} & {tag for tag, _ in reader.tags}
    for _, attributes in reader.tags:
        assert not {"src", "href", "xlink:href", "srcset", "action"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", html)


def test_that_the_policy_stands_before_everything_else_in_the_head(html: str) -> None:
    metas = [attributes for tag, attributes in reading(html).tags if tag == "meta"]
    assert metas[1] == {"http-equiv": "Content-Security-Policy",
                        "content": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"}


@pytest.mark.parametrize("text", [SCRIPT, DOLLARS, FORMULA, CJK, LONG])
def test_that_text_from_the_log_stands_in_the_html_as_text(html: str, text: str) -> None:
    assert text in reading(html).text


@needs_poppler
@pytest.mark.parametrize("text", [SCRIPT, DOLLARS, FORMULA, CJK.split()[0]])
def test_that_text_from_the_log_stands_in_the_pdf_as_text(pdf: bytes, text: str) -> None:
    assert text.replace(" ", "") in read_back(pdf_text(pdf)).replace(" ", "")


@needs_poppler
def test_that_both_say_the_same_numbers(html: str, pdf: bytes) -> None:
    said = set(_NUMBER.findall(reading(html).text))
    printed = set(_NUMBER.findall(read_back(pdf_text(pdf))))
    assert len(said) > 120
    assert said - printed == set()
    drawings = " ".join(chart.svg for chart in arrange(sample_report(), paper=True).charts)
    shapes = arrange(sample_report(), paper=True).drift
    assert shapes is not None
    drawings += " ".join(shape.svg for shape in shapes.distributions)
    in_drawings = set(_NUMBER.findall(" ".join(re.findall(r">([^<>]+)</text>", drawings))))
    pages = {str(page) for page in range(20)}
    folded = set(_NUMBER.findall(reading(html, ("svg", "style")).text))    # origins and SQL, which a PDF cannot fold
    assert printed - said - in_drawings - pages - folded == set()


@pytest.mark.parametrize("number", [
    "0.0684 %", "5.32 %", "1,350 of 25,374 requests failed", "389 ms", "912 ms", "< 1e-300", "2.17e-119",
    "D 0.312 (0.305 to 0.319)", "57,120", "29,006", "21,770", "5.34 %", "4,321", "2 Mar 2026 14:00 - 15:00 UTC (1 h)",
    "130 of 1,204,331 records (0.0108 %)",
])
@needs_poppler
def test_that_a_number_of_the_view_stands_in_both(html: str, pdf: bytes, number: str) -> None:
    assert number in reading(html).text
    assert number in pdf_text(pdf) or number in pdf_text(pdf, "-layout")


def test_that_each_chart_has_its_alt_text_its_command_and_at_most_200_rows(html: str) -> None:
    view = sample_report()
    drawings = [attributes for tag, attributes in reading(html).tags
                if tag == "svg" and attributes.get("role") == "img"]
    told = [attributes["aria-label"] for attributes in drawings]
    for figure, chart in zip(view.figures, arrange(view).charts, strict=True):
        assert chart.alt.startswith(figure.alt) and chart.alt in told
    assert "p95: 41.7 ms in the reference window, 389 ms in the current one." in arrange(view).charts[1].alt
    for chart in arrange(view).charts:
        assert len(chart.numbers.rows) == 180 and chart.numbers.note.startswith("One in 2 of 360 buckets of 1 min")
        assert chart.command.startswith("pilothouse metrics prod-ranker --metric ")


def test_that_the_same_view_gives_the_same_bytes(html: str, pdf: bytes) -> None:
    assert write_html(sample_report()) == html and write_pdf(sample_report()) == pdf


@needs_poppler
def test_that_the_pdf_opens_on_a4_with_title_pages_and_the_numbers_attached(tmp_path: Path, pdf: bytes) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    info = subprocess.run(["pdfinfo", str(path)], capture_output=True, check=True, timeout=60).stdout.decode()
    assert "A4" in info and "Checkout ranker answers slowly and fails" in info and "Tagged:          yes" in info
    assert "Mon Mar  2 16:05:00 2026" in info
    assert int(re.findall(r"Pages:\s+(\d+)", info)[0]) >= 3
    (tmp_path / "csv").mkdir()
    subprocess.run(["pdfdetach", "-saveall", "-o", str(tmp_path / "csv"), str(path)], check=True, timeout=60)
    lines = (tmp_path / "csv" / "2-latency.csv").read_text().splitlines()
    assert len(lines) == 361 and lines[0] == "start_utc,p50,p50 rows,p95,p95 rows,p99,p99 rows"
    assert lines[101].startswith("2026-03-02T11:40:00Z,,0,,0")


def test_that_a_formula_in_a_name_is_defused_in_csv() -> None:
    view = sample_report()
    chart = view.figures[-1].chart
    named = replace(chart, series=(replace(chart.series[0], name='=1+1,"x"'), chart.series[1]))
    document = arrange(replace(view, figures=(replace(view.figures[-1], chart=named),)))
    assert document.charts[0].csv.splitlines()[0].startswith('start_utc,"\'=1+1,""x""",')


def test_that_prompts_stand_where_nobody_wrote_and_words_by_people_are_marked(html: str) -> None:
    assert all(prompt in html for _, prompt in PROMPTS) and html.count("<span>to fill in</span>") == len(PROMPTS) + 1
    view = sample_report(notes=f"We rolled back.\n{SCRIPT} & done")
    lessons = replace(view.incident.lessons, trigger=f"A {SCRIPT}", factors=("One", "Two"))
    action = ActionItem("Test canaries longer", owner="Ann", due="2026-04-01")
    written = write_html(replace(view, incident=replace(view.incident, lessons=lessons, actions=(action,))))
    noted = reading(written).text
    assert "Words by people" in noted and f"We rolled back. {SCRIPT} & done" in noted
    assert f"Trigger A {SCRIPT}" in noted and "Contributing factors One Two" in noted
    assert "Test canaries longer prevent Ann 2026-04-01" in noted
    assert written.count("<span>to fill in</span>") == len(PROMPTS) - 2


@needs_poppler
def test_that_a_pdf_is_set_on_letter_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    write_report(replace(sample_report(drift=False), figures=()), path, paper="letter")
    info = subprocess.run(["pdfinfo", str(path)], capture_output=True, check=True, timeout=60).stdout.decode()
    assert "612 x 792 pts (letter)" in info


@needs_poppler
def test_that_an_empty_report_says_what_it_lacks_in_both() -> None:
    empty = replace(sample_report(drift=False), impacts=(), segments=(), figures=(), timeline=(), data_quality=(),
                    reproduce=(), queries=(), users=None, requests=0)
    for text in (reading(write_html(empty)).text, pdf_text(write_pdf(empty))):
        for sentence in ("No number could be compared", "nothing to draw", "The columns were not compared",
                         "Nothing is recorded", "not recorded"):
            assert sentence in text


@pytest.mark.parametrize(("text", "shown"), [
    ("a\u202eb", "a\\u202eb"), ("a\nb", "a\\x0ab"), ("\x00", "\\x00"), ("\ud800", "\\ud800"), ("\uffff", "\\uffff"),
    ("é 表 😀 €", "é 表 😀 €"),
])
def test_that_what_cannot_be_seen_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_that_characters_which_break_files_break_neither_writer() -> None:
    view = sample_report(notes="\x00\ud800\uffff]]> <!-- {{ x }} #panic() \\u{41}")
    nasty = replace(view, incident=replace(view.incident, title="\x1b[31m\ud800\uffff" + LONG * 3), folder="\x00\u2028")
    assert "\x00" not in write_html(nasty) and write_html(nasty).encode()
    assert write_pdf(nasty).startswith(b"%PDF-")


def test_that_long_words_get_places_to_break_but_commands_can_be_copied() -> None:
    broken = _breakable({"title": "x" * 40, "command": "y" * 40, "svg": "z" * 400})
    assert broken == {"title": "\u200b".join(["x" * 12, "x" * 12, "x" * 12, "x" * 4]), "command": "y" * 40,
                      "svg": "z" * 400}


def test_that_characters_without_a_glyph_are_written_as_code_points() -> None:
    assert _spelled({"a": ["x\U0001f9ff"], "csv": "\U0001f9ff"}, frozenset("\U0001f9ff")) == {
        "a": ["xU+1F9FF"], "csv": "\U0001f9ff"}


@needs_poppler
def test_that_a_machine_without_such_a_font_shows_code_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.reports.pdf._font_files", lambda: ())
    text = pdf_text(write_pdf(sample_report()))
    assert "U+4FA1" in text and "→" in text and "€" in text and "·" in text


def test_that_a_category_with_many_values_says_what_is_not_drawn() -> None:
    view = sample_report()
    assert view.drift is not None
    shape = view.drift.shapes[1]
    assert isinstance(shape, CategoryShape)
    many = replace(shape, labels=tuple("abcdefghijklm"), reference=np.full(13, 1 / 13), current=np.full(13, 1 / 13))
    drift = arrange(replace(view, drift=replace(view.drift, shapes=(many,)))).drift
    assert drift is not None and drift.distributions[0].note.endswith("8 more are not drawn.")


def test_that_a_report_is_written_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "Bericht 1.html"
    path.write_text("old")
    write_report(sample_report(), path)
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    write_report(sample_report(), tmp_path / "other", "pdf")
    assert (tmp_path / "other").read_bytes().startswith(b"%PDF-")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["Bericht 1.html", "other"]
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "other").stat().st_mode) & 0o400


def test_that_a_place_that_takes_no_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    view = replace(sample_report(drift=False), figures=(), generated=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(CannotWrite) as missing:
        write_report(view, tmp_path / "gone" / "report.html")
    assert missing.value.where.endswith("report.html") and missing.value.do
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(CannotWrite, match="folder"):
        write_report(view, tmp_path / "folder.html")
    with pytest.raises(BadSettings, match="docx"):
        write_report(view, tmp_path / "report.docx")
    assert [file.name for file in tmp_path.iterdir()] == ["folder.html"]


def test_that_asking_for_the_room_loads_no_drawing_engine() -> None:
    code = ("import sys, console.reports; "
            "print([name for name in ('matplotlib', 'typst', 'jinja2', 'scipy') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
