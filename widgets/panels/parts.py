"""Small parts that all panels are put together from: plain-text labels, buttons, rows and columns on the grid."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets.icons import Icons
from widgets.models.rows import Index, RowsModel, plain_tip
from widgets.theme import GRID, system_font

LEAST_LAST = 80
TINT = 32
"""Alpha of the accent behind a chosen row: the palest words on it keep their 4.5 : 1."""


class Choice(QComboBox):
    """A combo box with the program's own arrow."""

    def __init__(self, icons: Icons, name: str, spoken: str, words: Iterable[str], *, free: bool = False) -> None:
        super().__init__()
        self._icons = icons
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setEditable(free)
        self.addItems(list(words))

    def sizeHint(self) -> QSize:
        """Room for the arrow."""
        hint = super().sizeHint()
        return QSize(hint.width() + 16, hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's box, our arrow."""
        super().paintEvent(event)
        area = QRect(self.width() - 24, 0, 16, self.height())
        self._icons.icon("chevron-down", "muted").paint(QPainter(self), area)


def label(text: str = "", *, name: str = "", tone: str = "", large: bool = False, wrap: bool = False) -> QLabel:
    """A label that never takes its text for HTML: much of it comes from logs."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setObjectName(name)
    made.setWordWrap(wrap)
    if tone:
        made.setProperty("tone", tone)
    if large:
        made.setFont(system_font(large=True))
    return made


class Elided(QLabel):
    """A line that gives way to its neighbours: what does not fit ends in dots, and all of it is told on hovering."""

    def __init__(self, name: str, tone: str) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setObjectName(name)
        self.setProperty("tone", tone)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def setText(self, text: str) -> None:
        """Qt's; all of it is told on hovering."""
        super().setText(text)
        self.setToolTip(plain_tip(text))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt's, with dots."""
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()


class OnePage(QStackedWidget):
    """As wide as the page that is shown needs, whatever the others would."""

    def show_page(self, number: int) -> None:
        """That one."""
        for at in range(self.count()):
            policy = QSizePolicy.Policy.Preferred if at == number else QSizePolicy.Policy.Ignored
            self.widget(at).setSizePolicy(policy, QSizePolicy.Policy.Preferred)
        self.setCurrentIndex(number)
        self.updateGeometry()


def set_tone(widget: QWidget, tone: str) -> None:
    """Colour by meaning, through the style sheet."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def button(text: str, name: str, tip: str, *, default: bool = False) -> QPushButton:
    """A button with a name for tests, and for people who listen instead of looking."""
    made = QPushButton(text)
    made.setObjectName(name)
    made.setToolTip(tip)
    made.setAccessibleDescription(tip)
    made.setAutoDefault(False)
    made.setDefault(default)
    return made


def tool(icons: Icons, icon: str, name: str, tip: str, *, text: str = "", flat: bool = True,
         checkable: bool = False) -> QToolButton:
    """An icon to press, with or without a word beside it."""
    made = QToolButton()
    made.setObjectName(name)
    made.setToolTip(tip)
    made.setAccessibleName(text or tip)
    made.setAccessibleDescription(tip)
    made.setCheckable(checkable)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.setProperty("flat", flat)
    made.setText(text)
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon if text
                            else Qt.ToolButtonStyle.ToolButtonIconOnly)
    icons.dress(made, icon)
    return made


def row(*parts: QWidget | QLayout | int | None, margins: tuple[int, int, int, int] = (0, 0, 0, 0),
        gap: int = GRID) -> QHBoxLayout:
    """Side by side; None takes what is left, a number is a gap in pixels."""
    made = QHBoxLayout()
    _fill(made, parts, margins, gap)
    return made


def column(*parts: QWidget | QLayout | int | None, margins: tuple[int, int, int, int] = (0, 0, 0, 0),
           gap: int = GRID) -> QVBoxLayout:
    """One below the other; None takes what is left, a number is a gap in pixels."""
    made = QVBoxLayout()
    _fill(made, parts, margins, gap)
    return made


def holding(layout: QLayout) -> QWidget:
    """A widget with that layout."""
    made = QWidget()
    made.setLayout(layout)
    return made


def line() -> QFrame:
    """A hairline between two things that do not belong together."""
    made = QFrame()
    made.setFixedHeight(1)
    made.setObjectName("hairline")
    made.setAutoFillBackground(True)
    made.setBackgroundRole(made.palette().ColorRole.Mid)
    return made


def centred(layout: QLayout, width: int) -> QWidget:
    """A column of that width in the middle of the page: for pages that explain."""
    inner = holding(layout)
    inner.setMaximumWidth(width)
    inner.setMinimumWidth(min(width, 400))
    inner.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
    across = row(None, inner, None)
    across.setStretch(1, 1000)
    return holding(column(None, across, None, None, margins=(24, 24, 24, 24)))


def table(model: RowsModel, name: str, spoken: str) -> QTableView:
    """A read-only table: whole rows, fixed widths from the model, plain text."""
    made = QTableView()
    make_table(made, model, name, spoken)
    return made


def make_table(made: QTableView, model: RowsModel, name: str, spoken: str) -> None:
    """The same of a view of another kind."""
    made.setObjectName(name)
    made.setAccessibleName(spoken)
    made.setModel(model)
    made.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    made.setSelectionMode(QTableView.SelectionMode.SingleSelection)
    made.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
    made.setShowGrid(False)
    made.setWordWrap(False)
    made.setTabKeyNavigation(False)
    made.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
    made.setTextElideMode(Qt.TextElideMode.ElideRight)
    made.verticalHeader().hide()
    made.verticalHeader().setDefaultSectionSize(28)
    header = made.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setMinimumSectionSize(40)
    set_widths(made, model.widths())
    made.setItemDelegate(QuietChoice(made))


class QuietChoice(QStyledItemDelegate):
    """The chosen row in a tint of the accent, so that colours that mean something keep their meaning in it; a bar at
    its left, and a deeper tint while keys go there."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt's, without its own highlight."""
        if tint_chosen(painter, option, first=index.column() == 0):
            option = QStyleOptionViewItem(option)
            option.state &= ~QStyle.StateFlag.State_Selected
        super().paint(painter, option, index)


class PathCell(QuietChoice):
    """Paths of one folder begin alike and differ at their ends: they are shortened in the middle."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt's."""
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideMiddle


def tint_chosen(painter: QPainter, option: QStyleOptionViewItem, *, first: bool) -> bool:
    """Tints a cell if its row is chosen, and says whether it is."""
    if not option.state & QStyle.StateFlag.State_Selected:
        return False
    tint(painter, option.rect, option.palette, focused=option.widget is not None and option.widget.hasFocus(),
         first=first)
    return True


def tint(painter: QPainter, area: QRect, palette: QPalette, *, focused: bool, first: bool) -> None:
    """What is chosen; deeper while keys go there, with a bar at the left of the first cell."""
    accent = palette.color(QPalette.ColorRole.Accent)
    shade = QColor(accent)
    shade.setAlpha(TINT if focused else TINT // 2)
    painter.fillRect(area, shade)
    if first:
        painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), accent)


def set_widths(view: QTableView, widths: tuple[int, ...], *, wide: int = -1) -> None:
    """Fixed, but for one column, the last if none is named, which takes what is left."""
    wide = wide % len(widths)
    for number, width in enumerate(widths):
        view.setColumnWidth(number, LEAST_LAST if number == wide else width)
    view.horizontalHeader().setStretchLastSection(wide == len(widths) - 1)
    if wide < len(widths) - 1:
        view.horizontalHeader().setSectionResizeMode(wide, QHeaderView.ResizeMode.Stretch)


def _fill(layout: QBoxLayout, parts: tuple[QWidget | QLayout | int | None, ...], margins: tuple[int, int, int, int],
          gap: int) -> None:
    layout.setContentsMargins(*margins)
    layout.setSpacing(gap)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, int):
            layout.addSpacing(part)
        elif isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part)
