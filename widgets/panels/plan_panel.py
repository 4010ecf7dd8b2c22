"""A plan of a rollout: its ramp, its steps as a list, its gates as rows, and beside them what is wrong with it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QLineEdit,
    QMenu,
    QTableView,
    QToolButton,
    QWidget,
)

from console.rollout.edits import NEW_GATES, NEW_STEPS, new_step_said
from console.rollout.lint import Remark, Severity
from console.rollout.plan import Degree
from console.rollout.plan_view import DEGREES, GateRow, PlanView, StepRow, metric_said
from console.rollout.ready import NAMES
from console.rollout.written import GATE_KEYS, PLAN_SETTINGS
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel, plain_tip
from widgets.panels.lines import Line, Lines
from widgets.panels.parts import Choice, Elided, button, column, holding, label, row, set_tone, table, tool
from widgets.panels.ramp_picture import RampPicture

EMPTY = "Choose a plan, or open one: TOML of ours, YAML of Argo Rollouts or Flagger."
SEVERITIES = {Severity.ERROR: ("close-circle-outline", "firing", "Error"),
              Severity.WARNING: ("alert-outline", "warning", "Warning"),
              Severity.NOTE: ("information-outline", "muted", "Note")}
STEPS_PX, LINT_PX = 248, 320


class PlanPanel(QWidget):
    """Displays a PlanView; asks for another plan, and for edits. What a plan may be is decided in console.rollout."""

    ready_asked = Signal(str)
    open_asked = Signal()
    save_asked = Signal()
    undo_asked = Signal()
    redo_asked = Signal()
    fit_asked = Signal()
    degree_asked = Signal(str)
    step_typed = Signal(int, str)        # index, TOML
    step_added = Signal(int, int)        # before which index, which of NEW_STEPS
    step_removed = Signal(int)
    step_moved = Signal(int, int)        # from, to
    gate_typed = Signal(int, str, str)   # index, key, TOML
    setting_typed = Signal(str, str)     # key, TOML
    gate_added = Signal(int)             # which of NEW_GATES
    gate_removed = Signal(int)
    shown = Signal()                     # it is seen now: the log may be another

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plan_panel")
        self._icons = icons
        self._view: PlanView | None = None
        self._plans = Choice(icons, "plan_choice", "Plan", NAMES)
        self._plans.setMinimumWidth(208)
        self._open = button("Open…", "plan_open", "Open a plan: TOML of ours, YAML of Argo Rollouts or Flagger")
        self._save = button("Save…", "plan_save", "Write the plan as TOML, or as YAML for Argo Rollouts")
        self._undo = tool(icons, "undo", "plan_undo", "Take the last change of the plan back")
        self._redo = tool(icons, "redo", "plan_redo", "Make the change again")
        self._fit = button("Fit to log", "plan_fit", "Leave out gates that this log cannot show, and give limits of "
                           "latency that suit it")
        self._degree = Choice(icons, "plan_degree", "Degree of automation",
                              DEGREES.values())
        self._summary = Elided("plan_summary", "muted")
        self._error = label(name="plan_error", tone="firing", wrap=True)
        self._error.hide()
        self.picture = RampPicture(icons)
        self._build_steps(icons)
        self._build_gates(icons)
        self._build_lint(icons)
        head = row(self._plans, self._open, self._save, self._undo, self._redo, self._fit, None,
                   label("Automation", tone="muted"), self._degree)
        lists = row(self._steps_part, self._gates_part, self._lint_part, gap=8)
        lists.setStretch(1, 1)
        page = column(head, self._summary, self.picture, self._error, lists, margins=(0, 8, 0, 0), gap=8)
        page.setStretch(4, 1)
        self.setLayout(page)
        self.setFocusProxy(self._plans)
        self._connect()
        self.display(None)

    # ---- shown ---------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Qt's."""
        super().showEvent(event)
        self.shown.emit()

    def display(self, view: PlanView | None) -> None:
        """Show this plan; what is chosen stays chosen."""
        self._view = view
        self._error.hide()
        there = view is not None
        for part in (self._save, self._fit, self._degree, self._steps_part, self._gates_part, self._lint_part):
            part.setEnabled(there)
        for one, verb, words, key in ((self._undo, "Take back", view.undo if view is not None else "", "Ctrl+Z"),
                                      (self._redo, "Make again", view.redo if view is not None else "",
                                       "Ctrl+Shift+Z")):
            one.setEnabled(bool(words))
            one.setToolTip(plain_tip(f"{verb}: {words or 'nothing'} ({key})"))
        self.picture.display(view)
        self._steps.show(view.steps if view is not None else ())
        self._gates.show(view.gates if view is not None else ())
        self._summary.setText(f"{view.summary} {view.sentence}".strip() if view is not None else EMPTY)
        if view is not None:
            self._show_source(view)
            self._degree.setCurrentText(DEGREES[Degree(view.degree)])
        self._show_remarks(view)
        self._on_step()
        self._on_gate()
        self._on_setting()

    def display_error(self, sentence: str) -> None:
        """What was typed cannot be."""
        self._error.setText(sentence)
        self._error.show()

    @property
    def error(self) -> str:
        """What is said about the last wish; "" for nothing."""
        return self._error.text() if self._error.isVisibleTo(self) else ""

    def _show_source(self, view: PlanView) -> None:
        if self._plans.findText(view.source) < 0:
            self._plans.addItem(view.source)
        self._plans.setCurrentText(view.source)
        self._plans.setToolTip("Changed since it was opened or saved" if view.changed else "")

    def _show_remarks(self, view: PlanView | None) -> None:
        self._verdict.setText(view.verdict if view is not None else "")
        bad = view is not None and (view.messages or any(
            remark.severity is Severity.ERROR for remark in view.remarks or ()))
        set_tone(self._verdict, "firing" if bad else "")
        lines = []
        if view is not None:
            lines = [Line("close-circle-outline", "firing", f"Error: {message}") for message in view.messages]
            for remark in view.remarks or ():
                icon, tone, word = SEVERITIES[remark.severity]
                lines.append(Line(icon, tone, f"{word}{_where(remark)}: {remark.sentence}"
                                  + (f" {remark.do}." if remark.do != "Nothing" else ""), remark.where))
            lines += [Line("file-document-outline", "muted", f"On reading: {note}") for note in view.notes]
        self._remarks.show_lines(lines)

    # ---- built ---------------------------------------------------------------------------------------------

    def _build_steps(self, icons: Icons) -> None:
        self._steps: RowsModel = RowsModel((
            Column("Step", 152, lambda one: one.said, tip=lambda one: one.without_effect or one.typed,
                   foreground=lambda one: self._faint(bool(one.without_effect))),
            Column("From", 64, lambda one: one.when)))
        self._steps_table = table(self._steps, "plan_steps", "Steps of the plan")
        self._step_text = QLineEdit(objectName="plan_step_text")
        self._step_text.setAccessibleName("The chosen step")
        self._step_text.setPlaceholderText("weight = 5, bake = \"10m\"")
        self._add_step = self._menu(icons, "plan_step_add", "Add a step behind the chosen one",
                                    [new_step_said(name, step) for name, step in NEW_STEPS], self._on_step_added)
        self._step_up = tool(icons, "arrow-up", "plan_step_up", "Earlier")
        self._step_down = tool(icons, "arrow-down", "plan_step_down", "Later")
        self._step_off = tool(icons, "trash-can-outline", "plan_step_remove", "Take the step out (Delete)")
        part = column(row(label("Steps"), None, self._add_step, self._step_up, self._step_down, self._step_off, gap=0),
                      self._steps_table, self._step_text, gap=4)
        part.setStretch(1, 1)
        self._steps_part = holding(part)
        self._steps_part.setFixedWidth(STEPS_PX)

    def _build_gates(self, icons: Icons) -> None:
        self._gates: RowsModel = RowsModel((
            Column("Gate", 116, lambda one: one.name, foreground=lambda one: self._faint(one.dry_run)),
            Column("Measures", 136, lambda one: one.measures,
                   foreground=lambda one: None if one.runnable else self._icons.theme.brush("firing")),
            Column("Test", 84, lambda one: one.test), Column("Tolerates", 68, lambda one: one.limit),
            Column("If bad", 76, lambda one: "dry run" if one.dry_run else one.purpose),
            Column("Runs", 120, lambda one: one.runs)))
        self._gates_table = table(self._gates, "plan_gates", "Gates of the plan")
        self._gate_key = Choice(icons, "plan_gate_key", "What of the chosen gate", GATE_KEYS)
        self._gate_text = QLineEdit(objectName="plan_gate_text")
        self._gate_text.setAccessibleName("Its value; empty for the usual one")
        self._gate_text.setPlaceholderText("empty: as usual")
        self._add_gate = self._menu(icons, "plan_gate_add", "Add a gate", [
            f"{gate.name}: {metric_said(gate.binding)}" if gate.binding is not None else f"{gate.name} of the users"
            for gate in NEW_GATES], self.gate_added.emit)
        self._gate_off = tool(icons, "trash-can-outline", "plan_gate_remove", "Take the gate out (Delete)")
        part = column(row(label("Gates"), None, self._add_gate, self._gate_off, gap=0), self._gates_table,
                      row(self._gate_key, self._gate_text), gap=4)
        part.setStretch(1, 1)
        self._gates_part = holding(part)

    def _build_lint(self, icons: Icons) -> None:
        self._verdict = label(name="plan_verdict", wrap=True)
        self._remarks = Lines(icons, "plan_remarks", "What is wrong with the plan")
        self._setting_key = Choice(icons, "plan_setting_key", "What of the plan", PLAN_SETTINGS)
        self._setting_key.setCurrentText("attribution")
        self._setting_text = QLineEdit(objectName="plan_setting_text")
        self._setting_text.setAccessibleName("Its value; empty for the usual one")
        self._setting_text.setPlaceholderText("as usual")
        part = column(self._verdict, self._remarks, row(self._setting_key, self._setting_text), gap=4)
        part.setStretch(1, 1)
        self._lint_part = holding(part)
        self._lint_part.setFixedWidth(LINT_PX)

    def _menu(self, icons: Icons, name: str, tip: str, words: list[str], chosen: object) -> QToolButton:
        made = tool(icons, "plus", name, tip)
        menu = QMenu(made)
        for number, text in enumerate(words):
            action = menu.addAction(text)
            action.setData(number)
        menu.triggered.connect(lambda action: chosen(action.data()))  # type: ignore[operator]
        made.setMenu(menu)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setProperty("indicator", "none")
        return made

    def _connect(self) -> None:
        self._plans.textActivated.connect(self.ready_asked)
        self._open.clicked.connect(self.open_asked)
        self._save.clicked.connect(self.save_asked)
        self._undo.clicked.connect(self.undo_asked)
        self._redo.clicked.connect(self.redo_asked)
        self._fit.clicked.connect(self.fit_asked)
        self._degree.textActivated.connect(self._on_degree)
        self._steps_table.selectionModel().currentChanged.connect(self._on_step)
        self._gates_table.selectionModel().currentChanged.connect(self._on_gate)
        self._gate_key.currentIndexChanged.connect(self._on_gate)
        self._step_text.returnPressed.connect(self._on_step_typed)
        self._gate_text.returnPressed.connect(self._on_gate_typed)
        self._setting_key.currentIndexChanged.connect(self._on_setting)
        self._setting_text.returnPressed.connect(self._on_setting_typed)
        self._step_up.clicked.connect(lambda: self._on_moved(-1))
        self._step_down.clicked.connect(lambda: self._on_moved(1))
        self._step_off.clicked.connect(self._on_step_off)
        self._gate_off.clicked.connect(self._on_gate_off)
        self._remarks.chosen.connect(self._on_remark)
        for view in (self._steps_table, self._gates_table):
            view.installEventFilter(self)

    # ---- gestures ------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Delete takes out what is chosen."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress \
                and event.key() == Qt.Key.Key_Delete:
            if watched is self._steps_table:
                self._on_step_off()
            else:
                self._on_gate_off()
            return True
        return super().eventFilter(watched, event)

    @property
    def step(self) -> StepRow | None:
        """The chosen one."""
        found = self._steps.row(self._steps_table.currentIndex())
        return found if isinstance(found, StepRow) else None

    @property
    def gate(self) -> GateRow | None:
        """The chosen one."""
        found = self._gates.row(self._gates_table.currentIndex())
        return found if isinstance(found, GateRow) else None

    def _faint(self, faint: bool) -> object:
        return self._icons.theme.brush("muted") if faint else None

    def _on_step(self, *_: QModelIndex) -> None:
        step = self.step
        self._step_text.setText(step.typed if step is not None else "")
        self._step_text.setEnabled(step is not None)
        for part in (self._step_up, self._step_down, self._step_off):
            part.setEnabled(step is not None)
        self.picture.choose(step.number - 1 if step is not None else -1)

    def _on_gate(self, *_: object) -> None:
        gate = self.gate
        self._gate_text.setText(gate.typed.get(self._gate_key.currentText(), "") if gate is not None else "")
        for part in (self._gate_text, self._gate_key, self._gate_off):
            part.setEnabled(gate is not None)

    def _on_setting(self, *_: object) -> None:
        settings = self._view.settings if self._view is not None else {}
        self._setting_text.setText(settings.get(self._setting_key.currentText(), ""))

    def _on_setting_typed(self) -> None:
        self.setting_typed.emit(self._setting_key.currentText(), self._setting_text.text())

    def _on_degree(self, text: str) -> None:
        self.degree_asked.emit(next(degree.value for degree, said in DEGREES.items() if said == text))

    def _on_step_typed(self) -> None:
        if self.step is not None:
            self.step_typed.emit(self.step.number - 1, self._step_text.text())

    def _on_step_added(self, which: int) -> None:
        self.step_added.emit(self.step.number if self.step is not None else self._steps.rowCount(), which)

    def _on_moved(self, by: int) -> None:
        step = self.step
        if step is not None and 0 <= step.number - 1 + by < self._steps.rowCount():
            index = step.number - 1
            self.step_moved.emit(index, index + by)
            choose(self._steps_table, index + by)

    def _on_step_off(self) -> None:
        if self.step is not None:
            self.step_removed.emit(self.step.number - 1)

    def _on_gate_typed(self) -> None:
        if self.gate is not None:
            self.gate_typed.emit(self.gate.number, self._gate_key.currentText(), self._gate_text.text())

    def _on_gate_off(self) -> None:
        if self.gate is not None:
            self.gate_removed.emit(self.gate.number)

    def _on_remark(self, where: str) -> None:
        """What it is about is chosen."""
        if where.startswith("step "):
            choose(self._steps_table, int(where.removeprefix("step ")) - 1)
        elif self._view is not None:
            found = next((gate.number for gate in self._view.gates if gate.name == where), None)
            if found is not None:
                choose(self._gates_table, found)


def choose(view: QTableView, index: int) -> None:
    """That row."""
    view.setCurrentIndex(view.model().index(index, 0))


def _where(remark: Remark) -> str:
    return f", {remark.where}" if remark.where else ""
