"""The distributions of a column with the choice how to draw them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from console.drift.view import NumericShape, Shape
from widgets.icons import Icons
from widgets.panels.parts import Choice, column
from widgets.panels.shape_view import Drawn, ShapeView

KINDS = {"Histogram": Drawn.HISTOGRAM, "Cumulated (ECDF)": Drawn.ECDF, "Quantile by quantile": Drawn.QUANTILES}


class ShapeBox(QWidget):
    """A ShapeView; for numbers one may choose histogram, cumulated shares or quantiles against quantiles."""

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self._view = ShapeView(icons)
        self._choice = Choice(icons, "shape_kind", "How the distributions are drawn", KINDS)
        page = column(self._choice, self._view, gap=4)
        page.setStretch(1, 1)
        page.setAlignment(self._choice, Qt.AlignmentFlag.AlignLeft)
        self.setLayout(page)
        self._choice.activated.connect(self._on_choice)

    def display(self, shape: Shape | None) -> None:
        """These distributions, or none."""
        numeric = isinstance(shape, NumericShape)
        if self._choice.isHidden() == numeric:
            self._choice.setVisible(numeric)
        self._view.display(shape)

    @property
    def shape(self) -> Shape | None:
        """What is shown."""
        return self._view.shape

    def _on_choice(self, _number: int) -> None:
        self._view.draw_as(KINDS[self._choice.currentText()])
