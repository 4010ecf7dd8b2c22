"""The pages of the place Advice: what they say and draw, and that only a person's gesture is a wish."""

from __future__ import annotations

from datetime import timedelta

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QTableView

from console.errors import BadSettings
from console.session.advising import MomentChoice
from console.window import Window
from tests.widgets import advice_views as made
from widgets.charts.band_chart import BandChart
from widgets.charts.pictures import write_picture
from widgets.icons import Icons
from widgets.panels.advice_place import AdvicePlace
from widgets.panels.lines import Lines
from widgets.panels.response_panel import ResponsePanel
from widgets.panels.retraining_panel import RetrainingPanel
from widgets.panels.shock_panel import ShockPanel


@pytest.fixture
def place(theme_holder, qtbot):
    icons = Icons(theme_holder)
    shock, response, retraining = ShockPanel(icons), ResponsePanel(icons), RetrainingPanel(icons)
    made_place = AdvicePlace(icons, shock)
    made_place.add("Response", response)
    made_place.add("Training again", retraining)
    made_place.pages = (shock, response, retraining)
    qtbot.addWidget(made_place)
    made_place.resize(1100, 560)
    made_place.show()
    qtbot.waitExposed(made_place)
    return made_place


def text(page, name) -> str:
    return page.findChild(QLabel, name).text()


def cells(table: QTableView, *columns: int) -> list[tuple[str, ...]]:
    model = table.model()
    return [tuple(str(model.data(model.index(row, at))) for at in columns) for row in range(model.rowCount())]


def test_that_the_shock_page_says_what_changed_and_what_speaks_for_each_cause(place):
    page = place.pages[0]
    page.display(made.shock_view())
    assert text(page, "shock_page_sentence").startswith("A shock, 9 Mar 2026 00:00 UTC")
    assert "56 buckets of 6 h" in text(page, "shock_page_small")
    assert page.findChild(Lines, "shock_evidence").texts == (
        "For a shock: price and traffic changed at once.",
        "Against a deployment: No model version gained or lost requests then.",
        "Known event: Lockdown <b> (policy), 9 Mar 00:00 - 10 Mar 2026 00:00 UTC.")
    assert text(page, "shock_row") == "price: rose at once: D 0.40."


def test_that_the_onset_of_another_row_can_be_asked_about(place, qtbot):
    page, asked = place.pages[0], []
    page.moment_asked.connect(asked.append)
    page.display(made.shock_view())
    take = page.findChild(QPushButton, "shock_take")
    assert not take.isEnabled()                     # it is the moment already
    qtbot.keyClick(page.chart, Qt.Key.Key_Down)
    qtbot.mouseClick(take, Qt.MouseButton.LeftButton)
    assert asked == [made.courses(made.course_row("age", 40)).rows[0].onset]


def test_that_nothing_found_still_offers_a_moment(place):
    page = place.pages[0]
    page.display(made.nothing())
    assert text(page, "shock_left") == "What moved, at no common time"
    assert "type it above" in text(page, "shock_nothing")
    assert "[[event]]" in text(page, "shock_calendar")
    assert page.findChild(QPushButton, "shock_take").isEnabled()


def test_that_costs_stand_side_by_side_and_a_summed_difference_beside_them(place):
    page = place.pages[1]
    place.open(page)
    page.display(made.response())
    assert cells(page.findChild(QTableView, "response_table"), 0, 1, 2, 3) == [
        ("", "Model as logged", "100", "–"), ("→", "A rule: price over 3", "80", "−20 (−22 to −18)")]
    assert text(page, "response_row") == "A rule: price over 3: 80.0 an hour."     # the recommended one is marked
    assert text(page, "response_back") == "Switching back is justified."
    assert "[advice] in pilothouse.toml" in text(page, "response_costs")
    view = page.view.response
    assert view.so_far(view.lines[1]).tolist() == [-20.0, -40.0, -60.0, -60.0]     # an hour each, the last not known


def test_that_a_bucket_that_the_log_covers_in_part_is_no_cost_an_hour(place):
    assert made.response().whole == 4
    page, answer = place.pages[1], made.response(current=Window(made.AT, made.AT + timedelta(hours=2.5)))
    place.open(page)
    page.display(answer)
    assert answer.whole == 2
    assert [len(curve.y) for curve in page.chart._curves] == [2, 2]


def test_that_a_wrong_expression_is_said_beside_the_field_and_the_answer_stays(place, qtbot):
    page, asked = place.pages[1], []
    place.open(page)
    page.fallback_asked.connect(asked.append)
    page.display(made.response())
    field = page.findChild(QLineEdit, "response_fallback")
    qtbot.keyClicks(field, "(SELECT 1)")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert asked == ["(SELECT 1)"]
    page.display_progress(0, 0, "")
    page.display_error(BadSettings("A query is not allowed", do="Write an expression"))
    assert page.state == "result"
    assert text(page, "response_fallback_said") == "A query is not allowed. Write an expression."


def test_that_an_expression_of_the_folder_is_not_run_until_it_is_trusted(place, qtbot):
    page, asked = place.pages[1], []
    place.open(page)
    page.trust_asked.connect(lambda: asked.append(True))
    page.display(made.response(fallback="price < 3", untrusted="price < 3"))
    assert "(price < 3) is not run" in text(page, "response_fallback_said")
    qtbot.mouseClick(page.findChild(QPushButton, "response_trust"), Qt.MouseButton.LeftButton)
    assert asked == [True]


def test_that_a_log_without_outcomes_says_what_to_log(place):
    for page, answer in zip(place.pages[1:], (made.response(response=None, notes=("The log has no outcomes.",)),
                                              made.training(backtest=None, notes=("The log has no outcomes.",))),
                            strict=True):
        place.open(page)
        page.display(answer)
        missing = page.findChild(QLabel, f"{page.objectName()}_missing")
        assert (missing.text(), missing.isVisible()) == ("The log has no outcomes.", True)


def test_that_strategies_say_how_they_stand_and_from_when(place):
    page = place.pages[2]
    place.open(page)
    page.display(made.training())
    assert cells(page.findChild(QTableView, "retraining_table"), 0, 1, 4, 6) == [
        ("", "Model as logged", "–", ""), ("", "All data", "–", "not distinguishable yet"),
        ("→", "Data since the shock only", "900 outcomes", "better than the model")]
    assert page.findChild(Lines, "retraining_decisions").texts == ("Now: train again.",
                                                                   "Then: not distinguishable yet.")
    assert text(page, "retraining_sampling") == "At most 6,000 rows are learned from."
    assert "Data since the shock only: 0.0500 at first, -0.0500 last" in page.chart.accessibleName()


def test_that_a_question_asks_itself_once_for_each_moment_and_what_takes_long_waits(place):
    shock, response, retraining = place.pages
    asked = []
    for page in place.pages:
        page.asked.connect(lambda page=page: asked.append(page))
    shock.display_ready(True)
    assert asked == [shock]
    shock.display_ready(True)
    for page in (response, retraining):
        page.display_moment(made.AT)
        page.display_ready(True)
        place.open(page)
    assert asked == [shock, response]
    response.display(made.response())
    response.display_moment(made.WHOLE.start)           # another moment: asked again when somebody looks
    assert response.state == "empty"
    place.open(response)
    assert asked == [shock, response, response]


def test_that_a_chart_tells_its_values_and_can_be_written(place, tmp_path):
    page = place.pages[1]
    place.open(page)
    page.display(made.response())
    chart = page.findChild(BandChart, "response_chart")
    assert "A rule: price over 3: 80 (75 to 85)" in chart.tip_at(chart.width() / 2)
    for ending in ("png", "svg"):
        write_picture(tmp_path / f"chart.{ending}", chart.size(), chart.draw, "Costs")
        assert (tmp_path / f"chart.{ending}").stat().st_size > 1000
    picture = QImage(QSize(chart.width(), chart.height()), QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    chart.draw(painter)
    painter.end()
    assert len({picture.pixelColor(x, y).name() for x in range(60, chart.width() - 20, 3)
                for y in range(60, chart.height() - 40, 3)}) > 3


def test_that_the_moment_is_chosen_by_a_person_alone(place, qtbot):
    chosen, typed = [], []
    bar = place.moment
    bar.chosen.connect(chosen.append)
    bar.typed.connect(typed.append)
    bar.display_choices((MomentChoice("found", "Found by itself"), MomentChoice("typed", "A time that I type")),
                        "found")
    bar.display_moment("9 Mar 2026 00:00 UTC", relative=False)
    assert not chosen and not typed
    field = bar.findChild(QLineEdit, "moment_typed")
    field.clear()
    qtbot.keyClicks(field, "9 Mar 2026 06:00")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert typed == ["9 Mar 2026 06:00"]
