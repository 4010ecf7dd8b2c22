"""The demo where no window can open: everything that a window would have shown, on paper."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from console.demo import play
from console.demo.story import read_truth
from console.front_door import NoWindow
from console.jobs import SilentJob
from console.session import Session

SECONDS = 1.0
ROWS = 6_000


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> play.Played:
    return play.play_off_screen(tmp_path_factory.mktemp("played") / "demo", SECONDS, SilentJob(), rows=ROWS)


def test_that_the_report_is_about_the_canary(played: play.Played) -> None:
    html = played.report_html.read_text(encoding="utf-8")
    assert play.TITLE in html
    assert "ctr-v2" in html
    assert "<svg" in html
    assert "http://" not in html.replace("http://www.w3.org", "")


def test_that_the_pdf_is_one(played: play.Played) -> None:
    assert played.report_pdf.read_bytes()[:5] == b"%PDF-"


def test_that_the_picture_is_the_window_with_its_charts(played: play.Played) -> None:
    from PySide6.QtGui import QImage

    assert played.picture is not None, played.why_no_picture
    image = QImage(str(played.picture))
    assert image.width() >= 1000
    colours = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert len(colours) > 20


def test_that_history_and_live_rows_are_all_in_the_workspace(played: play.Played) -> None:
    home = played.report_html.parent
    truth = read_truth(home / play.LOG_NAME)
    appended = (truth.folder / "predictions" / "predictions.jsonl")
    live = len(appended.read_text().splitlines()) if appended.exists() else 0
    session = Session.open(truth.folder, workspace=play.workspace_of(truth))
    try:
        session.load(SilentJob())
        totals = session.store.totals()
        assert totals.events == truth.rows + live
        assert totals.reference == truth.reference_rows
        assert totals.rows_quarantined == 0
        assert len(session.incidents()) == 1
    finally:
        session.close()


def test_that_without_a_display_it_says_so_and_names_what_it_leaves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                                    ) -> None:
    left = play.Played(tmp_path / "i.html", tmp_path / "i.pdf", tmp_path / "w.png")
    monkeypatch.setattr(play, "why_no_window", lambda: NoWindow("There is no display", do="Look elsewhere"))
    monkeypatch.setattr(play, "play_off_screen", lambda out, seconds, job: left)
    said: list[str] = []
    assert play.play(tmp_path, 1.0, SilentJob(), said.append) == 0
    text = "\n".join(said)
    assert "There is no display. Look elsewhere." in text
    for path in (left.report_html, left.report_pdf, left.picture):
        assert str(path) in text


def test_that_a_picture_that_cannot_be_drawn_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    left = play.Played(tmp_path / "i.html", tmp_path / "i.pdf", None, "Qt could not draw")
    monkeypatch.setattr(play, "why_no_window", lambda: NoWindow("There is no display"))
    monkeypatch.setattr(play, "play_off_screen", lambda out, seconds, job: left)
    said: list[str] = []
    play.play(tmp_path, 1.0, SilentJob(), said.append)
    assert "No picture of the window: Qt could not draw" in said


def test_that_the_window_gets_a_log_that_grows_while_it_is_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                                ) -> None:
    seen: list[bool] = []

    def window(folder: Path, *, workspace: Path) -> int:
        writer = started[0]
        seen.append(writer.poll() is None)
        assert json.loads(folder.with_name(folder.name + ".truth.json").read_text())["rows"] > 0
        assert workspace.parent == folder.parent
        return 0

    started = []
    start = play.start_writer
    monkeypatch.setattr(play, "why_no_window", lambda: None)
    monkeypatch.setattr(play, "open_window", window)
    monkeypatch.setattr(play, "make_story", partial(play.make_story, rows=ROWS))
    monkeypatch.setattr(play, "start_writer", lambda *args, **more: started.append(start(*args, **more)) or started[0])
    assert play.play(tmp_path / "demo", 0.0, SilentJob(), lambda text: None) == 0
    assert seen == [True]
    assert started[0].poll() is not None
