"""What a folder wants to have computed, before it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QWidget

from widgets.panels.parts import button, column, label, row

if TYPE_CHECKING:
    from console.store.own import OwnMetric

EXPLAINED = ("The file pilothouse.toml in this folder brings metrics of its own. Each is an expression that would be "
             "computed over the rows of this log, now and whenever you open it. Sums, means and comparisons of columns "
             "are allowed in them, and nothing that reads files or reaches the network.")
TRUSTED = "You trust this folder: its own metrics are computed when their charts are shown."


class TrustDialog(QDialog):
    """Names every expression. Accepted: trust the folder from now on; or, where it is trusted, no more."""

    def __init__(self, folder: str, metrics: Sequence[OwnMetric], *, trusted: bool, parent: QWidget | None = None,
                 ) -> None:
        super().__init__(parent)
        self.setObjectName("trust_dialog")
        self.setWindowTitle("Own metrics of this folder")
        self._text = QPlainTextEdit(objectName="trust_expressions")
        self._text.setReadOnly(True)
        self._text.setPlainText("\n\n".join(f"{one.name}\n    {one.expression}" for one in metrics))
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setAccessibleName("Expressions that would be run")
        yes = button("Trust no more" if trusted else "Trust this folder", "trust_yes",
                     "Its own metrics are not run from now on" if trusted else "Run these expressions from now on")
        no = button("Leave it so" if trusted else "Not now", "trust_no", "Nothing changes", default=True)
        page = column(label(folder, name="trust_folder_name", wrap=True), label(TRUSTED if trusted else EXPLAINED,
                                                                               tone="muted", wrap=True),
                      self._text, row(None, yes, no), margins=(16, 16, 16, 16), gap=12)
        page.setStretch(2, 1)
        self.setLayout(page)
        self.resize(640, 400)
        yes.clicked.connect(self.accept)
        no.clicked.connect(self.reject)
        no.setFocus()
