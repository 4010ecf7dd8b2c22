"""One line at the bottom: what the program is doing, and how much it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from console.metrics.format import format_count, format_span
from widgets.icons import Icons
from widgets.models.rows import plain_tip
from widgets.panels.parts import label, row, set_tone

if TYPE_CHECKING:
    from console.alarms.view import AlarmsView
    from console.session.view import LoadProgress, StatusView

STEPS = 1000


class Elided(QLabel):
    """A label that gives way: cut at the end, whole in its tip."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setObjectName(name)
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def say(self, text: str) -> None:
        """Show it as far as it fits."""
        if text != self._whole:
            self._whole = text
            self.setToolTip(plain_tip(text))
            self.setAccessibleName(text)
            self._cut()

    @property
    def whole(self) -> str:
        """All of the text."""
        return self._whole

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut anew."""
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        shown = QFontMetrics(self.font()).elidedText(self._whole, Qt.TextElideMode.ElideRight, max(0, self.width()))
        self.setText(shown)


class StatusLine(QWidget):
    """Displays a StatusView and how many alarms fire. Cancel and the counts are the only things to press."""

    cancel_asked = Signal()
    quarantine_asked = Signal()
    alarms_asked = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status_line")
        self._state = label(name="status_state")
        self._bar = QProgressBar(objectName="load_progress")
        self._bar.setRange(0, STEPS)
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(160, 8)
        self._bar.setAccessibleName("Loading")
        self._cancel = QPushButton("Cancel", objectName="cancel_load")
        self._cancel.setProperty("flat", True)
        self._cancel.setToolTip("Stop loading; what is loaded stays")
        self._note = Elided("status_note")
        self._rows = label(name="status_rows", tone="muted")
        self._quarantined = QPushButton(objectName="status_quarantined")
        self._quarantined.setProperty("flat", True)
        self._quarantined.setToolTip("Rows that could not be read: show them in Sources")
        self._alarms = QPushButton(objectName="status_alarms")
        self._alarms.setProperty("flat", True)
        self._size = label(name="status_size", tone="muted")
        self.setLayout(row(self._state, self._bar, self._cancel, self._note, self._rows, self._quarantined,
                           self._alarms, self._size,
                           margins=(16, 0, 16, 0), gap=16))
        self.layout().setStretch(3, 1)
        self.setFixedHeight(32)
        self._cancel.clicked.connect(self.cancel_asked)
        self._quarantined.clicked.connect(self.quarantine_asked)
        self._alarms.clicked.connect(self.alarms_asked)
        self._icons = icons
        self._stopping = False
        icons.dress(self._quarantined, "alert", "warning", 14)
        self._bar.hide()
        self._cancel.hide()
        self._quarantined.hide()
        self._alarms.hide()

    def display(self, view: StatusView) -> None:
        """Show how things stand."""
        loading = view.loading if view.loading and view.loading.running else None
        self._bar.setVisible(loading is not None)
        self._cancel.setVisible(loading is not None)
        if loading is not None:
            self._show_loading(loading)
        else:
            self._stopping = False
            self._cancel.setEnabled(True)
            self._state.setText(_state(view))
            set_tone(self._state, "good" if view.live_lag_s is not None else "muted")
            self._note.say(view.message)
            set_tone(self._note, "firing")
        self._rows.setText(f"{format_count(view.rows)} rows")
        bad = view.quarantined
        self._quarantined.setVisible(bad > 0 or view.rejected_files > 0)
        words = [f"{format_count(bad)} quarantined"] if bad else []
        if view.rejected_files:
            files = "file" if view.rejected_files == 1 else "files"
            words.append(f"{view.rejected_files} {files} rejected")
        self._quarantined.setText(", ".join(words))
        self._size.setText(f"{view.workspace_mb:,.0f} MB")
        self._size.setToolTip("Size of the workspace on disk")

    def display_stopping(self) -> None:
        """Loading was asked to stop: it ends with the rows at hand."""
        self._stopping = True
        self._cancel.setEnabled(False)
        self._state.setText("Stopping")

    def display_alarms(self, view: AlarmsView | None) -> None:
        """Red only while something fires that nobody has silenced; nothing at all for a log without rules."""
        self._alarms.setVisible(view is not None and bool(view.rules or view.error))
        if view is None:
            return
        firing = view.firing
        icon, tone, words = (("bell-ring", "firing", f"{firing:,} firing") if firing
                             else ("alert", "warning", "Rules cannot be read") if view.error
                             else ("bell-outline", "muted", "Nothing fires"))
        self._alarms.setToolTip(plain_tip(view.error or "Show alarms"))
        if words != self._alarms.text():
            self._alarms.setText(words)
            set_tone(self._alarms, tone)
            self._icons.dress(self._alarms, icon, tone, 14)

    def _show_loading(self, loading: LoadProgress) -> None:
        if loading.bytes_total > 0:
            self._bar.setRange(0, STEPS)
            self._bar.setValue(round(STEPS * min(1.0, loading.bytes_done / loading.bytes_total)))
        else:
            self._bar.setRange(0, 0)
        self._state.setText("Stopping" if self._stopping else "Loading")
        set_tone(self._state, "accent")
        parts = [loading.note]
        if loading.files_total:
            parts.append(f"{loading.files_done} of {loading.files_total} files")
        if loading.rows_per_second > 0:
            parts.append(f"{loading.rows_per_second:,.0f} rows/s")
        self._note.say(", ".join(part for part in parts if part))
        set_tone(self._note, "muted")


def _state(view: StatusView) -> str:
    if view.live_lag_s is not None:
        return f"Live, {format_span(view.live_lag_s)} behind"
    if view.stopped:
        return "Loading was stopped"
    return "Following, nothing new" if view.following else "Loaded"
