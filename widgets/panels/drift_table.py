"""The table of columns in the place Drift."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from console.drift.preview import known
from console.drift.view import ColumnDrift, PreviewRow, Verdict
from console.metrics.format import format_number
from widgets.icons import Icons
from widgets.models.rows import Column, Index, RowsModel
from widgets.panels.moving_table import Pencil
from widgets.panels.parts import tint_chosen

WORDS = {Verdict.ALARM: "alarm", Verdict.WATCH: "watch", Verdict.NONE: "no drift", Verdict.TOO_FEW: "too few rows"}
ICONS = {Verdict.ALARM: "alert-octagon", Verdict.WATCH: "eye-outline", Verdict.NONE: "check-circle-outline",
         Verdict.TOO_FEW: "help-circle-outline"}
TONES = {Verdict.ALARM: "firing", Verdict.WATCH: "warning", Verdict.NONE: "good", Verdict.TOO_FEW: "muted"}
TEST_NAMES = {"ks": "Kolmogorov-Smirnov", "chi2": "Chi-square", "proportions": "Two proportions",
              "psi": "PSI", "wasserstein": "Wasserstein"}
SHORT_TESTS = {"ks": "KS", "proportions": "Proportions"}
SHORT = {"excess TVD": "TVD", "excess unseen share": "unseen"}
RATES = ("difference", "points")
"""Rates are compared in points: 0.01 is one."""
EFFECT_COLUMN = 3
PAD_PX, ICON_PX, ICON_GAP_PX = 8, 16, 6
BAR_PAD_PX, BAR_LEFT_PX, BAR_RIGHT_PX = 6, 98, 10
"""Of the number and of the bar, from the ends of their cell."""
MOST_KNOWN = 2000
TableRow = ColumnDrift | PreviewRow


def drift_model(icons: Icons) -> RowsModel:
    """Verdict, column, test, effect, p, sentence."""
    def tinted(row: TableRow) -> object:
        return icons.theme.color(TONES[row.verdict])

    def icon(row: TableRow) -> object:
        return icons.icon(ICONS[row.verdict], TONES[row.verdict])

    return RowsModel((
        Column("Verdict", 112, lambda row: WORDS[row.verdict], foreground=tinted, icon=icon),
        Column("Column", 152, column_text),
        Column("Test", 88, lambda row: SHORT_TESTS.get(row.test, TEST_NAMES.get(row.test, row.test)),
               tip=lambda row: TEST_NAMES.get(row.test, row.test)),
        Column("Effect", 160, effect_text, tip=effect_tip),
        Column("p adjusted", 84, lambda row: p_text(row.p_adjusted), right=True,
               tip=lambda row: f"{p_text(row.p_value)} before the correction for many tests"),
        Column("What moved", 96, moved_text, tip=moved_tip),
    ))


def column_text(row: TableRow) -> str:
    """The column's name; a missing rate is a row of its own."""
    return f"{row.column} (missing)" if row.kind == "missing" else row.column


def moved_text(row: TableRow) -> str:
    """The sentence, without the name that stands two cells before it; while a window is dragged, how well the effect is
    known."""
    if isinstance(row, PreviewRow):
        return known(row)
    return row.sentence.removeprefix("the values of ").removeprefix(row.column).removeprefix(" ")


def moved_tip(row: TableRow) -> str:
    """The whole sentence."""
    return f"Preview: {known(row) or effect_text(row)}" if isinstance(row, PreviewRow) else row.sentence


def p_text(p: float) -> str:
    """`< 0.0001` where more digits say nothing."""
    if not math.isfinite(p):
        return "-"
    return "< 0.0001" if p < 1e-4 else f"{p:.4f}" if p < 0.1 else f"{p:.2f}"


def effect_text(row: TableRow) -> str:
    """Its name and size."""
    if not math.isfinite(row.effect):
        return "-"
    if row.effect_name.startswith(RATES):
        return f"{100 * row.effect:+.2f} points".replace("-", "−")
    return f"{SHORT.get(row.effect_name, row.effect_name)} {row.effect:.3f}"


def effect_tip(row: TableRow) -> str:
    """With the interval, and what these sizes could have shown."""
    parts = [f"{row.effect_name} {format_number(row.effect)}" if math.isfinite(row.effect) else "no effect to state"]
    if math.isfinite(row.effect_low) and math.isfinite(row.effect_high):
        parts.append(f"between {format_number(row.effect_low)} and {format_number(row.effect_high)}")
    if math.isfinite(row.detectable):
        parts.append(f"least effect that so many rows can show: {format_number(row.detectable)} (the upright tick)")
    return "; ".join(parts)


class QuickCell(QStyledItemDelegate):
    """A cell of text, with an icon or without, as the style would draw it in a tenth of the time: while a window is
    dragged a hundred cells are drawn sixty times a second."""

    def __init__(self, icons: Icons, model: RowsModel) -> None:
        super().__init__(model)
        self._icons = icons
        self._model = model
        self._letters: dict[str, float] = {}
        self._elided: dict[tuple[str, int], tuple[str, float]] = {}
        self._pixmaps: dict[tuple[int, float], QPixmap] = {}
        icons.holder.changed.connect(self._forget)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt's. A tint where the row is chosen."""
        row, column = self._model.row(index), self._model.column(index)
        tint_chosen(painter, option, first=index.column() == 0)
        if row is not None:
            painter.setFont(option.font)
            painter.translate(0, option.rect.top())
            self.draw(painter, option.rect.left(), option.rect.width(), row, column, column.text(row),
                      pencil_of(option))
            painter.translate(0, -option.rect.top())

    def draw(self, painter: QPainter, left: int, wide: int, row: Any, column: Column, text: str,
             pencil: Pencil) -> None:
        """Icon and text."""
        left, wide = left + PAD_PX, wide - 2 * PAD_PX
        if column.icon is not None:
            picture = self._picture(column.icon(row), pencil.ratio)
            painter.drawPixmap(left, (pencil.tall - 1) // 2 - ICON_PX // 2 + 1, picture)
            left, wide = left + ICON_PX + ICON_GAP_PX, wide - ICON_PX - ICON_GAP_PX
        ink = column.foreground(row) if column.foreground is not None else None
        painter.setPen(ink if ink is not None else pencil.ink)
        needed = self._width(text, pencil)
        if needed > wide:
            text, needed = self._fitting(text, wide, pencil)
        # a point is drawn in half the time of a box
        painter.drawText(round(left + wide - needed) if column.right else left, pencil.foot, text)

    def _width(self, text: str, pencil: Pencil) -> float:
        """Of numbers and names, letter by letter: asking for each new number takes as long as drawing it."""
        known = self._letters
        try:
            return sum([known[letter] for letter in text])
        except KeyError:
            for letter in text:
                known.setdefault(letter, float(pencil.metrics.horizontalAdvance(letter)))
            return sum([known[letter] for letter in text])

    def _fitting(self, text: str, wide: int, pencil: Pencil) -> tuple[str, float]:
        """As much of it as there is room for, and how wide that is."""
        known = self._elided.get((text, wide))
        if known is None:
            if len(self._elided) > MOST_KNOWN:
                self._elided.clear()
            shown = pencil.metrics.elidedText(text, Qt.TextElideMode.ElideRight, wide)
            known = self._elided[text, wide] = shown, float(pencil.metrics.horizontalAdvance(shown))
        return known

    def _picture(self, icon: QIcon, ratio: float) -> QPixmap:
        key = icon.cacheKey(), ratio
        if key not in self._pixmaps:
            self._pixmaps[key] = icon.pixmap(QSize(ICON_PX, ICON_PX), ratio)
        return self._pixmaps[key]

    def _forget(self, _theme: object) -> None:
        self._elided.clear()
        self._letters.clear()
        self._pixmaps.clear()


def pencil_of(option: QStyleOptionViewItem) -> Pencil:
    """As Qt has it for a cell."""
    ratio = option.widget.devicePixelRatioF() if option.widget is not None else 1.0
    return Pencil.of(option.palette, option.fontMetrics, ratio, option.rect.height())


class EffectDelegate(QStyledItemDelegate):
    """The effect as a bar with its interval, and a tick at the least effect that could have been seen."""

    def __init__(self, icons: Icons, model: RowsModel) -> None:
        super().__init__(model)
        self._icons = icons
        self._model = model
        self._scale = 1.0

    def rescale(self, *, grow_only: bool = False) -> bool:
        """All bars share one scale: the largest effect shown, at least 0.1. Whether it is another one now.

        grow_only  while effects move, so that one that falls does not seem to lift all others
        """
        before = self._scale
        sizes = [abs(row.effect) for row in self._model.rows if math.isfinite(row.effect)]
        self._scale = max([self._scale if grow_only else 0.1, *sizes])
        return self._scale != before

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt's. A tint where the row is chosen."""
        row: TableRow | None = self._model.row(index)
        painter.save()
        tint_chosen(painter, option, first=False)
        if row is not None:
            painter.setFont(option.font)
            painter.translate(0, option.rect.top())
            self.draw(painter, option.rect.left(), option.rect.width(), row, self._model.column(index),
                      effect_text(row), pencil_of(option))
        painter.restore()

    def draw(self, painter: QPainter, left: int, wide: int, row: TableRow, _column: Column, text: str,
             pencil: Pencil) -> None:
        """Number at the left, bar at the right: how large, its interval, and the least that could have been seen."""
        theme = self._icons.theme
        painter.setPen(pencil.ink)
        painter.drawText(left + BAR_PAD_PX, pencil.foot, text)
        if not math.isfinite(row.effect):
            return
        start, middle = left + BAR_LEFT_PX, pencil.tall // 2
        room = max(0, wide - BAR_LEFT_PX - BAR_RIGHT_PX)
        per = room / self._scale
        painter.fillRect(start, middle - 4, max(1, min(room, round(abs(row.effect) * per))), 8,
                         theme.color(TONES[row.verdict], 150))
        if math.isfinite(row.effect_low) and math.isfinite(row.effect_high):
            low = min(room, round(max(0.0, row.effect_low) * per))
            painter.fillRect(start + low, middle, max(1, min(room, round(abs(row.effect_high) * per)) - low), 1,
                             theme.color("text"))
        if math.isfinite(row.detectable):
            painter.fillRect(start + min(room, round(row.detectable * per)), middle - 8, 1, 17, theme.color("muted"))
