"""The panel of a rollout: a plan replayed over the log, with the split, both versions, gates, buttons and what was
done."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSlider,
    QTabWidget,
    QWidget,
)

from console.metrics.format import format_time
from console.rollout.finding import Outcome
from console.rollout.outcomes import HARMS
from console.rollout.state import Standing
from console.rollout.view import Action, GateView, RolloutView
from console.window import from_epoch
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel, plain_tip
from widgets.panels.lines import Line, Lines
from widgets.panels.parts import Choice, button, column, holding, label, row, set_tone, table, tool
from widgets.panels.replay_pictures import SeriesPicture, SplitPicture

SPEEDS = (1, 10, 100, 1_000, 10_000)
SCRUB = 1000
SIDE_PX = 376
MOST_CHARTS = 8
MOST_LINES = 500
EMPTY = "Prepare a replay of the plan over this log: choose what the candidate does, and press Prepare."
TEXTS = {Action.START: "Start", Action.PAUSE: "Pause", Action.PROMOTE: "Promote",
         Action.PROMOTE_FULL: "Promote full", Action.ABORT: "Abort", Action.RETRY: "Retry",
         Action.ROLL_BACK: "Roll back"}
TIPS = {Action.START: "Begin with the first step of the plan", Action.PAUSE: "Stay at this step until somebody resumes",
        Action.PROMOTE: "End the wait, or skip the step that runs",
        Action.PROMOTE_FULL: "All requests to the candidate at once, without the rest of the plan",
        Action.ABORT: "All requests back to stable, at once", Action.RETRY: "The same candidate from the first step",
        Action.ROLL_BACK: "All requests back to the version before, at once"}
STANDINGS = {Standing.HEALTHY: ("check-circle-outline", "good", "Healthy"),
             Standing.SHADOW: ("content-copy", "text", "Shadow"),
             Standing.PROGRESSING: ("trending-up", "text", "Progressing"),
             Standing.PAUSED: ("pause-circle-outline", "warning", "Paused"),
             Standing.VERIFYING: ("shield-search", "text", "Verifying"),
             Standing.DEGRADED: ("close-circle-outline", "firing", "Degraded")}
OUTCOMES = {Outcome.SUCCESSFUL: ("check", "good"), Outcome.FAILED: ("close-circle-outline", "firing"),
            Outcome.INCONCLUSIVE: ("help-circle-outline", "warning"), Outcome.ERROR: ("alert-outline", "warning"),
            Outcome.HELD: ("timer-sand", "muted")}


class ReplayPanel(QWidget):
    """Displays a RolloutView; asks for what people do, and for the clock. What is allowed is decided in
    console.rollout."""

    prepare_asked = Signal(str)      # name of the harm of a synthetic candidate
    action_asked = Signal(object)    # Action
    play_asked = Signal(bool)
    step_asked = Signal()
    speed_asked = Signal(int)        # times as fast as the log
    scrub_asked = Signal(float)      # log time, seconds since 1970
    degree_asked = Signal(object)    # Degree
    incident_asked = Signal()
    cancel_asked = Signal()
    shown = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("replay_panel")
        self._icons = icons
        self._view: RolloutView | None = None
        self._harm = Choice(icons, "replay_harm", "What the candidate does", [harm.name for harm in HARMS])
        self._harm.setMinimumWidth(216)
        self._prepare = button("Prepare", "replay_prepare", "Read the log, and put the clock at its start")
        self._bar = QProgressBar(objectName="replay_progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(96, 8)
        self._cancel = button("Cancel", "replay_cancel", "Stop reading")
        self._source = label(name="replay_source")
        self._error = label(name="replay_error", tone="firing", wrap=True)
        self._buttons: dict[Action, QPushButton] = {}
        for action, text in TEXTS.items():
            made = button(text, f"rollout_{action.value}", TIPS[action])
            made.setProperty("action", action.value)
            made.clicked.connect(self._on_action)
            self._buttons[action] = made
        self._build_player(icons)
        self._build_side(icons)
        self.split = SplitPicture(icons)
        self._charts: list[SeriesPicture] = []
        self._sheet = column(self.split, None, gap=8)
        self._area = QScrollArea(objectName="replay_charts")
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(holding(self._sheet))
        self._empty = label(EMPTY, name="replay_empty", tone="muted", wrap=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        left = column(self._area, self._empty, gap=8)
        left.setStretch(0, 1)
        left.setStretch(1, 1)
        body = row(holding(left), self._side, gap=16)
        body.setStretch(0, 1)
        page = column(
            row(label("Candidate", tone="muted"), self._harm, self._prepare, self._bar, self._cancel, self._source,
                None, *self._buttons.values(), gap=4),
            row(self._play, self._one, self._speed, self._scrub, self._clock), self._error, body,
            margins=(0, 8, 0, 0), gap=8)
        page.setStretch(3, 1)
        self.setLayout(page)
        self._prepare.clicked.connect(lambda: self.prepare_asked.emit(self._harm.currentText()))
        self._cancel.clicked.connect(self.cancel_asked)
        self.setFocusProxy(self._prepare)
        self.display_busy(False)
        self.display(None)

    def showEvent(self, event: QShowEvent) -> None:
        """Qt's."""
        super().showEvent(event)
        self.shown.emit()

    # ---- built ---------------------------------------------------------------------------------------------

    def _build_player(self, icons: Icons) -> None:
        self._play = tool(icons, "play", "replay_play", "Let the clock of the log run, or stop it", checkable=True)
        self._one = tool(icons, "skip-next", "replay_step", "One check of the gates on")
        self._speed = Choice(icons, "replay_speed", "Speed of the clock", [f"{speed:,}x" for speed in SPEEDS])
        self._speed.setCurrentIndex(len(SPEEDS) - 2)
        self._scrub = QSlider(Qt.Orientation.Horizontal)
        self._scrub.setObjectName("replay_scrub")
        self._scrub.setAccessibleName("Log time")
        self._scrub.setRange(0, SCRUB)
        self._clock = label(name="replay_clock")
        self._clock.setMinimumWidth(168)
        self._play.clicked.connect(self.play_asked)
        self._one.clicked.connect(self.step_asked)
        self._speed.activated.connect(lambda at: self.speed_asked.emit(SPEEDS[at]))
        self._scrub.sliderReleased.connect(self._on_scrubbed)
        self._scrub.actionTriggered.connect(self._on_scrub_key)

    def _build_side(self, icons: Icons) -> None:
        self._standing = label(name="replay_standing", large=True)
        self._standing_icon = label(name="replay_standing_icon")
        self._told = label(name="replay_told", wrap=True)
        self._advice = label(name="replay_advice", tone="warning", wrap=True)
        self._blast = label(name="replay_blast", tone="muted", wrap=True)
        self._incident = button("Create incident", "replay_incident", "Keep what the rollout did as an incident")
        self._gates = Lines(icons, "replay_gates", "Gates")
        self._log = QPlainTextEdit(objectName="replay_log")
        self._log.setReadOnly(True)
        self._log.setFrameShape(QFrame.Shape.NoFrame)
        self._log.setAccessibleName("Audit log, the newest line first")
        self._notes = Lines(icons, "replay_notes", "What a replay cannot know")
        self._steps: RowsModel = RowsModel((
            Column("", 32, lambda one: {"done": "✓", "here": "▸"}.get(one.state, "")),
            Column("Step", 216, lambda one: one.text, tip=lambda one: one.no_effect or one.text,
                   foreground=lambda one: self._icons.theme.brush("muted") if one.no_effect else None),
            Column("Weight", 64, lambda one: f"{one.weight:g} %", right=True)))
        self._arms: RowsModel = RowsModel((
            Column("Version", 112, lambda one: one.version), Column("Requests", 80, lambda one: f"{one.requests:,}",
                                                                    right=True),
            Column("", 160, lambda one: ", ".join(f"{name} {value}" for name, value in one.metrics))))
        self._degrees: RowsModel = RowsModel((
            Column("Degree", 128, lambda one: one.text, icon=lambda one: self._icons.icon("check", "text")
                   if one.chosen else None, tip=lambda one: one.sentence),
            Column("Goes on", 72, lambda one: one.advance), Column("Stops", 72, lambda one: one.abort),
            Column("Promotes", 80, lambda one: one.promote)))
        self._degrees_table = table(self._degrees, "replay_degrees", "Degrees of automation: who may do what")
        self._degrees_table.doubleClicked.connect(self._on_degree)
        self._degrees_table.activated.connect(self._on_degree)
        tabs = QTabWidget(objectName="replay_tabs")
        tabs.setDocumentMode(True)
        tabs.tabBar().setExpanding(False)
        tabs.tabBar().setDrawBase(False)
        tabs.tabBar().setProperty("slim", True)
        steps = column(table(self._steps, "replay_steps", "Steps of the plan"),
                       table(self._arms, "replay_arms", "Both versions in numbers"), gap=8)
        steps.setStretch(0, 2)
        steps.setStretch(1, 1)
        for title, part in (("Gates", self._gates), ("Steps", holding(steps)), ("Log", self._log),
                            ("Automation", self._degrees_table), ("Notes", self._notes)):
            tabs.addTab(part, title)
        side = column(row(self._standing_icon, self._standing, None), self._told, self._advice, self._blast,
                      row(self._incident, None), tabs, gap=4)
        side.setStretch(5, 1)
        self._side = holding(side)
        self._side.setFixedWidth(SIDE_PX)
        self._incident.clicked.connect(self.incident_asked)

    # ---- shown ---------------------------------------------------------------------------------------------

    @property
    def view(self) -> RolloutView | None:
        """What is shown."""
        return self._view

    @property
    def speed(self) -> int:
        """Times as fast as the log."""
        return SPEEDS[self._speed.currentIndex()]

    def display_candidates(self, names: tuple[str, ...]) -> None:
        """What can be tried on this log."""
        if names != tuple(self._harm.itemText(at) for at in range(self._harm.count())):
            chosen = self._harm.currentText()
            self._harm.clear()
            self._harm.addItems(list(names))
            self._harm.setCurrentText(chosen if chosen in names else names[0])

    def display_busy(self, busy: bool, done: int = 0, total: int = 0) -> None:
        """The log is being read."""
        self._bar.setVisible(busy)
        self._cancel.setVisible(busy)
        self._prepare.setEnabled(not busy)
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def display_playing(self, playing: bool) -> None:
        """The clock runs, or stands."""
        self._play.setChecked(playing)
        self._icons.dress(self._play, "pause" if playing else "play")

    def display_error(self, sentence: str) -> None:
        """What was asked for cannot be; "" for nothing."""
        self._error.setText(sentence)
        self._error.setVisible(bool(sentence))

    def display(self, view: RolloutView | None) -> None:
        """Show this state, or that there is none."""
        self._view = view
        there = view is not None
        self.display_error("")
        for control in (self._play, self._one, self._scrub):
            control.setEnabled(there)
        self._empty.setVisible(not there)
        for part in (self._area, self._side, self._source):
            part.setVisible(there)
        self._show_buttons(view)
        self.split.display(view)
        if view is None:
            self._clock.setText("")
            return
        self._source.setText(view.source.value.capitalize())
        self._source.setToolTip(plain_tip(view.source_sentence))
        self._clock.setText(format_time(from_epoch(view.clock), seconds=True))
        if not self._scrub.isSliderDown():
            self._scrub.setValue(round((view.clock - view.start) / max(view.end - view.start, 1e-9) * SCRUB))
        self._show_standing(view)
        self._show_charts(view)
        self._steps.show(view.steps)
        self._arms.show(view.arms)
        self._degrees.show(view.degrees)
        self._gates.show_lines([Line(*_gate_icon(gate), gate_said(gate)) for gate in view.gates])
        self._show_log(view)
        self._notes.show_lines([Line("information-outline", "muted", text)
                                for text in dict.fromkeys((view.source_sentence, view.sticky, *view.caveats)) if text])

    def _show_buttons(self, view: RolloutView | None) -> None:
        for action, made in self._buttons.items():
            now = action
            if action is Action.PAUSE:
                resumes = view is not None and view.action(Action.RESUME).allowed
                now = Action.RESUME if resumes else Action.PAUSE
                made.setText("Resume" if resumes else "Pause")
                made.setProperty("action", now.value)
            why = view.action(now).why_not if view is not None else "Prepare a replay first"
            made.setEnabled(not why)
            tip = TIPS[action] if not why else f"{TEXTS[action]} is not possible now: {why}."
            made.setToolTip(plain_tip(tip))
            made.setAccessibleDescription(tip)

    def _show_standing(self, view: RolloutView) -> None:
        icon, tone, word = STANDINGS[view.standing]
        self._icons.dress(self._standing_icon, icon, tone)
        at = f", step {min(view.step + 1, len(view.steps))} of {len(view.steps)}, {view.live:g} %" \
            if view.standing in (Standing.PROGRESSING, Standing.PAUSED, Standing.SHADOW) and view.steps else ""
        self._standing.setText(word + at)
        set_tone(self._standing, tone if tone in ("firing", "warning") else "")
        told = view.why or view.waits_for
        self._told.setText(told)
        self._told.setVisible(bool(told))
        self._advice.setText(view.advice)
        self._advice.setVisible(bool(view.advice))
        self._blast.setText(f"Blast radius: {view.blast.sentence}" if view.blast.of_requests else
                            "Start begins with the first step at the time of the clock.")
        self._incident.setVisible(view.standing is Standing.DEGRADED)

    def _show_charts(self, view: RolloutView) -> None:
        shown = view.series[:MOST_CHARTS]
        while len(self._charts) < len(shown):
            made = SeriesPicture(self._icons, len(self._charts))
            self._charts.append(made)
            self._sheet.insertWidget(len(self._charts), made)
        for number, chart in enumerate(self._charts):
            chart.setVisible(number < len(shown))
            if number < len(shown):
                chart.display(shown[number], view)

    def _show_log(self, view: RolloutView) -> None:
        lines = [f"{format_time(from_epoch(entry.at), seconds=True)}  {entry.who}: {entry.sentence}"
                 for entry in reversed(view.log[-MOST_LINES:])]
        text = "\n".join(lines)
        if text != self._log.toPlainText():
            self._log.setPlainText(text)

    # ---- gestures ------------------------------------------------------------------------------------------

    def _on_action(self) -> None:
        made = self.sender()
        if isinstance(made, QPushButton):
            self.action_asked.emit(Action(made.property("action")))

    def _on_scrubbed(self) -> None:
        self._ask_scrub(self._scrub.sliderPosition())

    def _on_scrub_key(self, action: int) -> None:
        if action != QSlider.SliderAction.SliderMove.value:
            self._ask_scrub(self._scrub.sliderPosition())

    def _ask_scrub(self, position: int) -> None:
        if self._view is not None:
            self.scrub_asked.emit(self._view.start + position / SCRUB * (self._view.end - self._view.start))

    def _on_degree(self) -> None:
        chosen = self._degrees.row(self._degrees_table.currentIndex())
        if chosen is not None and not chosen.chosen:
            self.degree_asked.emit(chosen.degree)


def _gate_icon(gate: GateView) -> tuple[str, str]:
    return OUTCOMES[gate.outcome] if gate.outcome is not None else ("circle-outline", "muted")


def gate_said(gate: GateView) -> str:
    """Name, verdict with its numbers, and what would have given another one."""
    parts = [f"{gate.name} ({gate.metric}{', signal' if gate.purpose == 'signal' else ''}"
             f"{', dry run' if gate.dry_run else ''}): "
             + (gate.reason or (gate.outcome.value if gate.outcome is not None else "not measured yet"))]
    parts += [text for text in (gate.change, gate.counted, gate.warning) if text]
    return " ".join(text if text.endswith(".") else f"{text}." for text in parts)
