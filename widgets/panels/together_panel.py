"""The page All at once of the place Drift: whether the rows of two windows can be told apart."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QSplitter, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from console.drift.together import ALARM_AUC, WATCH_AUC, PairChange, TogetherView
from console.metrics.format import format_count
from widgets.icons import Icons
from widgets.models.rows import Column, Index, RowsModel
from widgets.panels.drift_table import ICONS, TONES, WORDS, p_text
from widgets.panels.parts import column, holding, label, set_widths, table, tint_chosen
from widgets.panels.question_page import QuestionPage
from widgets.theme import Theme, font_metrics

BAR_COLUMN = 1


class TogetherPanel(QuestionPage):
    """Displays a TogetherView."""

    def __init__(self, icons: Icons) -> None:
        super().__init__(icons, "together_page", "All columns at once",
                         "A classifier tries to tell the rows of the two windows apart by all their columns together, "
                         "and correlations of pairs are compared: it sees what no column shows by itself.",
                         "Compare all at once")

    def _answer_page(self) -> QWidget:
        head = self._answer_head()
        self._auc = AucScale(self._icons)
        self._columns = RowsModel((
            Column("Column", 200, lambda one: one.column),
            Column("Gives it away", 200, lambda one: f"{one.auc_lost:.3f}",
                   tip=lambda one: f"AUC falls by {one.auc_lost:.4f} when the values of {one.column} are shuffled"),
        ))
        self._column_table = table(self._columns, "together_columns", "Columns by what they give away")
        self._bars = _LostDelegate(self._icons, self._columns)
        self._column_table.setItemDelegateForColumn(BAR_COLUMN, self._bars)

        def icon(pair: PairChange) -> object:
            return self._icons.icon(ICONS[pair.verdict], TONES[pair.verdict])

        def tinted(pair: PairChange) -> object:
            return self._icons.theme.color(TONES[pair.verdict])

        self._pairs = RowsModel((
            Column("Verdict", 104, lambda pair: WORDS[pair.verdict], foreground=tinted, icon=icon),
            Column("Pair", 208, lambda pair: f"{pair.change.column} and {pair.change.other}"),
            Column("Reference", 76, lambda pair: _signed(pair.change.reference), right=True),
            Column("Current", 76, lambda pair: _signed(pair.change.current), right=True),
            Column("p adjusted", 84, lambda pair: p_text(pair.change.p_adjusted), right=True),
        ))
        self._pair_table = table(self._pairs, "together_pairs", "Pairs of columns with their rank correlations")
        set_widths(self._pair_table, self._pairs.widths(), wide=1)
        self._pair_sentence = label(name="together_pairs_sentence", wrap=True)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("together_split")
        left = column(label("What gives it away", tone="muted"), self._column_table, gap=4)
        right = column(self._pair_sentence, self._pair_table, margins=(16, 0, 0, 0), gap=4)
        for part in (left, right):
            part.setStretch(1, 1)
            split.addWidget(holding(part))
        split.setSizes([420, 560])
        split.setChildrenCollapsible(False)
        page = column(head, self._auc, split, gap=12)
        page.setStretch(2, 1)
        return holding(page)

    def _show(self, view: TogetherView) -> None:
        self._say(view.verdict, view.sentence, f"Logistic regression on ranks, every row scored by one that has not "
                  f"seen it; {format_count(len(view.pairs))} pairs, p adjusted after Benjamini and Hochberg; "
                  f"{view.seconds:.1f} s")
        self._auc.display(view)
        self._columns.show(view.columns)
        self._bars.rescale()
        self._pairs.show(view.pairs)
        self._pair_sentence.setText(view.pairs_sentence)
        for shown in (self._column_table, self._pair_table):
            shown.selectRow(0)
            shown.viewport().update()


class AucScale(QWidget):
    """The AUC on its way from 0.5, no difference, to 1, with its interval and the two limits."""

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("auc_scale")
        self._icons = icons
        self._view: TogetherView | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        icons.holder.changed.connect(self._theme_changed)

    def sizeHint(self) -> QSize:
        """One line, and what stands below it."""
        return QSize(400, 20 + font_metrics().height())

    def display(self, view: TogetherView) -> None:
        """That one."""
        self._view = view
        self.setAccessibleName(f"AUC {view.auc:.3f}, between {view.auc_low:.3f} and {view.auc_high:.3f}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A line, a bar, an interval."""
        view = self._view
        if view is None:
            return
        painter = QPainter(self)
        theme, metrics = self._icons.theme, font_metrics()
        left, right = 8.0, min(float(self.width()) - 40, 728.0)

        def x(auc: float) -> float:
            return left + (min(1.0, max(0.5, auc)) - 0.5) * 2 * (right - left)

        painter.fillRect(QRectF(left, 6, right - left, 8), theme.color("grid"))
        painter.fillRect(QRectF(left, 6, max(1.0, x(view.auc) - left), 8), theme.color(TONES[view.verdict], 150))
        painter.setPen(QPen(theme.color("text"), 1.5))
        painter.drawLine(round(x(view.auc_low)), 10, round(x(view.auc_high)), 10)
        for auc, text in ((0.5, "0.5"), (WATCH_AUC, ""), (ALARM_AUC, "alarm"), (0.75, "0.75"), (1.0, "1")):
            painter.setPen(theme.pen("muted"))
            painter.drawLine(round(x(auc)), 2, round(x(auc)), 18)
            if text:
                wide = metrics.horizontalAdvance(text)
                start = max(left, min(x(auc) - wide / 2, right + 32 - wide)) if auc > 0.5 else left
                painter.drawText(QRectF(start, 20, wide + 2, metrics.height()), Qt.AlignmentFlag.AlignLeft, text)
        painter.end()

    def _theme_changed(self, _theme: Theme) -> None:
        self.update()


class _LostDelegate(QStyledItemDelegate):
    """AUC lost as a bar; all bars share one scale."""

    def __init__(self, icons: Icons, model: RowsModel) -> None:
        super().__init__(model)
        self._icons = icons
        self._model = model
        self._scale = 1.0

    def rescale(self) -> None:
        """The largest, at least 0.02."""
        self._scale = max([0.02, *(row.auc_lost for row in self._model.rows)])

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Number at the left, bar at the right."""
        one = self._model.row(index)
        painter.save()
        tint_chosen(painter, option, first=False)
        if one is not None:
            area = QRectF(option.rect).adjusted(6, 0, -10, 0)
            painter.setPen(self._icons.theme.color("text"))
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, f"{max(0.0, one.auc_lost):.3f}")
            room = area.adjusted(56, 0, 0, 0)
            wide = max(0.0, one.auc_lost) / self._scale * room.width()
            painter.fillRect(QRectF(room.left(), room.center().y() - 4, max(1.0, wide), 8),
                             self._icons.theme.color("accent", 150))
        painter.restore()


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−") if math.isfinite(value) else "-"
