"""Meanings (text, grid, warning, reference, current) to palette, style sheet, pens and brushes.

Colours mean something here. Curves take Wong's colours (Nature Methods 8, 441, 2011), darkened where they would be too
pale on white; blue and orange are left out of them, because they are the two test windows everywhere, and red and
amber, because they are alarms. Each curve has a dash pattern too, so that nothing rests on colour alone.

One typeface, the system's, in two sizes; distances are multiples of `GRID` pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFont, QFontDatabase, QFontMetricsF, QPalette, QPen
from PySide6.QtWidgets import QApplication

GRID = 8
LARGE = 1.5
"""The large size, as a multiple of the system's."""

DASHES: tuple[tuple[float, ...], ...] = ((), (8, 3), (2, 3), (10, 3, 2, 3))
"""Dash patterns of curves, in pen widths: whole, dashed, dotted, dash and dot. Five colours by four make twenty."""
REFERENCE_DASH: tuple[float, ...] = (6, 4)


@dataclass(frozen=True, slots=True)
class Theme:
    """One scheme. All colours are `#rrggbb`; `text` and `muted` keep 4.5 : 1 on background, surface and raised."""

    name: str
    is_dark: bool
    background: str              # behind everything
    surface: str                 # what carries text and charts
    raised: str                  # buttons, fields, headers
    line: str                    # borders
    text: str
    muted: str
    grid: str
    accent: str                  # what can be clicked or is chosen
    on_accent: str               # text on it
    warning: str
    firing: str
    good: str
    reference: str               # always with a dashed line
    current: str                 # always with a solid line
    series: tuple[str, ...]
    heat: tuple[str, ...]        # few to many rows in a cell of a map: ever darker, on dark ever lighter

    @staticmethod
    def light() -> Theme:
        """For day."""
        return Theme(
            name="light", is_dark=False,
            background="#F3F4F2", surface="#FFFFFF", raised="#EDEEEC", line="#D5D8D6", text="#1C2024", muted="#5A6169",
            grid="#E9EBEA", accent="#4F4BC4", on_accent="#FFFFFF", warning="#8A6100", firing="#C2261C", good="#00704F",
            reference="#0068A5", current="#A84E00", series=("#008763", "#A8487F", "#30363C", "#2B87BD", "#857500"),
            heat=("#CDE8DD", "#5FB79A", "#008763", "#00543D", "#002A1E"),
        )  # fmt: skip

    @staticmethod
    def dark() -> Theme:
        """For night."""
        return Theme(
            name="dark", is_dark=True,
            background="#101214", surface="#181B1E", raised="#24282C", line="#343A40", text="#DCE0E3", muted="#9AA3AB",
            grid="#262A2E", accent="#9B98F5", on_accent="#14161A", warning="#E2B93B", firing="#FF7A6B", good="#3CC79B",
            reference="#56B4E9", current="#E69F00", series=("#2BB98D", "#D98FB8", "#E8EAEC", "#7CC6F0", "#E6DC55"),
            heat=("#1E4337", "#1F7A5C", "#2BB98D", "#8FE3C6", "#F1FFFA"),
        )  # fmt: skip

    def color(self, meaning: str, alpha: int = 255) -> QColor:
        """The colour of a meaning ("text", "reference" ...), `alpha` from 0 to 255."""
        return _color(getattr(self, meaning), alpha)

    def pen(self, meaning: str, width: float = 1.0, dash: tuple[float, ...] = (), alpha: int = 255) -> QPen:
        """A cosmetic pen, made once. Width 1 is the only one that is quick on long curves."""
        return _pen(getattr(self, meaning), width, dash, alpha)

    def brush(self, meaning: str, alpha: int = 255) -> QBrush:
        """A solid brush, made once."""
        return _brush(getattr(self, meaning), alpha)

    def series_color(self, index: int) -> str:
        """The colour of the curve with this number; repeats after the last."""
        return self.series[index % len(self.series)]

    def series_pen(self, index: int, ratio: float = 1.0, weight: float = 1.0) -> QPen:
        """Colour and dash together repeat only after twenty curves.

        ratio   device pixels per pixel: Qt's cosmetic pens count device pixels, and one of those is too thin on a dense
                screen; wider pens are opaque and still quick enough there
        weight  times as heavy, for a sample in a legend; the dashes keep their length
        """
        dash = tuple(part / weight for part in DASHES[index % len(DASHES)])
        return _pen(self.series_color(index), weight * (1.0 if ratio < 1.75 else float(round(ratio))), dash, 255)

    def palette(self) -> QPalette:
        """For Qt's own widgets."""
        palette = QPalette()
        role = QPalette.ColorRole
        for name, meaning in (
            (role.Window, "background"), (role.WindowText, "text"), (role.Base, "surface"),
            (role.AlternateBase, "raised"), (role.Text, "text"), (role.Button, "raised"),
            (role.ButtonText, "text"), (role.BrightText, "firing"), (role.ToolTipBase, "raised"),
            (role.ToolTipText, "text"), (role.PlaceholderText, "muted"), (role.Highlight, "accent"),
            (role.HighlightedText, "on_accent"), (role.Link, "accent"), (role.LinkVisited, "accent"),
            (role.Light, "surface"), (role.Midlight, "raised"), (role.Mid, "line"), (role.Dark, "line"),
            (role.Shadow, "line"), (role.Accent, "accent"),
        ):  # fmt: skip
            palette.setColor(name, self.color(meaning))
        for name in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, name, self.color("muted", 150))
        return palette

    def style_sheet(self) -> str:
        """One sheet for the whole window, and none of a widget's own: each of those makes Qt dress again all that is in
        it. A label's property `tone` (muted, warning, firing, good, accent) colours it.
        """
        names = ("background", "surface", "raised", "line", "text", "muted", "accent", "on_accent",
                 "warning", "firing", "good", "reference", "current")  # fmt: skip
        return _SHEET.substitute({name: getattr(self, name) for name in names})


class ThemeHolder(QObject):
    """The theme in force. Widgets take it once and repaint on `changed`."""

    changed = Signal(object)     # Theme

    def __init__(self, app: QApplication, choice: str = "system", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._choice = choice
        self.theme = theme_for(app, choice)
        app.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def choice(self) -> str:
        """system, light or dark: what the user asked for."""
        return self._choice

    def choose(self, choice: str) -> None:
        """Takes the choice and dresses the program."""
        self._choice = choice
        self.dress()

    def dress(self) -> None:
        """Gives palette and style sheet to the program, and tells the widgets when the theme is another one."""
        before = self.theme
        self.theme = theme_for(self._app, self._choice)
        sheet = self.theme.style_sheet()
        if self._app.styleSheet() != sheet:
            # Qt dresses each widget again for each of its ancestors when one sheet follows another, and once when
            # there was none: a change of theme took ten times as long.
            self._app.setStyleSheet("")
            if self._app.style().name().lower() != "fusion":
                self._app.setStyle("Fusion")
            self._app.setPalette(self.theme.palette())
            self._app.setStyleSheet(sheet)
        if self.theme != before:
            self.changed.emit(self.theme)

    @contextmanager
    def undressed(self) -> Iterator[None]:
        """While many parts are put together at once: Qt dresses a part anew each time that it is put into another."""
        self._app.setStyleSheet("")
        try:
            yield
        finally:
            self._app.setStyleSheet(self.theme.style_sheet())

    def _system_changed(self) -> None:
        if self._choice == "system":
            self.dress()


def theme_for(app: QApplication, choice: str) -> Theme:
    """The theme of a choice: system, light or dark. Where the system says nothing, light."""
    match choice:
        case "light":
            return Theme.light()
        case "dark":
            return Theme.dark()
        case "system":
            dark = app.styleHints().colorScheme() == Qt.ColorScheme.Dark
            return Theme.dark() if dark else Theme.light()
        case _:
            raise ValueError(f"A theme is system, light or dark, not {choice!r}")


@lru_cache(maxsize=4)
def system_font(*, large: bool = False, bold: bool = False) -> QFont:
    """The system's own typeface in one of the two sizes; asked for once, since that is slow. Not to be changed."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    size = font.pointSizeF() if font.pointSizeF() > 0 else 9.0
    font.setPointSizeF(size * (LARGE if large else 1.0))
    font.setBold(bold)
    return font


@lru_cache(maxsize=4)
def font_metrics(*, large: bool = False, bold: bool = False) -> QFontMetricsF:
    """How wide and high text in that font is."""
    return QFontMetricsF(system_font(large=large, bold=bold))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours as WCAG 2.2 counts it, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=512)
def _color(value: str, alpha: int) -> QColor:
    color = QColor(value)
    color.setAlpha(alpha)
    return color


@lru_cache(maxsize=512)
def _pen(value: str, width: float, dash: tuple[float, ...], alpha: int) -> QPen:
    pen = QPen(_color(value, alpha), width)
    pen.setCosmetic(True)
    if dash:
        pen.setDashPattern(dash)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


@lru_cache(maxsize=512)
def _brush(value: str, alpha: int) -> QBrush:
    return QBrush(_color(value, alpha))


_SHEET = Template("""
* { outline: 0; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px 8px; }
QLabel { background: transparent; }
QLabel[tone="muted"] { color: $muted; }
QLabel[tone="warning"] { color: $warning; }
QLabel[tone="firing"] { color: $firing; }
QLabel[tone="good"] { color: $good; }
QLabel[tone="accent"] { color: $accent; }
QLabel[tone="reference"] { color: $reference; }
QLabel[tone="current"] { color: $current; }
QLabel#rail_firing { background: $firing; color: $surface; border-radius: 8px; padding: 1px 5px; }
QMainWindow, QDialog { background: $background; }
#command_palette, #pick_dialog { border: 1px solid $line; }
QMainWindow::separator { background: $line; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: $accent; }
QMenuBar { background: $background; }
QMenuBar::item { padding: 4px 8px; background: transparent; }
QMenuBar::item:selected, QMenu::item:selected { background: $accent; color: $on_accent; }
QMenu { background: $surface; border: 1px solid $line; padding: 4px 0; }
QMenu::item { padding: 4px 24px 4px 16px; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $line; margin: 4px 0; }
QStatusBar { background: $background; border-top: 1px solid $line; }
QStatusBar::item { border: 0; }
QToolBar { background: $background; border: 0; spacing: 4px; padding: 4px 8px; }
QPushButton, QToolButton {
    background: $raised; color: $text; border: 1px solid $line; border-radius: 4px; padding: 4px 12px;
}
QToolButton { padding: 4px 8px; }
QToolButton[tight="true"] { padding: 0; }
QToolButton[indicator="none"]::menu-indicator { image: none; }
QToolButton[flat="true"], QPushButton[flat="true"] { background: transparent; border-color: transparent; }
QPushButton[tone="muted"] { color: $muted; }
QPushButton[tone="warning"] { color: $warning; }
QPushButton[tone="firing"] { color: $firing; }
QPushButton:hover, QToolButton:hover { border-color: $accent; }
QPushButton:focus, QToolButton:focus { border: 1px solid $accent; }
QPushButton:pressed, QToolButton:pressed { background: $line; }
QPushButton:checked, QToolButton:checked { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton:default { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton:disabled, QToolButton:disabled { color: $muted; border-color: $line; background: transparent; }
QToolButton[flat="true"]:disabled { border-color: transparent; }
QPushButton[link="true"] { background: transparent; border: 0; padding: 2px 0; text-align: left; color: $accent; }
QPushButton[link="true"]:hover, QPushButton[link="true"]:focus { text-decoration: underline; }
QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox, QDateTimeEdit {
    background: $surface; color: $text; border: 1px solid $line; border-radius: 4px; padding: 4px 8px;
    selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus,
QDateTimeEdit:focus { border-color: $accent; }
QComboBox::drop-down { border: 0; width: 24px; }
QComboBox::down-arrow { image: none; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $line; }
QAbstractItemView {
    background: $surface; alternate-background-color: $background; color: $text; border: 0; gridline-color: $line;
    selection-background-color: $accent; selection-color: $on_accent;
}
QTableView { selection-background-color: transparent; }
QTableView::item { padding: 0 5px; border: 0; }
QHeaderView { background: $surface; }
QHeaderView::section {
    background: $surface; color: $muted; border: 0; border-bottom: 1px solid $line; padding: 4px 8px;
}
QTableCornerButton::section { background: $surface; border: 0; }
QScrollArea { background: transparent; border: 0; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QTabWidget::pane { border: 0; border-top: 1px solid $line; }
QTabBar::tab { background: transparent; color: $muted; padding: 8px 16px; border-bottom: 2px solid transparent; }
QTabBar[slim="true"]::tab { padding: 4px 16px; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:focus { color: $accent; }
QDockWidget { titlebar-close-icon: none; }
QDockWidget::title { background: $background; padding: 4px 8px; }
QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QProgressBar {
    background: $raised; border: 0; border-radius: 4px; text-align: center; color: $text; max-height: 16px;
}
QProgressBar::chunk { background: $accent; border-radius: 4px; }
QGroupBox { border: 0; margin-top: 24px; }
QGroupBox::title { subcontrol-origin: margin; color: $muted; padding: 0; }
""")
