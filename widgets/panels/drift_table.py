"""The table of columns in the place Drift."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from console.drift.preview import known
from console.drift.view import ColumnDrift, PreviewRow, Verdict
from console.metrics.format import format_number
from widgets.icons import Icons
from widgets.models.rows import Column, Index, RowsModel
from widgets.panels.parts import tint_chosen

WORDS = {Verdict.ALARM: "alarm", Verdict.WATCH: "watch", Verdict.NONE: "no drift", Verdict.TOO_FEW: "too few rows"}
ICONS = {Verdict.ALARM: "alert-octagon", Verdict.WATCH: "eye-outline", Verdict.NONE: "check-circle-outline",
         Verdict.TOO_FEW: "help-circle-outline"}
TONES = {Verdict.ALARM: "firing", Verdict.WATCH: "warning", Verdict.NONE: "good", Verdict.TOO_FEW: "muted"}
TEST_NAMES = {"ks": "Kolmogorov-Smirnov", "chi2": "Chi-square", "proportions": "Two proportions",
              "psi": "PSI", "wasserstein": "Wasserstein"}
SHORT_TESTS = {"ks": "KS", "proportions": "Proportions"}
SHORT = {"excess TVD": "TVD"}
RATES = ("difference", "points")
"""Rates are compared in points: 0.01 is one."""
EFFECT_COLUMN = 3
PAD_PX, ICON_PX, ICON_GAP_PX = 8, 16, 6
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
        self._elided: dict[tuple[str, int], tuple[str, int]] = {}
        self._pixmaps: dict[int, QPixmap] = {}
        icons.holder.changed.connect(self._forget)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Icon, text, and a tint where the row is chosen."""
        row, column = self._model.row(index), self._model.column(index)
        tint_chosen(painter, option, first=index.column() == 0)
        if row is None:
            return
        area = option.rect.adjusted(PAD_PX, 0, -PAD_PX, 0)
        if column.icon is not None:
            picture = self._picture(column.icon(row), option)
            painter.drawPixmap(area.left(), area.center().y() - ICON_PX // 2 + 1, picture)
            area.setLeft(area.left() + ICON_PX + ICON_GAP_PX)
        ink = column.foreground(row) if column.foreground is not None else None
        painter.setPen(ink if ink is not None else option.palette.text().color())
        painter.setFont(option.font)
        text, needed = self._fitting(column.text(row), area.width(), option)
        left = area.right() + 1 - needed if column.right else area.left()
        painter.drawText(left, baseline(option), text)      # a point is drawn in half the time of a box

    def _fitting(self, text: str, wide: int, option: QStyleOptionViewItem) -> tuple[str, int]:
        """As much of it as there is room for, and how wide that is."""
        known = self._elided.get((text, wide))
        if known is None:
            if len(self._elided) > MOST_KNOWN:
                self._elided.clear()
            shown = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, wide)
            known = self._elided[text, wide] = shown, option.fontMetrics.horizontalAdvance(shown)
        return known

    def _picture(self, icon: QIcon, option: QStyleOptionViewItem) -> QPixmap:
        key = icon.cacheKey()
        if key not in self._pixmaps:
            ratio = option.widget.devicePixelRatioF() if option.widget is not None else 1.0
            self._pixmaps[key] = icon.pixmap(QSize(ICON_PX, ICON_PX), ratio)
        return self._pixmaps[key]

    def _forget(self, _theme: object) -> None:
        self._elided.clear()
        self._pixmaps.clear()


def baseline(option: QStyleOptionViewItem) -> int:
    """Where a line of text in the middle of a cell stands on."""
    metrics = option.fontMetrics
    return option.rect.top() + (option.rect.height() + metrics.ascent() - metrics.descent()) // 2


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
        """Number at the left, bar at the right."""
        row: TableRow | None = self._model.row(index)
        theme = self._icons.theme
        painter.save()
        tint_chosen(painter, option, first=False)
        if row is not None:
            area = QRectF(option.rect).adjusted(6, 0, -10, 0)
            painter.setPen(theme.color("text"))
            painter.setFont(option.font)
            painter.drawText(round(area.left()), baseline(option), effect_text(row))
            if math.isfinite(row.effect):
                self._bar(painter, area.adjusted(92, 0, 0, 0), row)
        painter.restore()

    def _bar(self, painter: QPainter, area: QRectF, row: TableRow) -> None:
        theme = self._icons.theme
        middle = area.center().y()

        def x(value: float) -> float:
            return area.left() + min(1.0, abs(value) / self._scale) * area.width()

        painter.fillRect(QRectF(area.left(), middle - 4, max(1.0, x(row.effect) - area.left()), 8),
                         theme.color(TONES[row.verdict], 150))
        if math.isfinite(row.effect_low) and math.isfinite(row.effect_high):
            painter.setPen(QPen(theme.color("text"), 1))
            painter.drawLine(round(x(max(0.0, row.effect_low))), round(middle), round(x(row.effect_high)),
                             round(middle))
        if math.isfinite(row.detectable):
            painter.setPen(QPen(theme.color("muted"), 1))
            painter.drawLine(round(x(row.detectable)), round(middle - 8), round(x(row.detectable)),
                             round(middle + 8))
