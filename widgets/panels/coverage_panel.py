"""The coverage map: five columns for the steps of the pipeline; what can go wrong in each, and what would tell."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QLayout, QPushButton, QScrollArea, QSizePolicy, QWidget

from console.alarms.coverage import Cover, CoverageRow, CoverageStep, CoverageView, Shown
from widgets.icons import Icons
from widgets.models.rows import plain_tip
from widgets.panels.parts import column, holding, label, row, tool

EMPTY = "What can go wrong, and which chart or alarm would tell, is shown here once a folder is loaded."
COVERS = {Cover.GUARDED: ("shield-check-outline", "good", "guarded"), Cover.SHOWN: ("eye-outline", "text", "shown"),
          Cover.COMPARED: ("compare-horizontal", "muted", "compared"),
          Cover.BLIND: ("eye-off-outline", "muted", "blind")}
MOST_LINKS = 3
ICON_PX = 16
LEAST_STEP_PX = 168


class Link(QPushButton):
    """Words that lead somewhere; shortened where there is no room."""

    def __init__(self, text: str, tip: str) -> None:
        super().__init__(text)
        self._whole = text
        self.setProperty("link", True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tip)
        self.setToolTip(plain_tip(tip))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's."""
        super().resizeEvent(event)
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width() - 4)
        self.setText(shown.replace("&", "&&"))


class CoveragePanel(QWidget):
    """Displays a CoverageView; asks for charts, alarms, and the comparison of windows. What covers what is decided in
    console.alarms."""

    chart_asked = Signal(object, str)    # Shown, the role that its chart must be split by ("" for none)
    alarm_asked = Signal(str)            # metric
    compare_asked = Signal()
    shown = Signal()                     # it is seen now: what it says may be old

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("coverage_panel")
        self._icons = icons
        self._view: CoverageView | None = None
        self._offers_alarms = False
        self._sentence = label(EMPTY, name="coverage_sentence", wrap=True)
        self._area = QScrollArea()
        self._area.setObjectName("coverage_area")
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setAccessibleName("Coverage map")
        page = column(self._sentence, self._area, margins=(0, 8, 0, 0), gap=16)
        page.setStretch(1, 1)
        self.setLayout(page)

    @property
    def view(self) -> CoverageView | None:
        """What is shown."""
        return self._view

    def offer_alarms(self) -> None:
        """There is somebody who adds them: what is shown and not guarded has a bell."""
        self._offers_alarms = True

    def forget(self) -> None:
        """Another folder."""
        self._view = None
        self._sentence.setText(EMPTY)
        self._area.setWidget(QWidget())

    def display_error(self, text: str) -> None:
        """It cannot be drawn, and why."""
        self.forget()
        self._sentence.setText(text)

    def display(self, view: CoverageView) -> None:
        """The map. Built anew only when it says something else."""
        if view == self._view:
            return
        kept = self._area.verticalScrollBar().value()
        self._view = view
        self._sentence.setText(view.sentence)
        steps = row(*(self._step(step) for step in view.steps), gap=24, margins=(0, 0, 16, 16))
        for number in range(steps.count()):
            steps.setStretch(number, 1)
        self._area.setWidget(holding(steps))
        self._area.verticalScrollBar().setValue(kept)

    # ---- built ---------------------------------------------------------------------------------------------

    def _step(self, step: CoverageStep) -> QWidget:
        counts = [f"{step.count(cover)} {COVERS[cover][2]}" for cover in Cover if step.count(cover)]
        heading = label(step.step.value.capitalize(), name=f"step_{step.step.value}", large=True)
        sums = label(", ".join(counts), tone="muted", wrap=True)
        made = holding(column(column(heading, sums, gap=4), *map(self._trouble, step.rows), None, gap=24))
        made.setMinimumWidth(LEAST_STEP_PX)
        made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)     # all five of one width
        return made

    def _trouble(self, one: CoverageRow) -> QLayout:
        icon, meaning, word = COVERS[one.cover]
        sign = QLabel()
        self._icons.dress(sign, icon, meaning, ICON_PX)
        name = label(one.name[:1].upper() + one.name[1:], name=f"trouble_{one.name.replace(' ', '_')}", wrap=True)
        font = name.font()
        font.setBold(True)
        name.setFont(font)
        head = row(sign, name, label(word, tone="good" if one.cover is Cover.GUARDED else "muted"), gap=8)
        head.setStretch(1, 1)
        parts: list[QWidget | QLayout | int | None] = [label(one.sentence, tone="muted", wrap=True)]
        if one.guards:
            parts.append(label(f"Guarded by {', '.join(one.guards)}", wrap=True))
        if one.shown and one.split:
            parts.append(label(f"Where it is split by {one.split.replace('_', ' ')}:", tone="muted", wrap=True))
        parts += [self._chart_line(each, one) for each in one.shown[:MOST_LINKS]]
        if len(one.shown) > MOST_LINKS:
            more = label(f"and {len(one.shown) - MOST_LINKS} more", tone="muted")
            more.setToolTip(plain_tip("\n".join(each.title for each in one.shown[MOST_LINKS:])))
            parts.append(more)
        if one.cover is Cover.COMPARED:
            link = Link("Compare two windows", "Drift: choose a quiet and a doubtful time, and test every column")
            link.clicked.connect(self.compare_asked)
            parts.append(link)
        if one.to_log:
            parts.append(label(f"To see it, log: {one.to_log[:1].lower()}{one.to_log[1:]}", wrap=True))
        body = row(ICON_PX, column(*parts, gap=4), gap=8)
        body.setStretch(1, 1)
        return column(head, body, gap=4)

    def _chart_line(self, shown: Shown, one: CoverageRow) -> QLayout:
        link = Link(shown.title, f"Show the chart of {shown.title}")
        link.clicked.connect(lambda _checked=False: self.chart_asked.emit(shown, one.split))
        link.setObjectName(f"show_{shown.metric}")
        if one.guards or not self._offers_alarms:
            return column(link)
        bell = tool(self._icons, "bell-plus-outline", f"guard_{shown.metric}", f"Add an alarm on {shown.title}")
        bell.setProperty("tight", True)
        bell.setFixedSize(24, 24)
        bell.clicked.connect(lambda _checked=False: self.alarm_asked.emit(shown.metric))
        made = row(link, bell, gap=4)
        made.setStretch(0, 1)
        return made

    # ---- events of Qt --------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Qt's."""
        super().showEvent(event)
        self.shown.emit()
