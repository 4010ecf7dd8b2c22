"""Explains what is selected: what the number is, how it is made, and what one can do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QFrame, QLabel, QPlainTextEdit, QScrollArea, QToolButton, QWidget

from console.metrics.format import format_count, format_span, format_window
from console.metrics.view import ChartView
from widgets.icons import Icons
from widgets.panels.parts import button, column, holding, label, row

if TYPE_CHECKING:
    from console.session.view import SelectionView

BETTER = {"lower": "Lower is better.", "higher": "Higher is better.", "neither": ""}


class Inspector(QWidget):
    """Displays one chart in words, and the windows that are chosen."""

    test_asked = Signal()
    incident_asked = Signal()
    changes_asked = Signal()         # since the cross-hair, or a time that is to be typed
    advice_asked = Signal()          # what to do about the current window, or whatever changed
    compare_asked = Signal()         # choose two windows of what is shown, and test them

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self._metric = ""
        self._hint = label("Choose a chart to see what its number is, how it is made, and how sure it is.",
                           name="inspector_hint", tone="muted", wrap=True)
        self._title = label(name="inspector_title", large=True, wrap=True)
        self._latest = label(name="inspector_latest", wrap=True)
        self._sentence = label(name="inspector_sentence", wrap=True)
        self._formula = _code("inspector_formula")
        self._rests = label(name="inspector_rests", wrap=True, tone="muted")
        self._error = label(name="inspector_error", wrap=True, tone="muted")
        self._show_sql = QToolButton(objectName="inspector_show_sql")
        self._show_sql.setText("SQL")
        self._show_sql.setProperty("flat", True)
        self._show_sql.setCheckable(False)
        self._show_sql.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._show_sql.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        icons.dress(self._show_sql, "code-tags", "muted")
        self._sql = QPlainTextEdit(objectName="inspector_sql")
        self._sql.setReadOnly(True)
        self._sql.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._sql.setAccessibleName("SQL behind this chart")
        self._sql.setMinimumHeight(160)
        self._sql.hide()
        self._chart = holding(column(
            self._title, self._latest, 4, self._sentence, 4, _head("Formula"), self._formula, 4, _head("Rests on"),
            self._rests, self._error, row(self._show_sql, None), self._sql, gap=4))
        self._chart.hide()
        self._windows = label(name="inspector_windows", wrap=True, tone="muted")
        self._test = button("Test drift for these windows", "inspector_test", "Compare the two windows (Ctrl+T)")
        self._compare = button("Test drift of what is shown", "inspector_compare",
                               "Compare the last quarter of the shown time with its first quarter")
        self._changes = button("What changed since…", "inspector_changes",
                               "Since the cross-hair, or a time that you type (Ctrl+J)")
        self._advice = button("What to do about this", "inspector_advice",
                              "Advice since the current window began, or about whatever changed (Ctrl+Shift+J)")
        self._incident = button("Create incident", "inspector_incident",
                                "Keep the current window, or what is shown (Ctrl+N)")
        body = column(self._hint, self._chart, 8, _head("Windows"), self._windows, 4, self._test, self._compare,
                      self._changes, self._advice, self._incident, None, margins=(16, 8, 16, 16), gap=4)
        scroll = QScrollArea()
        scroll.setWidget(holding(body))
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setLayout(column(scroll, gap=0))
        self.setMinimumWidth(240)
        self._show_sql.clicked.connect(self._toggle_sql)
        self._test.clicked.connect(self.test_asked)
        self._compare.clicked.connect(self.compare_asked)
        self._changes.clicked.connect(self.changes_asked)
        self._advice.clicked.connect(self.advice_asked)
        self._incident.clicked.connect(self.incident_asked)

    @property
    def metric(self) -> str:
        """The chart that is explained; "" when none is."""
        return self._metric

    def display_chart(self, chart: ChartView | None) -> None:
        """Explain that chart, or none."""
        self._metric = chart.metric if chart else ""
        self._chart.setVisible(chart is not None)
        self._hint.setVisible(chart is None)
        if chart is None:
            return
        self._title.setText(chart.title)
        self._latest.setText(f"Newest value: {chart.latest}")
        self._sentence.setText(" ".join(part for part in (chart.sentence, BETTER.get(chart.better, "")) if part))
        self._formula.setText(chart.formula)
        self._rests.setText(rests_on(chart))
        self._error.setText(chart.error)
        self._error.setVisible(bool(chart.error))
        if self._sql.toPlainText() != chart.sql:
            self._sql.setPlainText(chart.sql)
        self._show_sql.setVisible(bool(chart.sql))

    def display_selection(self, view: SelectionView) -> None:
        """The windows, and what can be done with them."""
        lines = []
        if view.visible:
            shown = format_window(view.visible, relative=view.relative)
            lines.append(f"Shown: {shown} ({format_span(view.visible.seconds)})")
        for word, window in (("Reference", view.reference), ("Current", view.current)):
            chosen = format_window(window, relative=view.relative) if window else "not chosen"
            lines.append(f"{word}: {chosen}")
        self._windows.setText("\n".join(lines))
        both = view.reference is not None and view.current is not None
        self._test.setVisible(both)
        self._compare.setVisible(not both)
        self._compare.setEnabled(view.visible is not None)
        self._changes.setEnabled(view.visible is not None)
        self._advice.setEnabled(view.visible is not None)
        self._incident.setEnabled(view.visible is not None)

    def _toggle_sql(self) -> None:
        self._sql.setVisible(not self._sql.isVisible())


def rests_on(chart: ChartView) -> str:
    """How many rows, in buckets of which length."""
    if not chart.series:
        return "no rows"
    rows = max(float(np.nansum(one.n)) for one in chart.series)
    return f"{format_count(round(rows))} rows, in buckets of {format_span(chart.bucket_s)}"


def _head(text: str) -> QLabel:
    return label(text, tone="muted")


def _code(name: str) -> QLabel:
    made = label(name=name, wrap=True)
    made.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
