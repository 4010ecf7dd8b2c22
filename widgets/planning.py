"""The plan of a rollout: chosen, opened, changed and saved; judged on a worker after each change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from console.errors import ConsoleError
from widgets import layout_store
from widgets.bridge.conductor import Conductor
from widgets.dialogs.files import Questions
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.jobs import Job
    from console.rollout.plan import Plan
    from console.rollout.plan_view import PlanView
    from console.session import Session
    from console.session.plan_editor import PlanEditor

JOB, FIT = "judge plan", "fit plan"


class Planning(QObject):
    """Takes what the panel asks for to the session's editor of plans. The newest wish wins."""

    changed = Signal(str, str)      # what can be taken back, and made again, in words

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._questions = window, conductor, questions

    def connect_panel(self) -> None:
        """Once the panel is there."""
        panel = self._window.plan
        panel.shown.connect(self.refresh)
        panel.ready_asked.connect(self.choose)
        panel.open_asked.connect(self.open)
        panel.save_asked.connect(self.save)
        panel.undo_asked.connect(self.undo)
        panel.redo_asked.connect(self.redo)
        panel.fit_asked.connect(self.fit)
        panel.degree_asked.connect(self.set_degree)
        panel.step_typed.connect(self.type_step)
        panel.step_added.connect(self.add_step)
        panel.step_removed.connect(self.remove_step)
        panel.step_moved.connect(self.move_step)
        panel.gate_typed.connect(self.type_gate)
        panel.setting_typed.connect(self.type_setting)
        panel.gate_added.connect(self.add_gate)
        panel.gate_removed.connect(self.remove_gate)

    def forget(self) -> None:
        """Another folder."""
        if self._window.furnished:
            self._display(None)
            if self._window.plan.isVisible():
                self.refresh()

    # ---- another plan --------------------------------------------------------------------------------------

    @Slot(str)
    def choose(self, name: str) -> None:
        """A ready plan."""
        from console.rollout.ready import NAMES

        if name in NAMES:
            self._do(lambda editor: editor.choose(name))

    @Slot()
    def open(self) -> None:
        """A plan from a file."""
        self._window.go("rollout")
        path = self._questions.plan(self._window, Path(layout_store.last_folder()), save=False)
        if path is not None:
            self._do(lambda editor: editor.open(path))

    @Slot()
    def save(self) -> None:
        """To a file: TOML, or YAML for Argo."""
        editor = self._editor
        if editor is None:
            return
        name = editor.plan.name.replace("/", "-").replace(" ", "_") or "plan"
        path = self._questions.plan(self._window, Path(layout_store.last_folder()) / f"{name}.toml", save=True)
        if path is not None:
            self._do(lambda editor: editor.save(path))
            if not self._window.plan.error:
                self._window.message_bar.say(f"The plan is written to {path}", topic="plan")

    @Slot()
    def undo(self) -> None:
        """The plan before the last change."""
        self._do(lambda editor: editor.undo())

    @Slot()
    def redo(self) -> None:
        """The change again."""
        self._do(lambda editor: editor.redo())

    @Slot()
    def fit(self) -> None:
        """To what the log can show."""
        session = self._conductor.session
        if session is None:
            return
        self._window.go("rollout")

        def work(job: Job) -> tuple[Session, tuple[str, ...]]:
            return session, session.plan_editor.fit(job)

        job = self._conductor.start(FIT, work)
        job.succeeded.connect(self._on_fitted)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_fitted(self, found: tuple[Session, tuple[str, ...]]) -> None:
        if found[0] is self._conductor.session:
            self._window.message_bar.say(" ".join(found[1]) or "The plan suits this log as it is.", topic="plan")
            self.refresh()

    # ---- edits ---------------------------------------------------------------------------------------------

    @Slot(str)
    def set_degree(self, degree: str) -> None:
        """Who may do what."""
        from console.rollout.plan import Degree

        self._edit(lambda plan: replace(plan, degree=Degree(degree)))

    @Slot(int, str)
    def type_step(self, index: int, text: str) -> None:
        """A step as it is typed."""
        from console.rollout import edits

        self._edit(lambda plan: edits.changed_step(plan, index, text))

    @Slot(int, int)
    def add_step(self, index: int, which: int) -> None:
        """One more."""
        from console.rollout import edits

        self._edit(lambda plan: edits.with_step(plan, index, edits.NEW_STEPS[which][1]))

    @Slot(int)
    def remove_step(self, index: int) -> None:
        """One less."""
        from console.rollout import edits

        self._edit(lambda plan: edits.without_step(plan, index))

    @Slot(int, int)
    def move_step(self, index: int, to: int) -> None:
        """Elsewhere."""
        from console.rollout import edits

        self._edit(lambda plan: edits.moved_step(plan, index, to))

    @Slot(int, str, str)
    def type_gate(self, index: int, key: str, text: str) -> None:
        """One key of a gate."""
        from console.rollout import edits

        self._edit(lambda plan: edits.changed_gate(plan, index, key, text))

    @Slot(str, str)
    def type_setting(self, key: str, text: str) -> None:
        """What the plan says of itself."""
        from console.rollout import edits

        self._edit(lambda plan: edits.changed_setting(plan, key, text))

    @Slot(int)
    def add_gate(self, which: int) -> None:
        """One more."""
        from console.rollout import edits

        self._edit(lambda plan: edits.with_gate(plan, edits.NEW_GATES[which]))

    @Slot(int)
    def remove_gate(self, index: int) -> None:
        """One less."""
        from console.rollout import edits

        self._edit(lambda plan: edits.without_gate(plan, index))

    def _edit(self, edit: Callable[[Plan], Plan]) -> None:
        self._do(lambda editor: editor.change(edit))

    # ---- shown ---------------------------------------------------------------------------------------------

    @property
    def _editor(self) -> PlanEditor | None:
        session = self._conductor.session
        return session.plan_editor if session is not None else None

    def _do(self, wish: Callable[[PlanEditor], object]) -> None:
        editor = self._editor
        if editor is None:
            return
        try:
            wish(editor)
        except ConsoleError as error:
            self._window.plan.display_error(str(error))
            return
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """The plan at once, and what is wrong with it when that is known; if it is seen."""
        session = self._conductor.session
        if session is None or not self._window.furnished or not self._window.plan.isVisible():
            return
        self._display(session.plan_editor.view())
        job = self._conductor.start(JOB, lambda job: (session, session.plan_editor.judge(job)))
        job.succeeded.connect(self._on_judged)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    def _display(self, view: PlanView | None) -> None:
        self._window.plan.display(view)
        self.changed.emit(view.undo if view is not None else "", view.redo if view is not None else "")

    @Slot(object)
    def _on_judged(self, found: tuple[Session, PlanView]) -> None:
        session = self._conductor.session
        if session is found[0]:
            self._display(session.plan_editor.view())

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.plan.display_error(str(error))
