"""The moments of an incident, each with its time, how it is known and from what; a time can be typed over."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSizePolicy, QWidget

from console.metrics.format import format_since, format_span
from console.reports.view import Incident, Method, Milestone, Times
from widgets.models.rows import plain_tip
from widgets.models.typed_time import NotATime, read_moment
from widgets.panels.parts import label, set_tone

TITLES = ("Onset", "Detected", "Acknowledged", "Mitigated", "Recovered")
NOT_RECORDED = "not recorded"
TIME_PX = 168


class MomentRows(QWidget):
    """Five rows. An empty time goes back to what the log tells; what is no time is said, and not kept."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("moment_rows")
        self._incident: Incident | None = None
        self._shown: list[str] = [""] * len(TITLES)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        self._times: list[QLineEdit] = []
        self._sources = []
        for number, title in enumerate(TITLES):
            name = title.lower()
            time = QLineEdit(objectName=f"moment_{name}")
            time.setAccessibleName(f"{title}, UTC")
            time.setPlaceholderText(NOT_RECORDED)
            time.setFixedWidth(TIME_PX)
            source = label(name=f"moment_{name}_source", tone="muted", wrap=True)
            source.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            grid.addWidget(label(title, tone="muted"), number, 0, Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(time, number, 1, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(source, number, 2, Qt.AlignmentFlag.AlignVCenter)
            time.editingFinished.connect(self._on_edited)
            self._times.append(time)
            self._sources.append(source)
        self._between = label(name="moment_times", tone="muted", wrap=True)
        grid.addWidget(self._between, len(TITLES), 1, 1, 2)
        grid.setColumnStretch(2, 1)
        self.setLayout(grid)

    def display(self, incident: Incident | None) -> None:
        """Those of another incident, or of the same one as it is now; what is being typed stays."""
        same = incident is not None and self._incident is not None \
            and incident.incident_id == self._incident.incident_id
        self._incident = incident
        for number, (time, source) in enumerate(zip(self._times, self._sources, strict=True)):
            one = incident.milestones[number] if incident is not None else None
            text = time_text(one.at, relative=incident.relative) if one and one.at and incident else ""
            typing = same and time.hasFocus() and time.text() != self._shown[number]
            if not typing:
                time.setText(text)
                self._shown[number] = text
                source.setText(_source_text(one) if one is not None else "")
                set_tone(source, "muted")
            source.setToolTip(plain_tip(_known_text(one, relative=incident.relative)) if one and incident else "")
        self._between.setText(times_text(incident.times) if incident is not None else "")
        self._between.setVisible(bool(self._between.text()))

    def milestones(self) -> tuple[Milestone, ...]:
        """As they stand now. What is no time is left as it was."""
        incident = self._incident
        if incident is None:
            return ()
        found = []
        for number, one in enumerate(incident.milestones):
            text = self._times[number].text().strip()
            if text == self._shown[number]:
                found.append(one)
            elif not text:
                found.append(Milestone(one.name))
            else:
                try:
                    at = read_moment(text, incident.window.end, relative=incident.relative)
                except NotATime as wrong:
                    self._sources[number].setText(f"{wrong}.")
                    set_tone(self._sources[number], "warning")
                    found.append(one)
                else:
                    found.append(Milestone(one.name, at, Method.TYPED))
        return tuple(found)

    def _on_edited(self) -> None:
        if any(time.text().strip() != shown for time, shown in zip(self._times, self._shown, strict=True)):
            self.edited.emit()


def times_text(times: Times) -> str:
    """`Detected after 4 min, recovered after 1 h 12 min.`"""
    parts = [f"{word} {format_span(abs(seconds))} {'after' if seconds >= 0 else 'before'} {since}"
             for word, seconds, since in (("detected", times.detect_s, "the onset"),
                                          ("acknowledged", times.acknowledge_s, "that"),
                                          ("mitigated", times.mitigate_s, "the onset"),
                                          ("recovered", times.recover_s, "the onset")) if seconds is not None]
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def time_text(at: datetime, *, relative: bool) -> str:
    """A moment as it can be typed again."""
    return format_since(at) if relative else f"{at:%Y-%m-%d %H:%M:%S}"


def _source_text(one: Milestone) -> str:
    """What it is known from says how too; a typed one has no more to say."""
    return one.source or ("Typed." if one.method is Method.TYPED else "")


def _known_text(one: Milestone, *, relative: bool) -> str:
    if one.earliest is None or one.latest is None:
        return one.source
    return (f"{one.source} It lies between {time_text(one.earliest, relative=relative)} and "
            f"{time_text(one.latest, relative=relative)} (about 95 %).")
